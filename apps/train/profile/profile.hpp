#pragma once

#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profile/energy_window.hpp"
#include "profile/layers.hpp"

namespace wattune::train {

/// What one run of something took, from many of them.
struct RunCost {
  double seconds = 0;  ///< Median over parts of the window.
  double seconds_q1 = 0;
  double seconds_q3 = 0;
  std::int64_t num_runs = 0;
  std::optional<WindowEnergy> energy;  ///< Of one run.
};

struct LayerCost {
  Layer layer;
  RunCost forward;
  std::optional<RunCost> backward;  ///< Nothing where no gradient passes through it.
};

struct Profile {
  std::vector<LayerCost> layers;
  RunCost forward;                  ///< Of the whole model, as it is used.
  std::optional<RunCost> backward;  ///< Of the whole model.
  std::int64_t batch_size = 0;
  int num_threads = 0;
  std::string energy_source;
};

/// Adds up the layers; energy and operations are missing where one layer's is.
struct ProfileSum {
  double seconds = 0;
  std::optional<WindowEnergy> energy;
  std::optional<double> flops;
};
[[nodiscard]] ProfileSum sum_of_forward(const Profile& profile);
[[nodiscard]] ProfileSum sum_of_backward(const Profile& profile);

/// Runs every layer of a model by itself, forward and backward, again and again, and the whole
/// model as well.
///
/// Layers get the values that they had in the whole model. The gradient that comes from behind is 1
/// everywhere; which gradients are computed is as in a training of all parameters.
///
/// Takes    input    a batch; its first size is the number of samples
///          seconds  for all measurements together, about
/// Errors   NotSupported  the model's code cannot be looked into
///          UsageError    the model does not take the input
[[nodiscard]] Profile profile_model(const torch::jit::Module& module, const at::Tensor& input,
                                    double seconds, EnergyWindow& window);

}  // namespace wattune::train
