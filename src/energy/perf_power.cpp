#include "wattune/energy/perf_power.hpp"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <system_error>

#include "perf_views.hpp"
#include "small_file.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

__extension__ using UnsignedWide = unsigned __int128;

constexpr UnsignedWide kDigitLimit = ~UnsignedWide{0} / 10;

int open_event(std::uint32_t type, std::uint64_t config, int cpu) {
  perf_event_attr attributes{};
  attributes.type = type;
  attributes.size = sizeof(attributes);
  attributes.config = config;
  const long file = ::syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  return file < 0 ? -errno : static_cast<int>(file);
}

UnsignedWide greatest_divisor(UnsignedWide a, UnsignedWide b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a;
}

/// digits * 10^exponent.
struct Decimal {
  UnsignedWide digits = 0;
  int exponent = 0;
};

/// "2.328e-10" -> 2328 * 10^-13; nothing for 0 and what is no such number.
std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal number;
  std::size_t at = 0;
  bool is_behind_point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !is_behind_point) {
      is_behind_point = true;
      continue;
    }
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) break;
    if (number.digits >= kDigitLimit) return std::nullopt;
    number.digits = number.digits * 10 + static_cast<unsigned>(text[at] - '0');
    number.exponent -= is_behind_point ? 1 : 0;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    int power = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + at + 1, end, power);
    if (error != std::errc{} || rest != end) return std::nullopt;
    number.exponent += power;
    at = text.size();
  }
  if (at != text.size() || number.digits == 0) return std::nullopt;
  return number;
}

/// An open counter; closes itself.
class PerfCounter {
 public:
  PerfCounter(int file, PerfCalls calls, std::string name)
      : file_(file), calls_(std::move(calls)), name_(std::move(name)) {}
  PerfCounter(const PerfCounter&) = delete;
  PerfCounter& operator=(const PerfCounter&) = delete;
  ~PerfCounter() { ::close(file_); }

  /// The kernel answers with nothing, or says that there is no such device, once no CPU is left
  /// that could count for this one.
  [[nodiscard]] Result<std::uint64_t> read() const {
    std::uint64_t count = 0;
    const ssize_t size = calls_.read(file_, &count, sizeof(count));
    if (size == sizeof(count)) return count;
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) {
      return fail(ErrorKind::Transient, name_ + ": the read was interrupted");
    }
    return fail(ErrorKind::Ended,
                fmt::format("{}: {}", name_,
                            size < 0 ? std::strerror(errno) : "the CPU it was opened on has gone"));
  }

 private:
  int file_;
  PerfCalls calls_;
  std::string name_;
};

/// "0-1,8" -> 0, 1, 8.
std::vector<int> parse_cpu_list(std::string_view text) {
  std::vector<int> cpus;
  while (const std::optional<std::uint64_t> first = take_number(text)) {
    std::uint64_t last = *first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      last = take_number(text).value_or(*first);
    }
    for (std::uint64_t cpu = *first; cpu <= last; ++cpu) cpus.push_back(static_cast<int>(cpu));
    if (!text.starts_with(',')) break;
    text.remove_prefix(1);
  }
  return cpus;
}

/// "event=0x02" -> 2.
std::optional<std::uint64_t> parse_event(std::string_view text) {
  constexpr std::string_view kPrefix = "event=0x";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  std::uint64_t config = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), config, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return config;
}

