#include "hwmon.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <system_error>

#include "kept_file.hpp"
#include "often_read_meter.hpp"
#include "power_meter.hpp"
#include "small_file.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

constexpr double kPowerGain = 0.10;
constexpr double kCounterGain = 0.05;
constexpr double kAmdGain = 0.15;
constexpr double kDifferenceGain = 0.20;
constexpr Seconds kCounterRefresh{0.001};
constexpr Seconds kBoardRefresh{0.1};
constexpr Seconds kAveragedRefresh{1.0};
/// The drivers extend a 32-bit register in steps of 2^-14 J: 262 kJ, and see one turn at most.
constexpr Seconds kLongestDriverGap{60.0};
constexpr Watts kSocketLimit{1000.0};
constexpr Watts kMachineLimit{20000.0};
constexpr Watts kCardLimit{1500.0};
constexpr Watts kRailLimit{200.0};

/// A chip: its folder of attributes and what it calls itself.
struct Chip {
  fs::path folder;
  fs::path device;
  std::string name;

  [[nodiscard]] std::optional<std::string> text(const std::string& file) const {
    const Result<std::string> word = read_word(folder / file);
    return word ? std::optional(*word) : std::nullopt;
  }
  [[nodiscard]] bool has(const std::string& file) const {
    std::error_code error;
    return fs::exists(folder / file, error);
  }
};

/// Whether a chip measures energy or power at all.
bool measures(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    if (file.starts_with("energy") && file.ends_with("_input")) return true;
    if (!file.starts_with("power")) continue;
    if (file.ends_with("_input") || file.ends_with("_average") || file.ends_with("_oem_info")) {
      return true;
    }
  }
  return false;
}

/// In the order of their numbers, which is that of their names up to the length.
std::vector<Chip> find_chips(const fs::path& root) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry{root, error}, end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names, {},
                    [](const std::string& name) { return std::pair(name.size(), name); });
  std::vector<Chip> chips;
  for (const std::string& name : names) {
    Chip chip{root / name, root / name / "device", {}};
    chip.name =
        read_word(chip.folder / "name").value_or(read_word(chip.device / "name").value_or(name));
    // Old drivers keep their attributes with the device.
    if (!measures(chip.folder) && measures(chip.device)) chip.folder = chip.device;
    if (measures(chip.folder) || chip.name == "ina3221") chips.push_back(std::move(chip));
  }
  return chips;
}

/// "0000:03:00.0", where the chip sits on a PCI device.
std::optional<std::string> pci_address(const Chip& chip) {
  std::error_code error;
  const std::string name = fs::canonical(chip.device, error).filename().string();
  const bool is_address =
      !error && name.size() == 12 && name[4] == ':' && name[7] == ':' && name[10] == '.';
  return is_address ? std::optional(name) : std::nullopt;
}

std::optional<Watts> read_microwatts(const Chip& chip, const std::string& file) {
  const Result<std::uint64_t> number = read_number(chip.folder / file);
  if (!number || *number == 0) return std::nullopt;
  return Watts{static_cast<double>(*number) * 1e-6};
}

/// Power of one file in microwatts.
Result<Watts> read_power(KeptFile& file) {
  const Result<std::uint64_t> number = file.read_number();
  if (!number) return tl::unexpected(number.error());
  return Watts{static_cast<double>(*number) * 1e-6};
}

/// The four powers of a Grace socket.
struct GraceSocket {
  std::optional<Chip> module;
  std::optional<Chip> grace;
  std::optional<Chip> cpu;
  std::optional<Chip> sysio;
};

class HwmonReader {
 public:
  HwmonReader(HwmonMeters& opened, MonotonicTime now) : opened_(opened), now_(now) {}

  void take(const Chip& chip) {
    if (chip.name == "power_meter") {
      take_acpi(chip);
    } else if (chip.name == "amdgpu") {
      take_amdgpu(chip);
    } else if (chip.name == "i915" || chip.name == "xe" || chip.name.starts_with("i915_gt")) {
      take_intel_gpu(chip);
    } else if (chip.name == "amd_energy" || chip.name == "zenergy") {
      take_amd_energy(chip);
    } else if (chip.name == "apm_xgene" || chip.name == "smpro_hwmon") {
      take_altra(chip);
    } else if (chip.name == "ina3221") {
      rails_.push_back(chip);
    } else {
      refuse("hwmon:" + chip.name,
             fmt::format("measures power, but nobody has told what this chip ({}) covers",
                         chip.folder.string()));
    }
  }

