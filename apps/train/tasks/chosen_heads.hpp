#pragma once

#include <string>
#include <vector>

#include "models/model.hpp"

namespace wattune::train {

/// The heads of those names, in that order.
///
/// Errors   UsageError  a name that is not known or that comes twice
std::vector<Head> chosen_heads(const std::vector<std::string>& names,
                               const std::vector<Head>& known);

}  // namespace wattune::train
