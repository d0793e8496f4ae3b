#include "wattune/base/version.hpp"

namespace wattune {

const char* version() {
  return WATTUNE_VERSION;
}

}  // namespace wattune