  /// What can be judged only when all chips are known.
  void finish() {
    for (const auto& [socket, parts] : grace_) open_grace(socket, parts);
    open_acpi_node();
    open_jetson();
  }

 private:
  void refuse(std::string backend, std::string words, std::string remedy = {}) {
    opened_.notes.push_back(
        {std::move(backend), BackendState::Refused, std::move(words), std::move(remedy)});
  }

  void refuse(const std::string& backend, const Error& error) {
    if (error.kind != ErrorKind::Permission) return refuse(backend, error.message);
    const std::string file = error.message.substr(0, error.message.rfind(": "));
    refuse(backend, error.message,
           fmt::format("sudo groupadd --force energy\n"
                       "sudo usermod --append --groups energy \"$USER\"\n"
                       "sudo chgrp energy {} && sudo chmod g+r {}\n"
                       "# until the next start; then log in again",
                       file, file));
  }

  std::shared_ptr<KeptFile> keep(const std::string& backend, const fs::path& path) {
    Result<KeptFile> file = KeptFile::open(path);
    if (!file) {
      refuse(backend, file.error());
      return nullptr;
    }
    auto kept = std::make_shared<KeptFile>(std::move(*file));  // Of the meter alone.
    if (const auto first = kept->read_number(); !first) {
      refuse(backend, first.error());
      return nullptr;
    }
    return kept;
  }

  std::unique_ptr<Meter> started(std::unique_ptr<Meter> meter) const {
    static_cast<void>(meter->read(now_));
    return meter;
  }

  std::unique_ptr<Meter> open_power(Channel channel, const fs::path& path, Watts limit) {
    const auto kept = keep(channel.id, path);
    if (!kept) return nullptr;
    channel.provenance = Provenance::Integrated;
    channel.source = fmt::format("power of {}, integrated", path.string());
    return started(std::make_unique<PowerMeter>(std::move(channel), limit,
                                                [kept] { return read_power(*kept); }));
  }

  std::unique_ptr<Meter> open_counter(Channel channel, const fs::path& path, Watts limit) {
    const auto kept = keep(channel.id, path);
    if (!kept) return nullptr;
    channel.source = fmt::format("energy counter {}", path.string());
    return started(std::make_unique<OftenReadMeter>(
        std::move(channel), CounterLimits{std::nullopt, limit, channel.refresh},
        [kept] { return kept->read_number(); }, kLongestDriverGap));
  }

  static Channel make_channel(std::string id, ChannelKind kind, double gain, Seconds refresh) {
    Channel channel;
    channel.id = std::move(id);
    channel.kind = kind;
    channel.gain_uncertainty = gain;
    channel.refresh = refresh;
    return channel;
  }

  static void keep_if_open(std::vector<std::unique_ptr<Meter>>& list,
                           std::unique_ptr<Meter> meter) {
    if (meter) list.push_back(std::move(meter));
  }

  /// The time over which the power meter of ACPI averages.
  static Seconds interval_of(const Chip& chip) {
    const Result<std::uint64_t> ms = read_number(chip.folder / "power1_average_interval");
    if (!ms || *ms == 0) return kAveragedRefresh;
    return Seconds{static_cast<double>(*ms) * 1e-3};
  }

  void take_acpi(const Chip& chip) {
    const std::string info = chip.text("power1_oem_info").value_or("");
    constexpr std::string_view kSocket = " Power Socket ";
    const auto at = info.find(kSocket);
    if (at == std::string::npos) {
      acpi_.push_back(chip);
      return;
    }
    int socket = 0;
    const char* digits = info.data() + at + kSocket.size();
    std::from_chars(digits, info.data() + info.size(), socket);
    const std::string part = info.substr(0, at);
    if (part == "Module")
      grace_[socket].module = chip;
    else if (part == "Grace")
      grace_[socket].grace = chip;
    else if (part == "CPU")
      grace_[socket].cpu = chip;
    else if (part == "SysIO")
      grace_[socket].sysio = chip;
    else
      refuse("hwmon:" + info, "a part of the socket that is not known");
  }

