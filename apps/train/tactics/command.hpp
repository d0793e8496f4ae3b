#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/observer.hpp"

namespace wattune::train {

/// How a command has ended.
struct CommandEnd {
  int status = 0;
  bool is_asked = false;  ///< Somebody wanted it to end before it was done.
};

/// Exit status of a tactic that this machine or this model cannot have.
inline constexpr int kNotSupportedStatus = 3;

/// Opens the line to whoever listens; takes the unit of steps and the last of them, for people.
using OpenObserver = std::function<std::unique_ptr<Observer>(const char* unit, std::int64_t max)>;

/// `wattune-train infer`: see infer.hpp.
///
/// Takes    arguments  those after the command's name
/// Errors   UsageError
CommandEnd run_infer(const std::vector<std::string>& arguments, const OpenObserver& open);

}  // namespace wattune::train