std::optional<int> read_topology(const fs::path& sysfs_root, int cpu, const char* file) {
  const Result<std::uint64_t> number = read_number(sysfs_root / "devices/system/cpu" /
                                                   fmt::format("cpu{}", cpu) / "topology" / file);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

/// A CPU that counts for its die or socket.
struct Place {
  int cpu = 0;
  int socket = 0;
  std::optional<int> die;
};

struct Event {
  std::string name;
  ChannelKind kind = ChannelKind::Package;
  std::uint64_t config = 0;
  TickEnergy tick;
};

std::optional<ChannelKind> kind_of(std::string_view event) {
  static const std::map<std::string_view, ChannelKind> kKinds{
      {"energy-pkg", ChannelKind::Package},
      {"energy-cores", ChannelKind::Core},
      {"energy-gpu", ChannelKind::Uncore},
      {"energy-ram", ChannelKind::Dram},
      {"energy-psys", ChannelKind::Platform}};
  const auto kind = kKinds.find(event);
  return kind == kKinds.end() ? std::nullopt : std::optional(kind->second);
}

class PowerPmu {
 public:
  PowerPmu(RaplViews& found, const fs::path& sysfs_root, const PerfCalls& calls,
           const CpuIdentity& cpu, const fs::path& program)
      : found_(found), sysfs_(sysfs_root), calls_(calls), cpu_(cpu), program_(program) {}

  void find() {
    const fs::path folder = sysfs_ / "bus/event_source/devices/power";
    const Result<std::uint64_t> type = read_number(folder / "type");
    if (!type) {
      note("perf", BackendState::Absent, fmt::format("no PMU at {}", folder.string()));
      return;
    }
    const std::vector<Event> events = find_events(folder / "events");
    const std::vector<Place> places = find_places(folder / "cpumask");
    if (events.empty()) {
      note("perf", BackendState::Refused,
           "the PMU is there but shows no energy event: a phantom, as virtual machines have it");
    }
    for (const Place& place : places) {
      for (const Event& event : events) {
        if (!open(static_cast<std::uint32_t>(*type), event, place)) return;
      }
    }
  }

 private:
  void note(std::string backend, BackendState state, std::string words, std::string remedy = {}) {
    found_.notes.push_back({std::move(backend), state, std::move(words), std::move(remedy)});
  }

  std::vector<Event> find_events(const fs::path& folder) {
    std::set<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (name.starts_with("energy-") && name.find('.') == std::string::npos) names.insert(name);
    }
    std::vector<Event> events;
    for (const std::string& name : names) {
      const auto kind = kind_of(name);
      const auto config = parse_event(read_word(folder / name).value_or(""));
      const auto tick = exact_tick(read_word(folder / (name + ".scale")).value_or(""));
      const bool is_joules = read_word(folder / (name + ".unit")).value_or("") == "Joules";
      if (kind && config && tick && is_joules) {
        events.push_back({name, *kind, *config, *tick});
      } else {
        note("perf:" + name, BackendState::Refused,
             !kind     ? "is not an event that is known"
             : !config ? "its event file names no event"
                       : "its scale or unit is not known, so that counts could not be turned into "
                         "joules");
      }
    }
    return events;
  }

  /// Sockets and dies come from the CPU's topology: the order of the mask says nothing.
  std::vector<Place> find_places(const fs::path& cpumask) {
    std::vector<Place> places;
    std::map<int, int> counters;  // Of each socket.
    const std::vector<int> cpus = parse_cpu_list(read_word(cpumask).value_or(""));
    for (const int cpu : cpus) {
      const std::optional<int> socket = read_topology(sysfs_, cpu, "physical_package_id");
      if (!socket) {
        note(fmt::format("perf:CPU {}", cpu), BackendState::Refused, "its socket is not known");
        continue;
      }
      // AMD counts per socket, whatever the mask says: several dies would show one counter.
      const bool is_amd = cpu_.vendor == "AuthenticAMD" || cpu_.vendor == "HygonGenuine";
      const bool is_mirror = is_amd && counters[*socket] > 0;
      if (is_mirror) {
        note(fmt::format("perf:CPU {}", cpu), BackendState::Refused,
             fmt::format("shows the counter of socket {} again", *socket));
        continue;
      }
      ++counters[*socket];
      places.push_back({cpu, *socket, read_topology(sysfs_, cpu, "die_id")});
    }
    if (cpus.empty()) {
      note("perf", BackendState::Refused, "the PMU does not say on which CPUs it counts");
    }
    for (Place& place : places) {
      if (counters[place.socket] == 1) place.die.reset();
    }
    return places;
  }

  /// False where trying any further event would meet the same obstacle.
  bool open(std::uint32_t type, const Event& event, const Place& place) {
    RaplDomain domain{place.socket, place.die, event.kind};
    if (event.kind == ChannelKind::Platform) {
      domain.die.reset();
      if (place.socket == 0) domain.socket.reset();
    }
    const std::string where = fmt::format("{} on CPU {}", event.name, place.cpu);
    const int file = calls_.open(type, event.config, place.cpu);
    if (file == -EACCES || file == -EPERM) {
      refuse_permission(-file);
      return false;
    }
    if (file < 0) {
      note("perf:" + domain.text(), BackendState::Refused,
           fmt::format("{} cannot be opened: {}", where, std::strerror(-file)));
      found_.unreadable.push_back(domain);
      return true;
    }
    // Of the view and of its meter.
    auto counter = std::make_shared<PerfCounter>(file, calls_, where);
    CounterLimits limits{std::nullopt, rapl_power_limit(event.kind, std::nullopt), kRaplRefresh,
                         event.tick};
    found_.views.push_back(
        {domain, RaplWay::Perf, where, limits, [counter] { return counter->read(); }});
    return true;
  }

  void refuse_permission(int number) {
    if (number == EPERM) {
      note("perf", BackendState::Refused,
           "perf_event_open is forbidden here, as container runtimes do",
           "# start the container with this option:\ndocker run --cap-add PERFMON ...");
      return;
    }
    note("perf", BackendState::Refused,
         "the kernel shows energy only to programs with CAP_PERFMON, or where "
         "kernel.perf_event_paranoid is 0 or less",
         fmt::format("sudo setcap cap_perfmon+ep {}\n"
                     "# or for every program, until the next start:\n"
                     "sudo sysctl kernel.perf_event_paranoid=0",
                     program_.string()));
  }

  RaplViews& found_;
  const fs::path& sysfs_;
  const PerfCalls& calls_;
  const CpuIdentity& cpu_;
  const fs::path& program_;
};

}  // namespace