  std::unique_ptr<Meter> open_grace_part(const std::optional<Chip>& chip, const std::string& id,
                                         ChannelKind kind, int socket,
                                         const std::optional<std::string>& container) {
    if (!chip) return nullptr;
    Channel channel = make_channel(id, kind, kPowerGain, interval_of(*chip));
    channel.socket = socket;
    channel.contained_in = container;
    if (is_gpu(kind)) channel.device_uuid = id;
    return open_power(std::move(channel), chip->folder / "power1_average", kCardLimit);
  }

  /// The parts of a socket add up to it: cores, the rest of the chip, and memory, which is what is
  /// left of the whole.
  void open_grace(int socket, const GraceSocket& parts) {
    const auto id_of = [&](const char* part) { return fmt::format("grace:{}-{}", part, socket); };
    const auto name_if = [](const std::unique_ptr<Meter>& meter) {
      return meter ? std::optional(meter->channel().id) : std::nullopt;
    };
    auto module =
        open_grace_part(parts.module, id_of("module"), ChannelKind::GpuModule, socket, {});
    auto grace = open_grace_part(parts.grace, id_of("socket"), ChannelKind::Package, socket,
                                 name_if(module));
    const auto container = grace ? name_if(grace) : name_if(module);
    auto cpu = open_grace_part(parts.cpu, id_of("cpu"), ChannelKind::Package, socket, container);
    auto sysio =
        open_grace_part(parts.sysio, id_of("sysio"), ChannelKind::Uncore, socket, container);
    if (grace && cpu && sysio) {
      keep_if_open(opened_.processors, std::move(cpu));
      keep_if_open(opened_.processors, std::move(sysio));
      keep_if_open(opened_.processors, open_grace_memory(socket, parts, *container));
      opened_.shown.push_back(std::move(grace));
    } else if (grace) {
      opened_.processors.push_back(std::move(grace));
      keep_if_open(opened_.shown, std::move(cpu));
      keep_if_open(opened_.shown, std::move(sysio));
    } else {
      keep_if_open(opened_.processors, std::move(cpu));
      keep_if_open(opened_.processors, std::move(sysio));
    }
    keep_if_open(opened_.shown, std::move(module));
  }

  std::unique_ptr<Meter> open_grace_memory(int socket, const GraceSocket& parts,
                                           const std::string& container) {
    const std::string id = fmt::format("grace:dram-{}", socket);
    const auto whole = keep(id, parts.grace->folder / "power1_average");
    const auto cpu = keep(id, parts.cpu->folder / "power1_average");
    const auto sysio = keep(id, parts.sysio->folder / "power1_average");
    if (!whole || !cpu || !sysio) return nullptr;
    Channel channel =
        make_channel(id, ChannelKind::Dram, kDifferenceGain, interval_of(*parts.grace));
    channel.socket = socket;
    channel.contained_in = container;
    channel.provenance = Provenance::Integrated;
    channel.source = fmt::format(
        "memory of socket {}: its whole power less that of its cores and of its input and output, "
        "integrated",
        socket);
    return started(std::make_unique<PowerMeter>(
        std::move(channel), kCardLimit, [whole, cpu, sysio]() -> Result<Watts> {
          Result<Watts> rest = read_power(*whole);
          for (KeptFile* part : {cpu.get(), sysio.get()}) {
            const Result<Watts> power = read_power(*part);
            if (!power) return power;
            if (rest) *rest -= *power;
          }
          // The three are not read at one moment and may cross by a little.
          if (rest && *rest > Watts{-5.0} && *rest < Watts{0.0}) return Watts{0.0};
          return rest;
        }));
  }

