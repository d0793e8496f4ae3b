#include "machine.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "wattune/energy/device_state.hpp"

namespace wattune::cli {
namespace {

using nlohmann::json;

std::string cpu_name() {
  std::ifstream info{"/proc/cpuinfo"};
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace

json host_json(const std::vector<energy::GpuInfo>& gpus) {
  json names = json::array();
  for (const energy::GpuInfo& gpu : gpus) names.push_back(gpu.name);
  return {{"name", host_name()},
          {"cpu", cpu_name()},
          {"num_cores", static_cast<int>(num_cores())},
          {"gpus", names}};
}

energy::MeterOptions meter_options() {
  energy::MeterOptions options;
  const char* root = std::getenv("WATTUNE_POWERCAP_ROOT");
  if (root != nullptr && *root != '\0') options.shared_powercap_root = root;
  return options;
}

json channels_json(const energy::EnergyAccountant& accountant) {
  json list = json::array();
  for (const energy::Channel& channel : accountant.channels()) {
    list.push_back({{"id", channel.id},
                    {"kind", to_text(channel.kind)},
                    {"provenance", to_text(channel.provenance)},
                    {"gain_uncertainty", channel.gain_uncertainty},
                    {"refresh_s", channel.refresh.value()},
                    {"source", channel.source}});
  }
  return list;
}

std::function<DeviceState()> device_reader() {
  energy::DeviceStateOptions options;
  if (const char* root = std::getenv("WATTUNE_SYSFS"); root != nullptr && *root != '\0') {
    options.sys_root = root;
  }
  if (auto nvml = energy::Nvml::open()) options.gpus = energy::gpu_state_reader(std::move(*nvml));
  return [options] { return energy::read_device_state(options); };
}

std::map<std::string, std::string> trial_environment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  std::error_code ignored;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  std::string& path = environment["PATH"];
  if (!own.empty()) path += (path.empty() ? "" : ":") + own.string();
  return environment;
}

double num_cores() {
  return static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
}

}  // namespace wattune::cli
