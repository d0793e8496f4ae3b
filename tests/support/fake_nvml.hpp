#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <string>

#include "support/fake_scenario.hpp"

namespace wattune::fake {

/// What the fake library of the NVIDIA driver answers; see fake_nvml/fake_nvml.c for the keys.
class NvmlScenario final : public Scenario {
 public:
  NvmlScenario() : Scenario("FAKE_NVML") { set("count", "0"); }

  /// A GPU with a counter at `energy_mj`, a limit of 700 W and 80 GB.
  void add_gpu(const std::string& uuid, std::uint64_t energy_mj = 1'000'000) {
    const std::string index = std::to_string(num_gpus_++);
    set("uuid" + index, uuid);
    set("name" + index, "NVIDIA Fake H100");
    set("architecture" + index, "9");
    set("energy" + index, std::to_string(energy_mj));
    set("limit" + index, "700000");
    set("memory" + index, "80000000000");
    set("count", std::to_string(num_gpus_));
  }

  /// What the library does before each answer that takes a driver its time.
  static void set_hook(void (*called)()) {
    using SetHook = void (*)(void (*)());
    reinterpret_cast<SetHook>(::dlsym(handle(), "fake_nvml_set_hook"))(called);
  }
  /// How often the library was started since the program began.
  [[nodiscard]] static int starts() {
    return reinterpret_cast<int (*)()>(::dlsym(handle(), "fake_nvml_starts"))();
  }

  /// From now on the library answers from these "key value" lines and not from the file. They must
  /// stay in memory; null goes back to the file.
  static void answer_from(const char* lines) {
    using AnswerFrom = void (*)(const char*);
    reinterpret_cast<AnswerFrom>(::dlsym(handle(), "fake_nvml_answer_from"))(lines);
  }

  [[nodiscard]] static std::string library() { return WATTUNE_FAKE_NVML; }
  [[nodiscard]] static std::string old_library() { return WATTUNE_FAKE_NVML_OLD; }
  [[nodiscard]] static std::string library_without_fields() { return WATTUNE_FAKE_NVML_NO_FIELDS; }

 private:
  /// Stays open to the end of the program, so that the library keeps its memory.
  static void* handle() {
    static void* const kept = ::dlopen(WATTUNE_FAKE_NVML, RTLD_LAZY | RTLD_LOCAL);
    return kept;
  }

  int num_gpus_ = 0;
};

}  // namespace wattune::fake