  /// A power meter of ACPI that says nothing else of itself covers the machine, if it is the only
  /// one.
  void open_acpi_node() {
    if (acpi_.empty()) return;
    if (acpi_.size() > 1 || !grace_.empty()) {
      refuse(
          "hwmon:power_meter",
          fmt::format("{} power meters of ACPI do not say what each of them covers", acpi_.size()));
      return;
    }
    const Chip& chip = acpi_.front();
    if (!read_microwatts(chip, "power1_average")) {
      refuse("hwmon:power_meter", "shows no power",
             "# add this to the command line of the kernel and restart:\n"
             "acpi_power_meter.force_cap_on=y");
      return;
    }
    opened_.node = open_power(
        make_channel("hwmon:power_meter", ChannelKind::Node, kPowerGain, interval_of(chip)),
        chip.folder / "power1_average", kMachineLimit);
  }

  void take_amdgpu(const Chip& chip) {
    const auto address = pci_address(chip);
    if (!address) return refuse("hwmon:amdgpu", "does not say which device it is");
    const std::string file = chip.has("power1_average") ? "power1_average" : "power1_input";
    Channel channel =
        make_channel("hwmon:pci:" + *address, ChannelKind::Gpu, kPowerGain, kBoardRefresh);
    const std::optional<Watts> cap = read_microwatts(chip, "power1_cap");
    if (!chip.has("power1_cap")) {
      // Only a graphics unit inside a processor has no limit of its own; it shows the whole chip.
      channel.kind = ChannelKind::Package;
      channel.contained_in = "rapl:package-0";
      return keep_if_open(opened_.shown,
                          open_power(std::move(channel), chip.folder / file, kSocketLimit));
    }
    channel.device_uuid = "pci:" + *address;
    keep_if_open(opened_.gpus,
                 open_power(std::move(channel), chip.folder / file, cap ? *cap * 2.0 : kCardLimit));
  }

  void take_intel_gpu(const Chip& chip) {
    const auto address = pci_address(chip);
    if (!address) return refuse("hwmon:" + chip.name, "does not say which device it is");
    const std::string card = "hwmon:pci:" + *address;
    Watts limit = kCardLimit;
    for (const char* file : {"power1_crit", "power1_max", "power1_rated_max"}) {
      if (const auto watts = read_microwatts(chip, file)) limit = *watts * 2.0;
    }
    for (int number = 1; number <= 2; ++number) {
      const std::string file = fmt::format("energy{}_input", number);
      if (!chip.has(file)) continue;
      const std::string label =
          chip.text(fmt::format("energy{}_label", number))
              .value_or(chip.name.starts_with("i915_gt") ? chip.name.substr(5) : "card");
      Channel channel = make_channel(card, ChannelKind::Gpu, kCounterGain, kBoardRefresh);
      channel.device_uuid = "pci:" + *address;
      if (label != "card") {
        channel.id += ":" + label;
        channel.contained_in = card;
      }
      auto& list = label == "card" ? opened_.gpus : opened_.shown;
      keep_if_open(list, open_counter(std::move(channel), chip.folder / file, limit));
    }
    if (!chip.has("energy1_input") && !chip.has("energy2_input")) {
      refuse(card, "counts no energy");
    }
  }

  /// Counters of AMD processors in kernels and drivers that have this chip; cores are inside.
  void take_amd_energy(const Chip& chip) {
    constexpr std::string_view kSocketLabel = "Esocket";
    for (int number = 1; chip.has(fmt::format("energy{}_input", number)); ++number) {
      const std::string label = chip.text(fmt::format("energy{}_label", number)).value_or("");
      if (!label.starts_with(kSocketLabel)) continue;
      int socket = 0;
      std::from_chars(label.data() + kSocketLabel.size(), label.data() + label.size(), socket);
      Channel channel = make_channel(fmt::format("hwmon:package-{}", socket), ChannelKind::Package,
                                     kAmdGain, kCounterRefresh);
      channel.socket = socket;
      keep_if_open(opened_.processors,
                   open_counter(std::move(channel),
                                chip.folder / fmt::format("energy{}_input", number), kSocketLimit));
    }
  }

