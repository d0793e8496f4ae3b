#include "wattune/energy/cpu_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "small_file.hpp"
#include "wattune/energy/machine_cpu.hpp"

namespace wattune::energy {
namespace {

constexpr double kKnownArchitecture = 0.35;
constexpr double kUnknownArchitecture = 0.60;
constexpr std::string_view kTableSource =
    "Cloud Carbon Footprint coefficients of April 2026, Apache-2.0, derived from SPECpower";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::uint64_t number(std::string_view text) {
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

void take_field(CpuIdentity& identity, std::string_view key, std::string_view value) {
  if (key == "vendor_id") identity.vendor = value;
  if (key == "CPU implementer") identity.vendor = value == "0x41" ? "ARM" : value;
  if (key == "cpu family" || key == "CPU architecture") identity.family = number(value);
  if (key == "model" || key == "CPU part") identity.model = number(value);
  if (key == "stepping" || key == "CPU revision") identity.stepping = number(value);
  if (key == "model name") identity.name = value;
  if (key == "flags") identity.is_virtual = value.find("hypervisor") != std::string_view::npos;
}

std::string describe(const CpuIdentity& identity) {
  if (identity.vendor.empty()) return "the processor could not be identified";
  return fmt::format("{} family {} model {} stepping {} is not in the table", identity.vendor,
                     identity.family, identity.model, identity.stepping);
}

Channel make_channel(const CpuIdentity& identity, std::optional<CpuCoefficients> known,
                     std::size_t num_threads) {
  const CpuCoefficients used = known.value_or(mean_cpu_coefficients());
  const std::string why =
      known ? std::string(known->architecture)
            : fmt::format("mean over a cloud's servers, because {}", describe(identity));
  Channel channel;
  channel.id = "cpu:model";
  channel.kind = ChannelKind::Node;
  channel.provenance = Provenance::Modelled;
  // A stand-in is as unsure as an unknown one: no ARM server is in the results behind the table.
  const bool is_measured_architecture = known && identity.vendor != "ARM";
  channel.gain_uncertainty = is_measured_architecture ? kKnownArchitecture : kUnknownArchitecture;
  channel.refresh = Seconds{0.01};
  channel.source = fmt::format(
      "modelled from CPU time: {} W idle and {} W busy per hardware thread, {} threads ({}); {}; "
      "whole-server power, time stolen by the host left out",
      used.idle.value(), used.busy.value(), num_threads, why, kTableSource);
  return channel;
}

class CpuModel final : public Meter {
 public:
  CpuModel(Channel channel, CpuCoefficients power, std::filesystem::path proc_root,
           const MachineCpuTime& start, MonotonicTime now)
      : channel_(std::move(channel)),
        power_(power),
        proc_root_(std::move(proc_root)),
        num_threads_(static_cast<double>(start.num_cpus)),
        busy_at_start_(start.busy),
        busy_(start.busy),
        started_(now) {}

  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return Seconds{3600.0}; }
  [[nodiscard]] std::optional<Watts> idle_power() const override {
    return power_.idle * num_threads_;
  }

  [[nodiscard]] Result<Reading> read(MonotonicTime now) override {
    const Result<MachineCpuTime> cpu = read_machine_cpu(proc_root_);
    if (!cpu) return tl::unexpected(cpu.error());
    // Some columns step back by a tick now and then.
    busy_ = std::max(busy_, cpu->busy);
    const Joules idle = power_.idle * num_threads_ * elapsed(started_, now);
    const Joules work = (power_.busy - power_.idle) * (busy_ - busy_at_start_);
    total_ = std::max(total_, to_microjoules(idle + work));
    return Reading{total_, now};
  }

 private:
  Channel channel_;
  CpuCoefficients power_;
  std::filesystem::path proc_root_;
  double num_threads_;
  Seconds busy_at_start_;
  Seconds busy_;
  MonotonicTime started_;
  Microjoules total_;
};

}  // namespace

CpuIdentity parse_cpu_identity(std::string_view cpuinfo) {
  CpuIdentity identity;
  while (!cpuinfo.empty()) {
    const auto end = std::min(cpuinfo.find('\n'), cpuinfo.size());
    const std::string_view line = cpuinfo.substr(0, end);
    cpuinfo.remove_prefix(std::min(end + 1, cpuinfo.size()));
    // A blank line ends the first processor; the others repeat it.
    if (trimmed(line).empty() && !identity.vendor.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    take_field(identity, trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return identity;
}

Result<std::unique_ptr<Meter>> open_cpu_model(MonotonicTime now,
                                              const std::filesystem::path& proc_root) {
  const Result<MachineCpuTime> start = read_machine_cpu(proc_root);
  if (!start) return tl::unexpected(start.error());
  if (start->num_cpus == 0) {
    return fail(ErrorKind::Invalid, (proc_root / "stat").string() + ": lists no processor");
  }
  const Result<std::string> cpuinfo = read_small_file(proc_root / "cpuinfo");
  const CpuIdentity identity = parse_cpu_identity(cpuinfo.value_or(""));
  const std::optional<CpuCoefficients> known = find_cpu_coefficients(identity);
  return std::make_unique<CpuModel>(make_channel(identity, known, start->num_cpus),
                                    known.value_or(mean_cpu_coefficients()), proc_root, *start,
                                    now);
}

}  // namespace wattune::energy
