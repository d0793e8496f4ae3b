#include "profile/profile_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace wattune::train {
namespace {

using nlohmann::ordered_json;

std::string mega(const std::optional<double>& flops) {
  return flops ? fmt::format("{:.3f}", *flops * 1e-6) : "-";
}

std::string milli(const std::optional<WindowEnergy>& energy) {
  if (!energy) return "-";
  return fmt::format("{:.3f} ±{:.3f}", energy->joules * 1e3, energy->uncertainty_j * 1e3);
}

std::string row(std::string_view name, std::string_view kind, const std::string& seconds,
                const std::optional<double>& flops, const std::optional<WindowEnergy>& energy) {
  return fmt::format("{:<24} {:<14} {:>12} {:>12} {:>18}\n", name, kind, seconds, mega(flops),
                     milli(energy));
}

std::string milliseconds(double seconds) {
  return fmt::format("{:.4f}", seconds * 1e3);
}

std::string difference(double sum, double whole) {
  return fmt::format("the layers add up to {:+.1f} % of the time of the whole beside it",
                     100 * (sum / whole - 1));
}

std::string energy_difference(const ProfileSum& sum, const RunCost& whole) {
  if (!sum.energy || !whole.energy || whole.energy->joules <= 0) return "";
  return fmt::format(", {:+.1f} % of its energy",
                     100 * (sum.energy->joules / whole.energy->joules - 1));
}

std::string closing(const ProfileSum& sum, const RunCost& whole) {
  return row("sum of the layers", "", milliseconds(sum.seconds), sum.flops, sum.energy) +
         row("the whole model", "", milliseconds(whole.seconds), std::nullopt, whole.energy) +
         difference(sum.seconds, whole.seconds) + energy_difference(sum, whole) + "\n";
}

std::string heading(std::string_view direction) {
  return fmt::format("\n{:<24} {:<14} {:>12} {:>12} {:>18}\n", direction, "operation", "ms",
                     "MFLOP", "mJ");
}

ordered_json or_null(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json energy_json(const std::optional<WindowEnergy>& energy) {
  if (!energy) return {{"value", nullptr}, {"uncertainty", nullptr}, {"provenance", "missing"}};
  return {{"value", energy->joules},
          {"uncertainty", energy->uncertainty_j},
          {"provenance", energy->provenance}};
}

ordered_json run_json(const RunCost& cost, const std::optional<double>& flops) {
  return {{"seconds", cost.seconds},       {"seconds_q1", cost.seconds_q1},
          {"seconds_q3", cost.seconds_q3}, {"runs", cost.num_runs},
          {"flops", or_null(flops)},       {"energy_j", energy_json(cost.energy)}};
}

ordered_json check_json(const ProfileSum& sum, const RunCost& whole) {
  ordered_json energy_ratio;
  if (sum.energy && whole.energy && whole.energy->joules > 0) {
    energy_ratio = sum.energy->joules / whole.energy->joules - 1;
  }
  return {{"sum_seconds", sum.seconds},
          {"sum_flops", or_null(sum.flops)},
          {"sum_energy_j", energy_json(sum.energy)},
          {"whole", run_json(whole, std::nullopt)},
          {"seconds_difference", sum.seconds / whole.seconds - 1},
          {"energy_difference", energy_ratio}};
}

}  // namespace

std::string to_text(const Profile& profile) {
  std::string text = fmt::format("one batch of {} samples, {} threads; energy: {}\n",
                                 profile.batch_size, profile.num_threads, profile.energy_source);
  text += heading("forward");
  for (const LayerCost& cost : profile.layers) {
    text += row(cost.layer.name, cost.layer.kind, milliseconds(cost.forward.seconds),
                cost.layer.forward_flops, cost.forward.energy);
  }
  text += closing(sum_of_forward(profile), profile.forward);
  if (!profile.backward) {
    return text + "\nbackward: the model has no parameters that could be trained\n";
  }
  text += heading("backward");
  for (const LayerCost& cost : profile.layers) {
    if (!cost.backward) {
      text += row(cost.layer.name, cost.layer.kind, "-", cost.layer.backward_flops, std::nullopt);
      continue;
    }
    text += row(cost.layer.name, cost.layer.kind, milliseconds(cost.backward->seconds),
                cost.layer.backward_flops, cost.backward->energy);
  }
  return text + closing(sum_of_backward(profile), *profile.backward);
}

std::string to_json_text(const Profile& profile) {
  ordered_json layers = ordered_json::array();
  for (const LayerCost& cost : profile.layers) {
    layers.push_back(
        {{"name", cost.layer.name},
         {"operation", cost.layer.kind},
         {"forward", run_json(cost.forward, cost.layer.forward_flops)},
         {"backward",
          cost.backward ? run_json(*cost.backward, cost.layer.backward_flops) : ordered_json()}});
  }
  const ordered_json root = {
      {"format", 1},
      {"batch_size", profile.batch_size},
      {"threads", profile.num_threads},
      {"energy_source", profile.energy_source},
      {"layers", layers},
      {"forward", check_json(sum_of_forward(profile), profile.forward)},
      {"backward", profile.backward ? check_json(sum_of_backward(profile), *profile.backward)
                                    : ordered_json()}};
  return root.dump(2) + "\n";
}

}  // namespace wattune::train
