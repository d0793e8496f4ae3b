#include "parse_duration.hpp"

#include <fmt/format.h>

#include "wattune/config/quantity.hpp"

namespace wattune::cli {

Seconds parse_duration(const std::string& text, const char* option, ExitStatus status) {
  const bool is_bare = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  const auto reading =
      config::quantity_from_text(is_bare ? text + " s" : text, config::Dimension::Duration);
  if (!reading.amount || !(*reading.amount >= 0.0)) {
    throw CommandError(status, fmt::format("{} {}: {}", option, text,
                                           reading.amount ? "is below 0" : reading.problem));
  }
  return Seconds{*reading.amount};
}

}  // namespace wattune::cli
