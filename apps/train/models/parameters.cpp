#include "models/parameters.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "errors.hpp"
#include "training/counter_random.hpp"

namespace wattune::train {
namespace {

constexpr std::int64_t kAlignment = 16;  // floats in 64 bytes

std::int64_t product(const std::vector<std::int64_t>& sizes) {
  std::int64_t result = 1;
  for (const std::int64_t size : sizes) result *= size;
  return result;
}

std::int64_t aligned(std::int64_t count) {
  return (count + kAlignment - 1) / kAlignment * kAlignment;
}

/// Shows a piece of the flat buffer as a parameter; convolution weights lie with channels last.
at::Tensor as_parameter(const at::Tensor& piece, const std::vector<std::int64_t>& sizes) {
  if (sizes.size() != 4) return piece.view(sizes);
  return piece.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

/// Parts of the flat buffer, in their order.
enum Group : std::size_t { kTrainedFloat, kTrainedLowered, kFrozenLowered, kFrozenFloat, kGroups };

/// "block" names every block, but "block1" does not name "block10".
bool is_part(const std::string& name, const std::string& prefix) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (prefix.empty() || !name.starts_with(prefix)) return false;
  return name.size() == prefix.size() || !is_digit(prefix.back()) || !is_digit(name[prefix.size()]);
}

bool is_frozen(const ParameterPlan& plan, const BuildOptions& options) {
  return std::ranges::any_of(options.frozen,
                             [&](const std::string& prefix) { return is_part(plan.name, prefix); });
}

Group group_of(const ParameterPlan& plan, const BuildOptions& options) {
  const bool is_float = options.precision == Precision::Float32 || plan.stays_float32;
  if (is_frozen(plan, options)) return is_float ? kFrozenFloat : kFrozenLowered;
  return is_float ? kTrainedFloat : kTrainedLowered;
}

void check_frozen(const std::vector<ParameterPlan>& plans, const BuildOptions& options) {
  std::set<std::string> parts;
  for (const ParameterPlan& plan : plans) parts.insert(plan.name.substr(0, plan.name.find('.')));
  for (const std::string& prefix : options.frozen) {
    if (std::ranges::none_of(plans, [&](const auto& plan) { return is_part(plan.name, prefix); })) {
      throw UsageError(fmt::format("--freeze: '{}' is not allowed; the model's parts are {}",
                                   prefix, fmt::join(parts, ", ")));
    }
  }
  if (std::ranges::all_of(plans, [&](const auto& plan) { return is_frozen(plan, options); })) {
    throw UsageError(fmt::format("--freeze: '{}' is not allowed; it leaves nothing to train",
                                 fmt::join(options.frozen, ",")));
  }
}

/// Uniform numbers in the order of the plans, wherever each of them lies.
at::Tensor initial_values(const std::vector<ParameterPlan>& plans,
                          const std::vector<std::int64_t>& offsets, std::int64_t total,
                          std::uint64_t seed) {
  at::Tensor initial = at::zeros({total}, at::kFloat);
  CounterRandom random(seed, Stream::Initial, 0);
  for (std::size_t p = 0; p < plans.size(); ++p) {
    float* numbers = initial.data_ptr<float>() + offsets[p];
    const std::int64_t count = product(plans[p].sizes);
    for (std::int64_t i = 0; i < count; ++i) {
      numbers[i] =
          static_cast<float>(plans[p].low + (plans[p].high - plans[p].low) * random.uniform());
    }
  }
  return initial;
}

}  // namespace

Parameters::Parameters(const std::vector<ParameterPlan>& plans, const BuildOptions& options) {
  check_frozen(plans, options);
  std::array<std::int64_t, kGroups + 1> begins{};
  for (const ParameterPlan& plan : plans) {
    begins[group_of(plan, options) + 1] += aligned(product(plan.sizes));
  }
  for (std::size_t group = 0; group < kGroups; ++group) begins[group + 1] += begins[group];

  std::vector<std::int64_t> offsets;
  std::array<std::int64_t, kGroups + 1> next = begins;
  for (const ParameterPlan& plan : plans) {
    std::int64_t& offset = next[group_of(plan, options)];
    offsets.push_back(offset);
    offset += aligned(product(plan.sizes));
  }
  values_ = initial_values(plans, offsets, begins[kGroups], options.seed).to(options.device);
  const std::int64_t num_trained = begins[kFrozenLowered];
  trained_ = {values_.narrow(0, 0, num_trained), at::zeros({num_trained}, values_.options())};
  const std::int64_t low = begins[kTrainedLowered];
  if (const std::int64_t num_lowered = begins[kFrozenFloat] - low; num_lowered > 0) {
    lowered_source_ = values_.narrow(0, low, num_lowered);
    lowered_values_ = at::empty({num_lowered}, values_.options().dtype(at::kBFloat16));
    lowered_gradients_ = at::zeros({num_trained - low}, lowered_values_.options());
    lowered_target_ = trained_.gradients.narrow(0, low, num_trained - low);
  }

  for (std::size_t p = 0; p < plans.size(); ++p) {
    const ParameterPlan& plan = plans[p];
    const Group group = group_of(plan, options);
    const bool is_lowered = group == kTrainedLowered || group == kFrozenLowered;
    const std::int64_t count = product(plan.sizes);
    const auto view = [&](const at::Tensor& buffer, std::int64_t begin) {
      return as_parameter(buffer.narrow(0, offsets[p] - begin, count), plan.sizes).detach();
    };
    *plan.target = is_lowered ? view(lowered_values_, low) : view(values_, 0);
    named_.push_back({plan.name, view(values_, 0)});
    in_use_.push_back({plan.name, *plan.target});
    count_ += count;
    if (group == kFrozenLowered || group == kFrozenFloat) continue;
    trained_count_ += count;
    plan.target->set_requires_grad(true);
    plan.target->mutable_grad() =
        is_lowered ? view(lowered_gradients_, low) : view(trained_.gradients, 0);
  }
  publish();
}

void Parameters::clear_gradients() {
  trained_.gradients.zero_();
  if (lowered_gradients_.defined()) lowered_gradients_.zero_();
}

void Parameters::collect_gradients() {
  if (lowered_gradients_.defined()) lowered_target_.copy_(lowered_gradients_);
}

void Parameters::publish() {
  if (!lowered_values_.defined()) return;
  const at::NoGradGuard no_grad;
  lowered_values_.copy_(lowered_source_);
}

}  // namespace wattune::train
