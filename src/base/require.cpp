#include "wattune/base/require.hpp"

#include <cstdio>
#include <cstdlib>

namespace wattune {

void report_broken_requirement(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "wattune: broken requirement `%s` at %s:%d; this is a bug\n", condition,
               file, line);
  std::abort();
}

}  // namespace wattune
