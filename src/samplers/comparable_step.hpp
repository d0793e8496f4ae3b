#pragma once

#include <cstddef>
#include <map>
#include <optional>

namespace wattune::samplers {

/// The largest step that `least` trials have reached, else the smallest that any has: where losses
/// of trainings of different lengths are compared.
///
/// Takes    num_reached  trials by the step of their last report
[[nodiscard]] std::optional<double> comparable_step(
    const std::map<double, std::size_t>& num_reached, std::size_t least);

}  // namespace wattune::samplers