  void take_altra(const Chip& chip) {
    struct Part {
      std::string_view label;
      ChannelKind kind;
    };
    constexpr std::array kParts{
        Part{"CPU power", ChannelKind::Package},    Part{"IO power", ChannelKind::Uncore},
        Part{"core power", ChannelKind::Package},   Part{"soc power", ChannelKind::Uncore},
        Part{"dimm vrd1 power", ChannelKind::Dram}, Part{"dimm vrd2 power", ChannelKind::Dram}};
    for (int number = 1; chip.has(fmt::format("power{}_input", number)); ++number) {
      const std::string label = chip.text(fmt::format("power{}_label", number)).value_or("");
      const auto* part = std::ranges::find(kParts, label, &Part::label);
      std::string id = fmt::format("hwmon:altra:{}", label);
      std::ranges::replace(id, ' ', '-');
      if (part == kParts.end()) {
        refuse(id, "a rail that is not known");
        continue;
      }
      keep_if_open(opened_.processors,
                   open_power(make_channel(id, part->kind, kPowerGain, kBoardRefresh),
                              chip.folder / fmt::format("power{}_input", number), kSocketLimit));
    }
  }

  /// Voltage times current of one rail.
  std::unique_ptr<Meter> open_rail(const Chip& chip, int number, Channel channel) {
    const auto millivolts = keep(channel.id, chip.folder / fmt::format("in{}_input", number));
    if (!millivolts) return nullptr;
    const auto milliamperes = keep(channel.id, chip.folder / fmt::format("curr{}_input", number));
    if (!milliamperes) return nullptr;
    channel.provenance = Provenance::Integrated;
    channel.source = fmt::format("voltage times current of rail {} at {}, integrated",
                                 channel.id.substr(channel.id.find(':') + 1), chip.folder.string());
    return started(std::make_unique<PowerMeter>(
        std::move(channel), kRailLimit, [millivolts, milliamperes]() -> Result<Watts> {
          const Result<std::uint64_t> voltage = millivolts->read_number();
          if (!voltage) return tl::unexpected(voltage.error());
          const Result<std::uint64_t> current = milliamperes->read_number();
          if (!current) return tl::unexpected(current.error());
          return Watts{static_cast<double>(*voltage) * static_cast<double>(*current) * 1e-6};
        }));
  }

  static bool is_total(const std::string& label) {
    return label == "VDD_IN" || label == "POM_5V_IN" || label == "VIN";
  }

  void open_jetson() {
    std::optional<std::string> total;
    std::map<std::string, std::pair<const Chip*, int>> rails;
    for (const Chip& chip : rails_) {
      for (int number = 1; number <= 3; ++number) {
        const std::string label = chip.text(fmt::format("in{}_label", number)).value_or("");
        if (label.empty() || label == "NC") continue;
        rails[label] = {&chip, number};
        if (is_total(label)) total = "jetson:" + label;
      }
    }
    for (const auto& [label, place] : rails) {
      Channel channel =
          make_channel("jetson:" + label, ChannelKind::Uncore, kPowerGain, kBoardRefresh);
      if (label.find("CPU") != std::string::npos) channel.kind = ChannelKind::Package;
      if (channel.id == total) {
        channel.kind = ChannelKind::Node;
        opened_.node = open_rail(*place.first, place.second, std::move(channel));
      } else {
        channel.contained_in = total;
        keep_if_open(opened_.shown, open_rail(*place.first, place.second, std::move(channel)));
      }
    }
    if (!rails_.empty() && !total) {
      refuse(
          "jetson",
          "no rail carries the whole board (VDD_IN), so that the others are shown and not added");
    }
  }

  HwmonMeters& opened_;
  MonotonicTime now_;
  std::map<int, GraceSocket> grace_;
  std::vector<Chip> acpi_;
  std::vector<Chip> rails_;
};

}  // namespace

HwmonMeters open_hwmon(MonotonicTime now, const fs::path& sysfs_root) {
  HwmonMeters opened;
  const fs::path root = sysfs_root / "class/hwmon";
  const std::vector<Chip> chips = find_chips(root);
  if (chips.empty()) {
    opened.notes.push_back(
        {"hwmon", BackendState::Absent,
         fmt::format("no chip under {} measures energy or power", root.string())});
  }
  HwmonReader reader(opened, now);
  for (const Chip& chip : chips) reader.take(chip);
  reader.finish();
  return opened;
}

}  // namespace wattune::energy
