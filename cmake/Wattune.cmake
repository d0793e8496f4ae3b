# The few functions every CMakeLists.txt of the project uses.

add_library(wattune_flags INTERFACE)
target_compile_options(wattune_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  # g++ 12 sees overlapping copies in plain string concatenation when it optimises (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(CMAKE_UNITY_BUILD)
  # Sources are included then: g++ takes what only one of them sees for a header's, and a local name for one that hides
  # another source's. Builds without it, such as dev, look for both.
  target_compile_options(wattune_flags INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(WATTUNE_SANITIZE)
  # With sanitizers g++ 12 takes std::regex and std::optional for uninitialised (GCC bug 105562).
  target_compile_options(wattune_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_compile_options(-fsanitize=${WATTUNE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WATTUNE_SANITIZE})
endif()

# wattune_module(<name> SOURCES a.cpp ... HEADERS a.hpp ... [DEPENDS <modules or libraries>])
# One static library per module. Headers live in include/wattune/<name>/ and are each compiled alone by the target
# all_verify_interface_header_sets.
function(wattune_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;DEPENDS;PRIVATE_DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "wattune_module(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  list(TRANSFORM arg_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/include/wattune/${name}/)
  if(arg_SOURCES)
    add_library(wattune_${name} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(wattune_${name} PRIVATE $<BUILD_INTERFACE:wattune_flags> ${arg_PRIVATE_DEPENDS})
  else()
    add_library(wattune_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_sources(wattune_${name} ${scope} FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${arg_HEADERS})
  target_link_libraries(wattune_${name} ${scope} ${arg_DEPENDS})
  set_target_properties(wattune_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# wattune_test(<file_test.cpp> [DEPENDS ...] [LABELS ...] [ARGUMENTS ...])
# One program per test file; every TEST in it becomes a CTest test named after the file.
function(wattune_test source)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "DEPENDS;LABELS;SOURCES")
  get_filename_component(name ${source} NAME_WE)
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${source} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE wattune_flags ${arg_DEPENDS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/bin)
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
