#pragma once

#include <string>

#include "profile/profile.hpp"

namespace wattune::train {

/// A table for people; "-" is what is not known.
[[nodiscard]] std::string to_text(const Profile& profile);

/// The same as JSON; null is what is not known.
[[nodiscard]] std::string to_json_text(const Profile& profile);

}  // namespace wattune::train
