#pragma once

#include <stdexcept>

namespace wattune::train {

/// A mistake in the command line, the configuration file or the data files: exit status 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The other end of the channel has closed: there is nobody left to train for.
struct EngineGone : std::runtime_error {
  EngineGone() : std::runtime_error("the engine has closed the channel") {}
};

}  // namespace wattune::train
