#include "wattune/energy/probe.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "wattune/energy/amd_smi.hpp"
#include "wattune/energy/cpu_model.hpp"
#include "wattune/energy/rapl.hpp"

namespace wattune::energy {
namespace {

void append(MachineMeters& machine, OpenedMeters opened) {
  std::ranges::move(opened.meters, std::back_inserter(machine.meters));
  std::ranges::move(opened.observed, std::back_inserter(machine.observed));
  std::ranges::move(opened.notes, std::back_inserter(machine.notes));
}

OpenedMeters open_model(MonotonicTime now, const MeterOptions& options) {
  OpenedMeters opened;
  Result<std::unique_ptr<Meter>> model = open_cpu_model(now, options.proc_root);
  if (!model) {
    opened.notes.push_back({"cpu:model", BackendState::Absent, model.error().message});
    return opened;
  }
  opened.notes.push_back({"cpu:model", BackendState::Used, (*model)->channel().source});
  opened.meters.push_back(std::move(*model));
  return opened;
}

void open_nvidia(MachineMeters& machine, const Clock& clock, const MeterOptions& options) {
  const Result<Nvml> nvml = Nvml::open({.library = options.nvml_library, .wait = options.wait});
  if (!nvml) {
    machine.notes.push_back({"nvml", BackendState::Absent, nvml.error().message});
    return;
  }
  machine.gpus = nvml->list_gpus();
  append(machine, nvml->open_meters(clock));
}

void open_amd(MachineMeters& machine, const Clock& clock, const MeterOptions& options) {
  const Result<AmdSmi> library =
      AmdSmi::open({.library = options.amd_smi_library, .wait = options.wait});
  if (library) return append(machine, library->open_meters(clock));
  const bool is_absent = library.error().kind == ErrorKind::NotFound;
  machine.notes.push_back({"amdsmi", is_absent ? BackendState::Absent : BackendState::Refused,
                           library.error().message});
}

}  // namespace

MachineMeters open_meters(const Clock& clock, const MeterOptions& options) {
  MachineMeters machine;
  append(machine, open_rapl(clock, {options.powercap_root, options.proc_root, options.wait}));
  if (machine.meters.empty()) {
    append(machine, open_model(clock.now(), options));
  } else {
    machine.notes.push_back(
        {"cpu:model", BackendState::Refused, "not needed: the packages are measured"});
  }
  open_nvidia(machine, clock, options);
  open_amd(machine, clock, options);
  return machine;
}

}  // namespace wattune::energy