PerfCalls kernel_perf_calls() {
  return {open_event,
          [](int file, void* bytes, std::size_t count) { return ::read(file, bytes, count); }};
}

std::optional<TickEnergy> exact_tick(std::string_view text) {
  std::optional<Decimal> joules = parse_decimal(text);
  if (!joules) return std::nullopt;
  auto& [digits, exponent] = *joules;
  exponent += 6;  // Microjoules.
  UnsignedWide divisor = 1;
  for (; exponent != 0; exponent += exponent < 0 ? 1 : -1) {
    UnsignedWide& larger = exponent < 0 ? divisor : digits;
    if (larger >= kDigitLimit) return std::nullopt;
    larger *= 10;
  }
  const UnsignedWide common = greatest_divisor(digits, divisor);
  const UnsignedWide numerator = digits / common;
  const UnsignedWide denominator = divisor / common;
  if (numerator > ~std::uint64_t{0} || denominator > ~std::uint64_t{0}) return std::nullopt;
  return TickEnergy{static_cast<std::uint64_t>(numerator), static_cast<std::uint64_t>(denominator)};
}

RaplViews find_perf_views(const fs::path& sysfs_root, const PerfCalls& calls,
                          const CpuIdentity& cpu, const fs::path& program) {
  RaplViews found;
  PowerPmu(found, sysfs_root, calls, cpu, program).find();
  return found;
}

std::vector<int> online_sockets(const fs::path& sysfs_root) {
  std::set<int> sockets;
  const std::string online = read_word(sysfs_root / "devices/system/cpu/online").value_or("");
  for (const int cpu : parse_cpu_list(online)) {
    const std::optional<int> socket = read_topology(sysfs_root, cpu, "physical_package_id");
    if (socket) sockets.insert(*socket);
  }
  return {sockets.begin(), sockets.end()};
}

}  // namespace wattune::energy
