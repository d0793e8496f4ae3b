#include "processor_model.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "failover_meter.hpp"
#include "forwarding_meter.hpp"
#include "perf_views.hpp"
#include "powercap.hpp"
#include "small_file.hpp"
#include "wattune/energy/cpu_model.hpp"
#include "wattune/energy/dram_model.hpp"
#include "wattune/energy/rapl.hpp"

namespace wattune::energy {
namespace {

/// An equal part of what a model says of all sockets.
class PartOfMeter final : public ForwardingMeter {
 public:
  PartOfMeter(std::unique_ptr<Meter> whole, std::int64_t num_parts)
      : ForwardingMeter(std::move(whole)), num_parts_(num_parts) {}

  [[nodiscard]] std::optional<Watts> idle_power() const override {
    const auto whole = ForwardingMeter::idle_power();
    return whole ? std::optional(*whole / static_cast<double>(num_parts_)) : std::nullopt;
  }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override {
    Result<Reading> reading = ForwardingMeter::read(now);
    if (reading) {
      reading->total = Microjoules{reading->total.count() / num_parts_};
      reading->uncertainty = reading->uncertainty / static_cast<double>(num_parts_);
    }
    return reading;
  }

 private:
  std::int64_t num_parts_;
};

/// The rated power of all packages, where the model may use it: a virtual machine has an unknown
/// share of them.
std::optional<Watts> rated_power(const CpuIdentity& cpu, const MeterOptions& options) {
  if (cpu.is_virtual) return std::nullopt;
  if (!options.cpu_tdp) return rated_package_power(options.powercap_root);
  const std::size_t num_sockets = online_sockets(options.sysfs_root).size();
  return *options.cpu_tdp * static_cast<double>(std::max<std::size_t>(1, num_sockets));
}

/// The counter of the same name, through powercap.
Result<std::unique_ptr<Meter>> open_through_powercap(const std::string& channel, const Clock& clock,
                                                     const MeterOptions& options) {
  PerfCalls no_perf = options.perf;
  no_perf.open = [](std::uint32_t, std::uint64_t, int) { return -ENOENT; };
  OpenedMeters opened = open_rapl(clock, {.powercap_root = options.powercap_root,
                                          .sysfs_root = options.sysfs_root,
                                          .proc_root = options.proc_root,
                                          .perf = std::move(no_perf),
                                          .wait = options.wait});
  for (std::unique_ptr<Meter>& meter : opened.meters) {
    if (meter->channel().id == channel) return std::move(meter);
  }
  return fail(ErrorKind::NotFound, channel + ": not shown by powercap");
}

/// A model of one kind for all sockets. The table's coefficients hold the memory too, so that they
/// are no stand-in for packages where memory is metered beside them.
Result<std::unique_ptr<Meter>> open_model_of_kind(ChannelKind kind, bool has_memory,
                                                  MonotonicTime now, const MeterOptions& options) {
  if (kind == ChannelKind::Dram) return open_dram_model(now, options.proc_root);
  const CpuIdentity cpu =
      parse_cpu_identity(read_small_file(options.proc_root / "cpuinfo").value_or(""));
  if (const auto tdp = rated_power(cpu, options)) {
    return open_tdp_model(now, *tdp, options.proc_root);
  }
  Result<std::unique_ptr<Meter>> model = open_processor_model(now, options);
  if (has_memory && model && (*model)->channel().kind == ChannelKind::Node) {
    return fail(ErrorKind::NotFound, "cpu:model: contains the memory, which is metered");
  }
  return model;
}

}  // namespace

Result<std::unique_ptr<Meter>> open_processor_model(MonotonicTime now,
                                                    const MeterOptions& options) {
  const CpuIdentity cpu =
      parse_cpu_identity(read_small_file(options.proc_root / "cpuinfo").value_or(""));
  const std::optional<Watts> tdp = rated_power(cpu, options);
  const bool is_stated = options.cpu_tdp.has_value();
  return tdp && (is_stated || !find_cpu_coefficients(cpu))
             ? open_tdp_model(now, *tdp, options.proc_root)
             : open_cpu_model(now, options.proc_root);
}

void add_fallbacks_to_rapl(MachineMeters& machine, const Clock& clock,
                           const MeterOptions& options) {
  const auto count = [&](ChannelKind kind) {
    return std::ranges::count_if(machine.meters,
                                 [&](const auto& meter) { return meter->channel().kind == kind; });
  };
  const bool has_memory = options.models_memory || count(ChannelKind::Dram) > 0;
  for (std::unique_ptr<Meter>& meter : machine.meters) {
    const Channel& channel = meter->channel();
    const ChannelKind kind = channel.kind;
    if (kind != ChannelKind::Package && kind != ChannelKind::Dram) continue;
    const OpenFallback powercap = [id = channel.id, &clock, options](MonotonicTime) {
      return open_through_powercap(id, clock, options);
    };
    const OpenFallback model = [kind, num_parts = count(kind), has_memory,
                                options](MonotonicTime now) {
      return open_model_of_kind(kind, has_memory, now, options)
          .map([&](std::unique_ptr<Meter> whole) {
            return std::unique_ptr<Meter>(
                std::make_unique<PartOfMeter>(std::move(whole), num_parts));
          });
    };
    meter = std::make_unique<FailoverMeter>(std::move(meter), std::vector{powercap, model});
  }
}

}  // namespace wattune::energy
