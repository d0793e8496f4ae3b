#include "devices_json.hpp"

#include <nlohmann/json.hpp>
#include <optional>

namespace wattune::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMegahertz = 1e6;

void put_common(Json& out, const std::optional<Celsius>& temperature,
                const std::optional<Hertz>& clock) {
  if (temperature) out["temperature_c"] = temperature->value();
  if (clock) out["clock_mhz"] = clock->value() / kMegahertz;
}

Json cpu_json(const DeviceState::Cpu& cpu) {
  Json out = Json::object();
  put_common(out, cpu.temperature, cpu.clock);
  if (cpu.governor) out["governor"] = *cpu.governor;
  return out;
}

Json gpu_json(const DeviceState::Gpu& gpu) {
  Json out{{"uuid", gpu.uuid}};
  put_common(out, gpu.temperature, gpu.clock);
  if (gpu.power_limit) out["power_limit_w"] = gpu.power_limit->value();
  return out;
}

Json cooldown_json(const trial::CoolDown& cooldown) {
  Json reference = Json::object();
  for (const DeviceTemperature& each : cooldown.reference) {
    reference[each.device] = each.temperature.value();
  }
  return {{"waited_s", cooldown.waited.value()},
          {"reached", cooldown.is_reached},
          {"reference_c", reference}};
}

}  // namespace

Json devices_json(const trial::DevicesSeen& seen) {
  Json out{{"cpu", cpu_json(seen.state.cpu)}, {"gpus", Json::array()}};
  for (const DeviceState::Gpu& gpu : seen.state.gpus) out["gpus"].push_back(gpu_json(gpu));
  if (seen.cooldown) out["cooldown"] = cooldown_json(*seen.cooldown);
  return out;
}

}  // namespace wattune::report
