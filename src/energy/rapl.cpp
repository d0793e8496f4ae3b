#include "wattune/energy/rapl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "often_read_meter.hpp"
#include "perf_views.hpp"
#include "powercap.hpp"
#include "rapl_view.hpp"
#include "small_file.hpp"
#include "wattune/energy/cpu_model.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLeastSamples = 4;
constexpr std::size_t kMostSamples = 7;
constexpr Seconds kFirstGap{0.001};  ///< Every further gap is twice as long.
/// Two dies are read one after the other: so far may one counter move on in between.
constexpr std::uint64_t kMirrorTolerance = 500'000;
/// How far two ways to read one counter may differ, and the step of the coarsest counter.
constexpr double kAgreement = 0.05;
constexpr Joules kCoarsestStep{2 * 61.04e-6};
/// The kernel takes 32-bit differences with a sign. They overflow no sooner than after 2^31 steps
/// of 2^-16 J: 32 s at 1000 W.
constexpr Seconds kLongestPerfGap{30.0};
constexpr Watts kLeastPackageLimit{400.0};
constexpr Watts kUnratedPackageLimit{1000.0};
constexpr Watts kLeastDramLimit{150.0};
constexpr Watts kPlatformLimit{3000.0};

void keep_busy(Seconds length) {
  const auto end = after(std::chrono::steady_clock::now(), length);
  while (std::chrono::steady_clock::now() < end) {
  }
}

void take_sample(std::vector<RaplView>& views) {
  const auto take = [&](bool is_perf, std::vector<std::uint64_t> RaplView::*samples) {
    for (RaplView& view : views) {
      if ((view.way == RaplWay::Perf) != is_perf) continue;
      if (const Result<std::uint64_t> raw = view.read_raw()) (view.*samples).push_back(*raw);
    }
  };
  take(true, &RaplView::early);
  take(false, &RaplView::early);
  take(true, &RaplView::late);
}

bool has_moved(const RaplView& view) {
  return std::ranges::any_of(view.early,
                             [&](std::uint64_t raw) { return raw != view.early.front(); });
}

void sample(std::vector<RaplView>& views, const RaplOptions& options) {
  if (views.empty()) return;
  Seconds gap = kFirstGap;
  take_sample(views);
  for (std::size_t taken = 1; taken < kMostSamples; ++taken, gap = gap * 2.0) {
    if (taken >= kLeastSamples && std::ranges::all_of(views, has_moved)) return;
    options.wait ? options.wait(gap) : keep_busy(gap);
    take_sample(views);
  }
}

bool mirrors(const RaplView& one, const RaplView& other) {
  if (one.way != other.way || one.way == RaplWay::Perf) return false;
  if (one.domain.kind != other.domain.kind || one.domain.socket != other.domain.socket) {
    return false;
  }
  if (one.early.size() < 3 || one.early.size() != other.early.size()) return false;
  return std::ranges::equal(one.early, other.early, [](std::uint64_t a, std::uint64_t b) {
    return std::max(a, b) - std::min(a, b) <= kMirrorTolerance;
  });
}

/// What a view counted from one raw reading to another, through at most one turn.
Joules energy_between(const RaplView& view, std::uint64_t from, std::uint64_t to) {
  const std::uint64_t ticks = to >= from ? to - from : view.limits.modulus.value_or(0) - from + to;
  return Joules{static_cast<double>(ticks) * static_cast<double>(view.limits.tick.numerator_uj) /
                static_cast<double>(view.limits.tick.denominator) * 1e-6};
}

/// How a counter of perf contradicts the same counter read through powercap, if it does. Powercap
/// was read in between, so that its energy lies between two energies of perf.
std::optional<std::string> contradiction(const RaplView& perf, const RaplView& other) {
  if (perf.late.size() != perf.early.size() || perf.early.size() < 2 || other.early.size() < 2) {
    return std::nullopt;
  }
  const Joules seen = energy_between(other, other.early.front(), other.early.back());
  const Joules least =
      energy_between(perf, std::min(perf.late.front(), perf.early.back()), perf.early.back());
  const Joules most = energy_between(perf, perf.early.front(), perf.late.back());
  if (seen >= least * (1.0 - kAgreement) - kCoarsestStep &&
      seen <= most * (1.0 + kAgreement) + kCoarsestStep) {
    return std::nullopt;
  }
  return fmt::format(
      "{} counted {:.3g} J and {} {:.3g} J in the same time: they should agree "
      "within {:.0f} %",
      perf.name(), most.value(), other.name(), seen.value(), kAgreement * 100.0);
}

