#include "trial_power_limit.hpp"

#include <fmt/format.h>

namespace wattune::runners {
namespace {

std::optional<double> number_of(const space::Domain& domain, const space::Value& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  const auto* choices = std::get_if<space::ChoiceDomain>(&domain);
  const auto* choice = std::get_if<space::ChoiceIndex>(&value);
  if (choices == nullptr || choice == nullptr) return std::nullopt;
  const auto range = space::number_range(space::ConstantDomain{choices->choices.at(choice->index)});
  return range ? std::optional(range->low) : std::nullopt;
}

}  // namespace

std::optional<Watts> power_limit_in(const space::Space& space,
                                    const space::Configuration& configuration) {
  const auto index = space.index_of(space::Role::GpuPowerLimit);
  if (!index) return std::nullopt;
  const auto watts = number_of(space.parameters()[*index].domain, configuration[*index]);
  return watts ? std::optional(Watts{*watts}) : std::nullopt;
}

Result<void> limit_power(energy::PowerLimitControl* control, const space::Space& space,
                         const space::Configuration& configuration,
                         const std::vector<std::string>& gpus) {
  if (control == nullptr) return {};
  const std::optional<Watts> limit = power_limit_in(space, configuration);
  if (!limit) return {};
  for (const std::string& gpu : gpus) {
    try {
      if (auto done = control->set(gpu, *limit); !done) return done;
    } catch (const ConfigError& error) {  // the GPU's limits have changed since the study began
      return fail(ErrorKind::Invalid, error.what());
    }
  }
  return {};
}

std::string unlimit_power(energy::PowerLimitControl* control,
                          const std::vector<std::string>& gpus) {
  std::string lines;
  if (control == nullptr) return lines;
  for (const std::string& gpu : gpus) {
    const std::string problem = control->restore(gpu);
    if (!problem.empty()) lines += fmt::format("\npower limit not put back: {}", problem);
  }
  return lines;
}

}  // namespace wattune::runners
