#include "search/quality.hpp"

namespace wattune::bench {

nlohmann::ordered_json measure_speed(const SearchBenchOptions&) {
  return {};
}

}  // namespace wattune::bench