/// Sorts views into those that are added, those that are only shown, and notes on the others.
class Selection {
 public:
  Selection(OpenedMeters& opened, const RaplOptions& options, const CpuIdentity& cpu)
      : opened_(opened), options_(options) {
    std::error_code error;
    const fs::path program = fs::read_symlink(options.proc_root / "self/exe", error);
    take(find_perf_views(options.sysfs_root, options.perf, cpu,
                         error ? fs::path{"wattune"} : program));
    take(find_powercap_views(options.powercap_root));
    sample(views_, options);
    drop_phantoms();
    drop_contradictions();
    std::ranges::stable_sort(views_, {},
                             [](const RaplView& view) { return std::pair(view.domain, view.way); });
    for (RaplView& view : views_) choose(std::move(view));
    drop_an_incomplete_machine();
  }

  struct Shown {
    RaplView view;
    std::string id;
    std::string contained_in;
    std::string words;
  };

  [[nodiscard]] const std::vector<RaplView>& added() const { return added_; }
  [[nodiscard]] const std::vector<Shown>& shown() const { return shown_; }

 private:
  void take(RaplViews found) {
    std::ranges::move(found.views, std::back_inserter(views_));
    std::ranges::move(found.unreadable, std::back_inserter(lost_));
    std::ranges::move(found.notes, std::back_inserter(opened_.notes));
  }

  void refuse(const RaplView& view, std::string_view words) {
    opened_.notes.push_back(
        {view.name(), BackendState::Refused, fmt::format("{}: {}", view.place, words)});
  }

  void drop_phantoms() {
    std::erase_if(views_, [&](const RaplView& view) {
      if (has_moved(view)) return false;
      refuse(view, view.early.empty()
                       ? std::string("its counter cannot be read")
                       : fmt::format("its counter stood still at {} while a CPU worked: a phantom, "
                                     "as virtual machines show it",
                                     view.early.front()));
      lost_.push_back(view.domain);
      return true;
    });
  }

