#include "profile/profile.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "errors.hpp"
#include "tactics/repetitions.hpp"
#include "tactics/scripted_model.hpp"

namespace wattune::train {
namespace {

using Values = std::vector<c10::IValue>;

constexpr int kParts = 5;
constexpr double kShortestWindow = 0.05;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <typename Run>
double time_of(std::int64_t count, Run& run) {
  const double began = now_s();
  for (std::int64_t i = 0; i < count; ++i) run();
  return (now_s() - began) / static_cast<double>(count);
}

template <typename Run>
RunCost measure(Run run, double seconds, EnergyWindow& window) {
  time_of(3, run);
  const double about = std::max(1e-7, time_of(2, run));
  const auto count =
      std::max<std::int64_t>(1, std::llround(std::max(seconds, kShortestWindow) / kParts / about));
  std::vector<double> times;
  window.begin();
  for (int part = 0; part < kParts; ++part) times.push_back(time_of(count, run));
  RunCost cost;
  cost.energy = window.end();
  cost.num_runs = count * kParts;
  if (cost.energy) {
    cost.energy->joules /= static_cast<double>(cost.num_runs);
    cost.energy->uncertainty_j /= static_cast<double>(cost.num_runs);
  }
  const Spread spread = spread_of(times);
  cost.seconds = spread.median;
  cost.seconds_q1 = spread.lower_quartile;
  cost.seconds_q3 = spread.upper_quartile;
  return cost;
}

bool follows_gradient(const c10::IValue& value) {
  return value.isTensor() && value.toTensor().defined() && value.toTensor().requires_grad();
}

/// The values of a tape without the history of how they came about.
Values detached(const Tape& tape) {
  Values values = tape.values;
  for (std::size_t slot = 0; slot < values.size(); ++slot) {
    if (tape.attributes[slot].empty() && follows_gradient(values[slot])) {
      values[slot] = values[slot].toTensor().detach();
    }
  }
  return values;
}

/// A part of a tape as a function whose gradient can be asked for.
struct Backward {
  std::vector<at::Tensor> outputs;
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> gradients;  ///< Of the outputs.

  [[nodiscard]] bool is_possible() const { return !outputs.empty() && !inputs.empty(); }
  void operator()() const { torch::autograd::grad(outputs, inputs, gradients, true, false, true); }
};

struct Part {
  std::size_t first;
  std::size_t count;
};

std::set<std::size_t> made_in(const Tape& tape, Part part) {
  std::set<std::size_t> slots;
  for (std::size_t i = part.first; i < part.first + part.count; ++i) {
    slots.insert(tape.instructions[i].outputs.begin(), tape.instructions[i].outputs.end());
  }
  return slots;
}

/// What is made in a part and used behind it.
std::set<std::size_t> used_behind(const Tape& tape, Part part) {
  const std::set<std::size_t> made = made_in(tape, part);
  std::set<std::size_t> used;
  if (made.contains(tape.output)) used.insert(tape.output);
  for (std::size_t i = part.first + part.count; i < tape.instructions.size(); ++i) {
    for (const std::size_t slot : tape.instructions[i].inputs) {
      if (made.contains(slot)) used.insert(slot);
    }
  }
  return used;
}

Backward prepare_backward(const Tape& tape, Part part) {
  const at::AutoGradMode follow(true);
  Values values = detached(tape);
  Backward backward;
  const std::set<std::size_t> made = made_in(tape, part);
  std::set<std::size_t> seen;
  for (std::size_t i = part.first; i < part.first + part.count; ++i) {
    for (const std::size_t slot : tape.instructions[i].inputs) {
      if (made.contains(slot) || !seen.insert(slot).second) continue;
      if (!follows_gradient(tape.values[slot])) continue;
      if (tape.attributes[slot].empty()) {
        values[slot] = values[slot].toTensor().detach().requires_grad_(true);
      }
      backward.inputs.push_back(values[slot].toTensor());
    }
  }
  replay(tape, part.first, part.count, values);
  for (const std::size_t slot : used_behind(tape, part)) {
    if (!follows_gradient(values[slot])) continue;
    backward.outputs.push_back(values[slot].toTensor());
    backward.gradients.push_back(at::ones_like(backward.outputs.back()));
  }
  return backward;
}

LayerCost measure_layer(const Tape& tape, const Layer& layer, double seconds,
                        EnergyWindow& window) {
  LayerCost cost{.layer = layer, .forward = {}, .backward = {}};
  {
    const at::NoGradGuard no_grad;
    Values values = detached(tape);
    cost.forward =
        measure([&] { replay(tape, layer.first, layer.count, values); }, seconds, window);
  }
  const Backward backward = prepare_backward(tape, {layer.first, layer.count});
  if (backward.is_possible()) cost.backward = measure(backward, seconds, window);
  return cost;
}

/// All parameters are trained, whatever the file says.
void follow_parameters(torch::jit::Module& module) {
  for (at::Tensor parameter : module.parameters()) {
    if (parameter.is_floating_point()) parameter.set_requires_grad(true);
  }
}

ProfileSum add_up(const Profile& profile, bool is_forward) {
  ProfileSum sum{.seconds = 0, .energy = WindowEnergy{}, .flops = 0};
  for (const LayerCost& cost : profile.layers) {
    const auto& flops = is_forward ? cost.layer.forward_flops : cost.layer.backward_flops;
    if (!flops) sum.flops = std::nullopt;
    if (flops && sum.flops) *sum.flops += *flops;
    if (!is_forward && !cost.backward) continue;
    const RunCost& run = is_forward ? cost.forward : *cost.backward;
    sum.seconds += run.seconds;
    if (!run.energy) sum.energy = std::nullopt;
    if (!run.energy || !sum.energy) continue;
    sum.energy->joules += run.energy->joules;
    sum.energy->uncertainty_j += run.energy->uncertainty_j;
    sum.energy->provenance = run.energy->provenance;
  }
  return sum;
}

}  // namespace

ProfileSum sum_of_forward(const Profile& profile) {
  return add_up(profile, true);
}

ProfileSum sum_of_backward(const Profile& profile) {
  return add_up(profile, false);
}

Profile profile_model(const torch::jit::Module& module, const at::Tensor& input, double seconds,
                      EnergyWindow& window) {
  torch::jit::Module model = module.clone();
  model.eval();
  follow_parameters(model);
  Tape tape;
  try {
    const at::AutoGradMode follow(true);
    tape = record_tape(model, {input});
  } catch (const c10::Error& error) {
    throw UsageError(fmt::format("the model does not take the input: {}", first_line(error)));
  }
  Profile profile;
  profile.batch_size = input.size(0);
  profile.num_threads = at::get_num_threads();
  profile.energy_source = window.source();
  const std::vector<Layer> layers = find_layers(tape);
  const double share = seconds / static_cast<double>(2 * layers.size() + 2);
  for (const Layer& layer : layers) {
    profile.layers.push_back(measure_layer(tape, layer, share, window));
  }
  {
    const at::NoGradGuard no_grad;
    profile.forward = measure([&] { model.forward({input}); }, share, window);
  }
  const Backward backward = prepare_backward(tape, {0, tape.instructions.size()});
  if (backward.is_possible()) profile.backward = measure(backward, share, window);
  return profile;
}

}  // namespace wattune::train
