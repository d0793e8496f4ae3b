#include "wattune/energy/probe.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "cray.hpp"
#include "forwarding_meter.hpp"
#include "hwmon.hpp"
#include "perf_views.hpp"
#include "powercap.hpp"
#include "processor_model.hpp"
#include "rocm_ids.hpp"
#include "small_file.hpp"
#include "wattune/energy/amd_smi.hpp"
#include "wattune/energy/dram_model.hpp"
#include "wattune/energy/rapl.hpp"

namespace wattune::energy {
namespace {

void append(MachineMeters& machine, OpenedMeters opened) {
  std::ranges::move(opened.meters, std::back_inserter(machine.meters));
  std::ranges::move(opened.observed, std::back_inserter(machine.observed));
  std::ranges::move(opened.notes, std::back_inserter(machine.notes));
}

/// A meter whose energy turned out to be part of another channel's.
class ContainedMeter final : public ForwardingMeter {
 public:
  ContainedMeter(std::unique_ptr<Meter> inner, std::string outer)
      : ForwardingMeter(std::move(inner)), channel_(ForwardingMeter::channel()) {
    channel_.contained_in = std::move(outer);
  }
  [[nodiscard]] const Channel& channel() const override { return channel_; }

 private:
  Channel channel_;
};

/// Puts a meter inside another channel, unless it is already inside one.
void put_inside(std::unique_ptr<Meter>& meter, const std::optional<std::string>& outer) {
  if (!outer || meter->channel().contained_in || meter->channel().id == *outer) return;
  meter = std::make_unique<ContainedMeter>(std::move(meter), *outer);
}

/// A folder of the kernel itself, wherever it is mounted.
bool is_kernels_own(const std::filesystem::path& root) {
  struct statfs status {};
  return ::statfs(root.c_str(), &status) == 0 && status.f_type == SYSFS_MAGIC;
}

void open_nvidia(MachineMeters& machine, const Clock& clock, const MeterOptions& options) {
  const Result<Nvml> nvml = Nvml::open(
      {.library = options.nvml_library, .sysfs_root = options.sysfs_root, .wait = options.wait});
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

/// Where the compute driver tells nothing: the number that is burnt into the GPU, or its place in
/// the order of addresses.
std::string guessed_rocm_id(const std::string& address, std::size_t place,
                            const std::filesystem::path& sysfs_root) {
  const auto id = read_word(sysfs_root / "bus/pci/devices" / address / "unique_id");
  return id && !id->empty() ? "GPU-" + *id : std::to_string(place);
}

/// AMD's GPUs that have a meter, so that trials can reserve them.
void list_amd_gpus(MachineMeters& machine, const std::filesystem::path& sysfs_root) {
  std::map<std::string, const Channel*> by_address;
  for (const auto& meter : machine.meters) {
    const Channel& channel = meter->channel();
    const std::size_t at = channel.id.find("pci:");
    if (!is_gpu(channel.kind) || !channel.device_uuid || at == std::string::npos) continue;
    const std::string address = channel.id.substr(at + 4);
    const auto vendor = read_small_file(sysfs_root / "bus/pci/devices" / address / "vendor");
    const bool is_amd =
        channel.id.starts_with("amdsmi:") || vendor.value_or("").starts_with("0x1002");
    if (is_amd) by_address.emplace(address, &channel);
  }
  const std::map<std::string, std::string> rocm_ids = read_rocm_ids(sysfs_root);
  std::size_t place = 0;
  for (const auto& [address, channel] : by_address) {
    GpuInfo gpu;
    gpu.index = static_cast<unsigned>(place);
    gpu.uuid = *channel->device_uuid;
    gpu.name = "AMD GPU at " + address;
    gpu.pci_address = address;
    const auto known = rocm_ids.find(address);
    gpu.rocm_id =
        known != rocm_ids.end() ? known->second : guessed_rocm_id(address, place, sysfs_root);
    ++place;
    machine.gpus.push_back(std::move(gpu));
  }
}

/// Adds what measures processors, memory and the whole machine beside RAPL, best first, and models
/// what is left.
class MachineProbe {
 public:
  MachineProbe(MachineMeters& machine, const Clock& clock, const MeterOptions& options)
      : machine_(machine), now_(clock.now()), options_(options) {
    for (const auto& meter : machine.meters) {
      const Channel& channel = meter->channel();
      if (channel.kind == ChannelKind::GpuModule) modules_.push_back(channel);
      has_gpus_ = has_gpus_ || is_gpu(channel.kind);
      if (channel.kind == ChannelKind::Package && !package_) package_ = channel.id;
    }
  }

  void open() {
    open_blade();
    open_chips();
    for (auto& node : nodes_) open_node(std::move(node));
    open_shared();
    open_cpu();
    open_memory();
  }

 private:
  [[nodiscard]] bool has(ChannelKind kind) const {
    return std::ranges::any_of(machine_.meters, [&](const std::unique_ptr<Meter>& meter) {
      return meter->channel().kind == kind;
    });
  }

  /// Whether the energy of the processors is in what is added already.
  [[nodiscard]] bool has_processors() const {
    return !modules_.empty() || has(ChannelKind::Package) || has(ChannelKind::Node);
  }

  void add(std::unique_ptr<Meter> meter) {
    if (!meter) return;
    const Channel& channel = meter->channel();
    machine_.notes.push_back({channel.id, BackendState::Used, channel.source});
    machine_.meters.push_back(std::move(meter));
  }

  void show(std::unique_ptr<Meter> meter, std::string_view why,
            const std::optional<std::string>& outer = std::nullopt) {
    if (!meter) return;
    put_inside(meter, outer);
    const Channel& channel = meter->channel();
    machine_.notes.push_back({channel.id, BackendState::Used,
                              fmt::format("shown, not added: {} ({})", why, channel.source)});
    machine_.observed.push_back(std::move(meter));
  }

  void refuse(std::string backend, std::string words) {
    machine_.notes.push_back({std::move(backend), BackendState::Refused, std::move(words)});
  }

  void take_notes(std::vector<BackendNote> notes) {
    std::ranges::move(notes, std::back_inserter(machine_.notes));
  }

  void open_blade() {
    CrayMeters cray = open_cray(now_, options_.sysfs_root);
    take_notes(std::move(cray.notes));
    const auto id_of = [](const std::unique_ptr<Meter>& meter) {
      return meter ? std::optional(meter->channel().id) : std::nullopt;
    };
    const auto cpu = id_of(cray.cpu);
    const auto memory = id_of(cray.memory);
    if (!has_processors()) {
      add(std::move(cray.cpu));
    } else {
      for (auto& meter : machine_.meters) {
        const ChannelKind kind = meter->channel().kind;
        put_inside(meter, kind == ChannelKind::Package ? cpu
                          : kind == ChannelKind::Dram  ? memory
                                                       : std::nullopt);
      }
      show(std::move(cray.cpu), "the processors are measured one by one");
    }
    if (has(ChannelKind::Package) && !has(ChannelKind::Dram)) {
      add(std::move(cray.memory));
    } else {
      show(std::move(cray.memory), "memory is metered already, or its processors are not");
    }
    has_gpus_ = has_gpus_ || !cray.accelerators.empty();
    for (auto& accelerator : cray.accelerators) {
      show(std::move(accelerator), "nothing tells which GPU it is");
    }
    if (cray.node) nodes_.push_back(std::move(cray.node));
  }

  void open_chips() {
    HwmonMeters chips = open_hwmon(now_, options_.sysfs_root);
    take_notes(std::move(chips.notes));
    for (auto& gpu : chips.gpus) {
      if (const std::optional<std::string> board = gpu_like(gpu->channel())) {
        show(std::move(gpu), "the driver's library measures the GPU", board);
      } else {
        has_gpus_ = true;
        add(std::move(gpu));
      }
    }
    const bool is_needed = !has_processors();
    for (auto& processor : chips.processors) {
      const std::optional<std::string> module = module_of(processor->channel());
      const std::optional<std::string> outer = module ? module : package_;
      if (is_needed) {
        add(std::move(processor));
      } else {
        show(std::move(processor), "its energy is in " + outer.value_or("another channel"), outer);
      }
    }
    for (auto& part : chips.shown) {
      const std::optional<std::string> module = module_of(part->channel());
      show(std::move(part), "contains others or is part of another", module);
    }
    if (chips.node) nodes_.push_back(std::move(chips.node));
  }

  /// The GPU that is already metered through its driver's library, at the same PCI address.
  [[nodiscard]] std::optional<std::string> gpu_like(const Channel& board) const {
    for (const auto& meter : machine_.meters) {
      const Channel& channel = meter->channel();
      const std::string address = board.device_uuid.value_or(board.id);
      if (is_gpu(channel.kind) && channel.id.ends_with(address)) return channel.id;
    }
    return std::nullopt;
  }

  /// The module that includes a processor: that of its socket, or the first where that is not told.
  [[nodiscard]] std::optional<std::string> module_of(const Channel& processor) const {
    for (const Channel& module : modules_) {
      const bool is_told = processor.socket && module.socket;
      if (!is_told || *processor.socket == *module.socket) return module.id;
    }
    return std::nullopt;
  }

  /// A counter of the whole machine is added where nothing tells its parts apart.
  void open_node(std::unique_ptr<Meter> node) {
    if (!has_processors() && !has_gpus_) return add(std::move(node));
    for (auto* meters : {&machine_.meters, &machine_.observed}) {
      for (auto& meter : *meters) put_inside(meter, node->channel().id);
    }
    show(std::move(node), "contains what is metered part by part");
  }

  void open_shared() {
    if (!options_.shared_powercap_root || is_kernels_own(*options_.shared_powercap_root)) return;
    if (has_processors()) return refuse("shared", "not needed: the processors are measured");
    append(machine_, open_shared_powercap(now_, *options_.shared_powercap_root));
  }

  void open_cpu() {
    if (has_processors()) return refuse("cpu:model", "not needed: the processors are measured");
    Result<std::unique_ptr<Meter>> model = open_processor_model(now_, options_);
    if (model) {
      add(std::move(*model));
    } else {
      machine_.notes.push_back({"cpu:model", BackendState::Absent, model.error().message});
    }
  }

  void open_memory() {
    if (has(ChannelKind::Dram)) return refuse("dram:model", "not needed: memory is measured");
    if (has(ChannelKind::Node) || !modules_.empty()) {
      return refuse("dram:model",
                    "memory is inside another channel: adding it would count it twice");
    }
    if (!has(ChannelKind::Package)) {
      return refuse("dram:model", "not used without the processors");
    }
    if (!options_.models_memory) return refuse("dram:model", "switched off");
    Result<std::unique_ptr<Meter>> model = open_dram_model(now_, options_.proc_root);
    if (model) {
      add(std::move(*model));
    } else {
      machine_.notes.push_back({"dram:model", BackendState::Absent, model.error().message});
    }
  }

  MachineMeters& machine_;
  MonotonicTime now_;
  const MeterOptions& options_;
  std::vector<std::unique_ptr<Meter>> nodes_;  ///< Each covers the whole machine; best first.
  std::vector<Channel> modules_;               ///< Each covers a GPU and its processor together.
  std::optional<std::string> package_;
  bool has_gpus_ = false;
};

}  // namespace

MachineMeters open_meters(const Clock& clock, const MeterOptions& options) {
  MachineMeters machine;
  const auto& shared = options.shared_powercap_root;
  const bool is_mounted_elsewhere = shared && is_kernels_own(*shared);
  append(machine,
         open_rapl(clock, {.powercap_root = is_mounted_elsewhere ? *shared : options.powercap_root,
                           .sysfs_root = options.sysfs_root,
                           .proc_root = options.proc_root,
                           .perf = options.perf,
                           .wait = options.wait}));
  add_fallbacks_to_rapl(machine, clock, options);
  open_nvidia(machine, clock, options);
  open_amd(machine, clock, options);
  MachineProbe(machine, clock, options).open();
  list_amd_gpus(machine, options.sysfs_root);
  return machine;
}

}  // namespace wattune::energy
