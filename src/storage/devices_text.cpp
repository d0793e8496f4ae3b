#include "devices_text.hpp"

#include <nlohmann/json.hpp>

namespace wattune::storage {
namespace {

using nlohmann::json;

template <typename Unit>
void put(json& out, const char* key, const std::optional<Unit>& value) {
  if (value) out[key] = value->value();
}

template <typename Unit>
std::optional<Unit> get(const json& in, const char* key) {
  const auto found = in.find(key);
  if (found == in.end()) return std::nullopt;
  return Unit{found->get<double>()};
}

json to_json(const trial::CoolDown& cooldown) {
  json reference = json::array();
  for (const DeviceTemperature& each : cooldown.reference) {
    reference.push_back({each.device, each.temperature.value()});
  }
  return {{"waited", cooldown.waited.value()},
          {"reached", cooldown.is_reached},
          {"reference", reference}};
}

trial::CoolDown cooldown_from(const json& in) {
  trial::CoolDown cooldown{Seconds{in.at("waited").get<double>()}, in.at("reached").get<bool>()};
  for (const json& each : in.at("reference")) {
    cooldown.reference.push_back(
        {each.at(0).get<std::string>(), Celsius{each.at(1).get<double>()}});
  }
  return cooldown;
}

trial::DevicesSeen devices_from(const json& in) {
  trial::DevicesSeen seen;
  const json& cpu = in.at("cpu");
  seen.state.cpu.temperature = get<Celsius>(cpu, "temperature");
  seen.state.cpu.clock = get<Hertz>(cpu, "clock");
  if (cpu.contains("governor")) seen.state.cpu.governor = cpu.at("governor").get<std::string>();
  for (const json& each : in.at("gpus")) {
    seen.state.gpus.push_back({each.at("uuid").get<std::string>(),
                               get<Celsius>(each, "temperature"), get<Hertz>(each, "clock"),
                               get<Watts>(each, "power_limit")});
  }
  if (in.contains("cooldown")) seen.cooldown = cooldown_from(in.at("cooldown"));
  return seen;
}

}  // namespace

std::string devices_text(const trial::DevicesSeen& seen) {
  json cpu = json::object();
  put(cpu, "temperature", seen.state.cpu.temperature);
  put(cpu, "clock", seen.state.cpu.clock);
  if (seen.state.cpu.governor) cpu["governor"] = *seen.state.cpu.governor;
  json gpus = json::array();
  for (const DeviceState::Gpu& gpu : seen.state.gpus) {
    json entry{{"uuid", gpu.uuid}};
    put(entry, "temperature", gpu.temperature);
    put(entry, "clock", gpu.clock);
    put(entry, "power_limit", gpu.power_limit);
    gpus.push_back(std::move(entry));
  }
  json out{{"cpu", std::move(cpu)}, {"gpus", std::move(gpus)}};
  if (seen.cooldown) out["cooldown"] = to_json(*seen.cooldown);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string metering_text(const trial::AssignmentMetered& metered) {
  json out = json::array();
  const auto& share = metered.foreign_cpu_share;
  out.push_back(share ? json(*share) : json(nullptr));
  for (const std::string& note : metered.notes) out.push_back(note);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<trial::AssignmentMetered> metering_from_text(std::string_view text) try {
  const json in = json::parse(text);
  trial::AssignmentMetered metered;
  if (!in.at(0).is_null()) metered.foreign_cpu_share = in.at(0).get<double>();
  for (std::size_t i = 1; i < in.size(); ++i) metered.notes.push_back(in[i].get<std::string>());
  return metered;
} catch (const json::exception&) {
  return std::nullopt;
}

std::optional<trial::DevicesSeen> devices_from_text(std::string_view text) try {
  return devices_from(json::parse(text));
} catch (const json::exception&) {
  return std::nullopt;
}

}  // namespace wattune::storage