  void drop_contradictions() {
    std::vector<std::size_t> dropped;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      for (std::size_t j = 0; j < views_.size(); ++j) {
        if (views_[i].way != RaplWay::Perf || views_[j].way != RaplWay::Powercap) continue;
        if (!is_same_energy(views_[i].domain, views_[j].domain)) continue;
        // A socket of several dies may be one counter here and several there.
        if (num_views_like(views_[i]) != num_views_like(views_[j])) continue;
        const auto words = contradiction(views_[i], views_[j]);
        if (!words) continue;
        for (const std::size_t index : {i, j}) {
          refuse(views_[index], *words);
          lost_.push_back(views_[index].domain);
          dropped.push_back(index);
        }
      }
    }
    for (std::size_t i = views_.size(); i-- > 0;) {
      if (std::ranges::count(dropped, i) > 0) {
        views_.erase(views_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }

  [[nodiscard]] std::ptrdiff_t num_views_like(const RaplView& view) const {
    return std::ranges::count_if(views_, [&](const RaplView& other) {
      return other.way == view.way && other.domain.kind == view.domain.kind &&
             other.domain.socket == view.domain.socket;
    });
  }

  [[nodiscard]] const RaplView* find_added(const RaplDomain& domain) const {
    const auto found = std::ranges::find_if(
        added_, [&](const RaplView& view) { return is_same_energy(view.domain, domain); });
    return found == added_.end() ? nullptr : &*found;
  }

  void choose(RaplView view) {
    const ChannelKind kind = view.domain.kind;
    if (kind == ChannelKind::Package || kind == ChannelKind::Dram) {
      choose_added(std::move(view));
    } else if (std::ranges::none_of(shown_, [&](const Shown& other) {
                 return is_same_energy(other.view.domain, view.domain);
               })) {
      const std::string id = "rapl:" + view.domain.text();
      shown_.push_back({std::move(view),
                        id,
                        {},
                        kind == ChannelKind::Platform
                            ? "contains the packages: adding it would count them twice"
                            : "is already part of its package"});
    } else {
      refuse(view, "is the same energy as the one that is shown");
    }
  }

  void choose_added(RaplView view) {
    for (const RaplView& other : added_) {
      const bool is_same = is_same_energy(other.domain, view.domain);
      const bool is_mirror = !is_same && mirrors(other, view);
      if (!is_same && !is_mirror) continue;
      const std::string id = is_mirror ? "rapl:" + view.domain.text() : view.name();
      const std::string words =
          is_mirror ? fmt::format("mirrors {} ({})", other.domain.text(), other.place)
                    : "is the same energy as " + other.place;
      shown_.push_back({std::move(view), id, "rapl:" + other.domain.text(), words});
      return;
    }
    added_.push_back(std::move(view));
  }

  /// Packages that can be read stand for the machine only together with all the others, and so
  /// does memory.
  void drop_an_incomplete_machine() {
    add_lost_sockets();
    const RaplDomain* package = first_lost(ChannelKind::Package);
    const RaplDomain* memory = first_lost(ChannelKind::Dram);
    const bool has_package =
        std::ranges::count(added_, ChannelKind::Package,
                           [](const RaplView& view) { return view.domain.kind; }) > 0;
    std::erase_if(added_, [&](const RaplView& view) {
      const RaplDomain* missing =
          package != nullptr || view.domain.kind == ChannelKind::Package ? package : memory;
      if (missing == nullptr && has_package) return false;
      refuse(view, missing != nullptr
                       ? fmt::format("not used without {}, which cannot be read", missing->text())
                       : std::string("not used without its package"));
      return true;
    });
    std::erase_if(shown_, [&](Shown& shown) {
      if (shown.contained_in.empty()) shown.contained_in = container_of(shown.view.domain);
      const bool is_whole = shown.view.domain.kind == ChannelKind::Platform;
      if (is_whole || is_added(shown.contained_in)) return false;
      refuse(shown.view, "not shown without its package");
      return true;
    });
  }

  void add_lost_sockets() {
    if (added_.empty()) return;
    for (const int socket : online_sockets(options_.sysfs_root)) {
      lost_.push_back({socket, std::nullopt, ChannelKind::Package});
    }
  }

  [[nodiscard]] const RaplDomain* first_lost(ChannelKind kind) const {
    const auto found = std::ranges::find_if(lost_, [&](const RaplDomain& domain) {
      return domain.kind == kind && find_added(domain) == nullptr && !is_shown(domain);
    });
    return found == lost_.end() ? nullptr : &*found;
  }

  [[nodiscard]] bool is_shown(const RaplDomain& domain) const {
    return std::ranges::any_of(
        shown_, [&](const Shown& shown) { return is_same_energy(shown.view.domain, domain); });
  }

  [[nodiscard]] std::string container_of(const RaplDomain& domain) const {
    if (domain.kind == ChannelKind::Platform) return {};
    const RaplView* package = find_added({domain.socket, domain.die, ChannelKind::Package});
    return package == nullptr ? std::string() : "rapl:" + package->domain.text();
  }

  [[nodiscard]] bool is_added(const std::string& id) const {
    return std::ranges::any_of(
        added_, [&](const RaplView& view) { return "rapl:" + view.domain.text() == id; });
  }

  OpenedMeters& opened_;
  const RaplOptions& options_;
  std::vector<RaplView> views_;
  std::vector<RaplView> added_;
  std::vector<Shown> shown_;
  std::vector<RaplDomain> lost_;  ///< Real energies that some way cannot show.
};

Channel make_channel(const RaplView& view, const CpuIdentity& cpu) {
  const ChannelKind kind = view.domain.kind;
  Channel channel;
  channel.id = "rapl:" + view.domain.text();
  channel.kind = kind;
  channel.socket = view.domain.socket;
  channel.refresh = kRaplRefresh;
  channel.gain_uncertainty = kind == ChannelKind::Dram      ? 0.10
                             : cpu.vendor == "GenuineIntel" ? 0.05
                                                            : 0.15;
  channel.source = fmt::format("RAPL counter of {} through {} ({})", view.domain.text(),
                               view.way == RaplWay::Perf ? "perf" : "powercap", view.place);
  if (cpu.is_virtual) {
    channel.provenance = Provenance::Modelled;
    channel.gain_uncertainty = 0.20;
    channel.source += ", which the host of this virtual machine apportions";
  }
  return channel;
}

std::unique_ptr<Meter> make_meter(const RaplView& view, Channel channel, MonotonicTime now) {
  std::unique_ptr<Meter> meter;
  if (view.way == RaplWay::Perf) {
    meter = std::make_unique<OftenReadMeter>(std::move(channel), view.limits, view.read_raw,
                                             kLongestPerfGap);
  } else {
    meter = std::make_unique<CounterMeter>(std::move(channel), view.limits, view.read_raw);
  }
  static_cast<void>(meter->read(now));
  return meter;
}

/// The psys that includes a socket, if one is shown: that of the socket, or the only one.
std::optional<std::string> platform_of(const Selection& selection, std::optional<int> socket) {
  std::optional<std::string> whole;
  for (const auto& shown : selection.shown()) {
    if (shown.view.domain.kind != ChannelKind::Platform) continue;
    if (shown.view.domain.socket == socket) return shown.id;
    if (!shown.view.domain.socket) whole = shown.id;
  }
  return whole;
}

}  // namespace

std::string RaplDomain::text() const {
  if (kind == ChannelKind::Platform) return socket ? fmt::format("psys-{}", *socket) : "psys";
  std::string name = socket ? fmt::format("package-{}", *socket) : "package";
  if (die) name += fmt::format("-die-{}", *die);
  if (kind != ChannelKind::Package) name += ":" + std::string(to_text(kind));
  return name;
}

bool is_same_energy(const RaplDomain& one, const RaplDomain& other) {
  return one.kind == other.kind && one.socket == other.socket &&
         (!one.die || !other.die || one.die == other.die);
}

std::string_view to_text(RaplWay way) {
  return way == RaplWay::Perf ? "perf" : way == RaplWay::Powercap ? "powercap" : "mmio";
}

std::string RaplView::name() const {
  return fmt::format("{}:{}", to_text(way), domain.text());
}

Watts rapl_power_limit(ChannelKind kind, std::optional<Watts> rated) {
  if (kind == ChannelKind::Platform) return kPlatformLimit;
  const Watts least = kind == ChannelKind::Dram ? kLeastDramLimit : kLeastPackageLimit;
  if (rated) return std::max(least, *rated * 2.0);
  return kind == ChannelKind::Dram ? kLeastDramLimit : kUnratedPackageLimit;
}

OpenedMeters open_rapl(const Clock& clock, const RaplOptions& options) {
  OpenedMeters opened;
  const CpuIdentity cpu =
      parse_cpu_identity(read_small_file(options.proc_root / "cpuinfo").value_or(""));
  const Selection selection(opened, options, cpu);
  for (const RaplView& view : selection.added()) {
    Channel channel = make_channel(view, cpu);
    channel.contained_in = platform_of(selection, view.domain.socket);
    opened.notes.push_back({view.name(), BackendState::Used, channel.source});
    opened.meters.push_back(make_meter(view, std::move(channel), clock.now()));
  }
  for (const auto& [view, id, contained_in, words] : selection.shown()) {
    Channel channel = make_channel(view, cpu);
    channel.id = id;
    if (!contained_in.empty()) channel.contained_in = contained_in;
    opened.notes.push_back({view.name(), BackendState::Used,
                            fmt::format("{}: shown, not added: {}", view.place, words)});
    opened.observed.push_back(make_meter(view, std::move(channel), clock.now()));
  }
  return opened;
}

}  // namespace wattune::energy
