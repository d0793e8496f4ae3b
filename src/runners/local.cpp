#include "wattune/runners/local.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "descendants.hpp"
#include "local_runner.hpp"
#include "program_inputs.hpp"
#include "trial_power_limit.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::runners {
namespace {

namespace fs = std::filesystem;
using trial::Outcome;
using trial::Verdict;

/// Ticks for edges take at most this share of the engine's time: 1 / kTickShare.
constexpr double kTickShare = 20.0;
constexpr Seconds kShortestTick{0.001};
/// After SIGKILL; a process that is still there then hangs in the kernel.
constexpr Seconds kKillPatience{5.0};
constexpr Seconds kKillPeriod{0.02};

LocalRunnerOptions checked(LocalRunnerOptions options, const space::Space& space) {
  if (options.command.is_empty()) throw ConfigError("runner: no command");
  options.command.check(space);
  if (options.slots.cores.empty()) options.slots.cores = allowed_cores();
  options.files_dir = fs::absolute(options.files_dir).lexically_normal();
  options.working_directory = fs::absolute(options.working_directory).lexically_normal();
  std::error_code error;
  fs::create_directories(options.files_dir, error);
  if (error) {
    throw ConfigError(
        fmt::format("runner: cannot make {}: {}", options.files_dir.string(), error.message()));
  }
  if (!fs::is_directory(options.working_directory)) {
    throw ConfigError(
        fmt::format("runner: there is no directory {}", options.working_directory.string()));
  }
  if (!options.capture.empty()) {  // refuses bad patterns now rather than at the first trial
    static_cast<void>(Capture(options.capture, options.required_metrics));
  }
  return options;
}

}  // namespace

LocalRunner::LocalRunner(LocalRunnerOptions options, energy::EnergyAccountant& accountant,
                         space::Space space, const Clock& clock)
    : options_(checked(std::move(options), space)),
      accountant_(accountant),
      space_(std::move(space)),
      clock_(clock),
      slots_(options_.slots),
      oom_counter_(options_.oom_counters),
      cooling_(options_),
      last_tick_(clock.now()),
      metered_at_(last_tick_),
      overhead_(accountant, last_tick_) {
  adopt_orphans();
  for (const pid_t pid : processes_marked_below(options_.files_dir)) {
    signal_with_group(pid, SIGKILL);
  }
}

// ---- starting ------------------------------------------------------------------------------

Preparation LocalRunner::prepare(const std::vector<DeviceTemperature>& idle_temperatures) {
  if (!active_.empty()) {
    cooling_.forget();
    return {};
  }
  const auto wait = cooling_.look(clock_.now(), idle_temperatures);
  if (!wait) return {};
  static_cast<void>(poll_once(wait->at_most));
  tick();
  return {false, wait->why, take_events()};
}

/// The GPUs that other trials have are no concern of this one.
void LocalRunner::look_at_devices(TrialId trial, const Slot& slot) {
  if (!options_.read_devices) return;
  trial::DevicesSeen seen{trial, options_.read_devices(), cooling_.take_record()};
  std::erase_if(seen.state.gpus, [&](const DeviceState::Gpu& gpu) {
    return std::ranges::find(slot.gpus, gpu.uuid) == slot.gpus.end();
  });
  if (seen.state == DeviceState{} && !seen.cooldown) return;
  events_.emplace_back(std::move(seen));
}

void LocalRunner::start(const Launch& launch) {
  const TrialId trial = launch.assignment.trial;
  WATTUNE_REQUIRE(!active_.contains(trial));
  std::optional<Slot> slot = slots_.take();
  WATTUNE_REQUIRE(slot.has_value());
  // Before the tick: limits, and reading the devices, are no work of the trial.
  const Result<void> limited =
      limit_power(options_.power_limits, space_, launch.configuration, slot->gpus);
  look_at_devices(trial, *slot);
  tick();
  auto active = std::make_unique<Active>();
  active->launch = launch;
  active->oom_count = oom_counter_.read();
  const bool is_pinned = options_.slots.cores_per_trial > 0;
  active->account = accountant_.open(
      {slot->num_cores_reserved, slot->gpus, is_pinned ? slot->cores : std::vector<int>{}});
  active->start = accountant_.mark(active->account);
  active->edge = active->start;
  Result<std::unique_ptr<TrialProcess>> process =
      limited.and_then([&] { return start_process(launch, *slot); });
  if (!process) {
    accountant_.close(active->account);
    std::string detail = process.error().message + unlimit_power(options_.power_limits, slot->gpus);
    slots_.give_back(std::move(*slot));
    events_.push_back(trial::AssignmentEnded{trial, Outcome::FailedStart, std::move(detail),
                                             Seconds{}, accountant_.since(active->edge)});
    overhead_.note_ended_trial();
    return;
  }
  active->process = std::move(*process);
  active->slot = std::move(*slot);
  active->started = last_tick_;
  active->edge_at = last_tick_;
  active->power_mark = active->edge;
  active->power_since = last_tick_;
  active->last_word = last_tick_;
  active->logged_bytes = active->process->folder().logged_bytes();
  if (launch.resume_from) active->last_step = launch.resume_from->step;
  active->has_checkpoint = launch.resume_from.has_value();
  if (!options_.capture.empty()) {
    active->capture.emplace(options_.capture, options_.required_metrics);
  }
  active_.emplace(trial, std::move(active));
}

Result<std::unique_ptr<TrialProcess>> LocalRunner::start_process(const Launch& launch,
                                                                 const Slot& slot) const {
  Result<TrialFolder> folder = TrialFolder::open(options_.files_dir, launch.assignment.trial);
  if (!folder) return tl::unexpected(folder.error());
  const ProgramInputs inputs{options_, space_, slots_, launch, slot, *folder};
  const Result<void> written = folder->write_config(config_json(inputs));
  if (!written) return tl::unexpected(written.error());
  ChildSpec spec = child_spec(inputs);
  std::optional<energy::Cgroup> group;
  if (options_.trial_groups != nullptr) {
    Result<energy::Cgroup> made =
        options_.trial_groups->make("trial-" + std::to_string(launch.assignment.trial.number()));
    if (made) group.emplace(std::move(*made));
  }
  return TrialProcess::start(std::move(spec), std::move(*folder), !options_.capture.empty(),
                             std::move(group));
}

// ---- one round of waiting ------------------------------------------------------------------

std::vector<trial::Event> LocalRunner::wait(Seconds at_most) {
  const MonotonicTime until = after(clock_.now(), at_most);
  while (events_.empty()) {
    const Seconds left = elapsed(clock_.now(), std::min(until, next_deadline()));
    const bool was_interrupted = !poll_once(std::max(left, Seconds{}));
    if (elapsed(metered_at_, clock_.now()) >= options_.metering_interval) meter_powers();
    std::vector<Active*> all;
    for (const auto& [trial, active] : active_) all.push_back(active.get());
    for (Active* active : all) serve(*active);
    book_overhead();
    if (was_interrupted || clock_.now() >= until) break;
  }
  return take_events();
}

/// Gives false where a signal came.
bool LocalRunner::poll_once(Seconds at_most) {
  std::vector<pollfd> watched;
  for (const auto& [trial, active] : active_) active->process->add_watched(watched);
  const double nanoseconds = std::ceil(at_most.value() * 1e9);
  const auto whole = static_cast<std::int64_t>(std::min(nanoseconds, 1e18));
  const timespec timeout{whole / 1'000'000'000, whole % 1'000'000'000};
  const int result = ::ppoll(watched.data(), watched.size(), &timeout, nullptr);
  return result >= 0 || errno != EINTR;
}

/// The earliest moment at which something is due without anybody saying a word.
MonotonicTime LocalRunner::next_deadline() const {
  MonotonicTime earliest = after(metered_at_, options_.metering_interval);
  const auto at = [&](MonotonicTime time) { earliest = std::min(earliest, time); };
  for (const auto& [trial, active] : active_) {
    if (active->is_held_back) at(last_tick_);
    if (active->stage_ends) at(*active->stage_ends);
    if (active->stage != Stage::Running) continue;
    if (active->must_obey_by) at(*active->must_obey_by);
    if (options_.time_limit) at(after(active->started, *options_.time_limit));
    if (options_.silence_limit && active->num_unanswered == 0) {
      at(after(active->last_word, *options_.silence_limit));
    }
  }
  return earliest;
}

/// Reads what a trial has said, then looks at the clock and at its end. May destroy `active`.
void LocalRunner::serve(Active& active) {
  if (active.stage != Stage::Draining) {
    active.process->flush();
    const bool has_ended = active.process->has_ended();
    read_messages(active, has_ended);
    if (has_ended) {
      if (active.num_unanswered > 0 && !active.is_held_back) {
        active.is_held_back = true;
        return;
      }
      // After a grace period that was used up nobody is asked again.
      if (active.stage == Stage::Killing) active.kill_from = clock_.now();
      active.stage = Stage::Draining;
      active.stage_ends.reset();
    }
  }
  if (active.stage == Stage::Draining) {
    if (drain(active)) finish(active);
    return;
  }
  keep_time(active);
}

void LocalRunner::keep_time(Active& active) {
  const MonotonicTime now = clock_.now();
  if (active.stage == Stage::Running) {
    keep_obedience(active, now);
    if (options_.time_limit && elapsed(active.started, now) >= *options_.time_limit) {
      terminate(active,
                {Outcome::FailedTimeout, fmt::format("ran for longer than its time limit of {}",
                                                     duration_text(*options_.time_limit))});
    }
    const bool may_be_silent = active.num_unanswered > 0 || !options_.silence_limit;
    if (may_be_silent || elapsed(active.last_word, now) < *options_.silence_limit) return;
    if (look_for_output(active)) return;
    terminate(active, {Outcome::FailedSilent,
                       fmt::format("said nothing for {}", duration_text(*options_.silence_limit))});
    return;
  }
  if (active.stage_ends && now >= *active.stage_ends) {
    active.process->signal_all(SIGKILL);
    active.stage = Stage::Killing;
    active.stage_ends = after(now, kKillPatience);
  }
}

/// Whether anything was written to the logs since the last look.
bool LocalRunner::look_for_output(Active& active) {
  const long long logged = active.process->folder().logged_bytes();
  if (std::exchange(active.logged_bytes, logged) == logged) return false;
  active.last_word = clock_.now();
  return true;
}

/// A program that was told to pause or stop and knows it has to end in time.
void LocalRunner::keep_obedience(Active& active, MonotonicTime now) {
  if (!active.told) return;
  if (!active.must_obey_by && (active.capture || active.process->has_read_answers())) {
    active.must_obey_by = after(now, options_.obey_limit);
  }
  if (!active.must_obey_by || now < *active.must_obey_by) return;
  const std::string why =
      fmt::format("did not end within {} after it was told to", duration_text(options_.obey_limit));
  if (active.told == Verdict::Pause) {
    terminate(active, {Outcome::Interrupted, why, true});
  } else {
    terminate(active, {Outcome::Stopped, why});
  }
}

// ---- how they end --------------------------------------------------------------------------

void LocalRunner::end(TrialId trial, Outcome outcome) {
  const auto found = active_.find(trial);
  if (found == active_.end()) return;
  terminate(*found->second, {outcome, ""});
}

/// Politely first. The first reason stays.
void LocalRunner::terminate(Active& active, ForcedEnd why) {
  if (active.stage != Stage::Running || active.forced) return;
  active.forced = std::move(why);
  if (active.process->has_ended()) return;  // the reason holds, the end comes by itself
  active.stage = Stage::Terminating;
  active.stage_ends = after(clock_.now(), options_.grace);
  active.process->signal_all(SIGTERM);
}

/// Ends what the program has left running. Gives true once nothing is left.
bool LocalRunner::drain(Active& active) {
  const MonotonicTime now = clock_.now();
  find_orphans();
  if (!active.process->has_orphans()) return true;
  if (!active.kill_from) {
    active.process->signal_all(SIGTERM);
    active.kill_from = after(now, options_.grace);
    active.stage_ends = active.kill_from;
  }
  if (now < *active.kill_from) return false;
  if (elapsed(*active.kill_from, now) > kKillPatience) {
    return true;  // what even SIGKILL does not end hangs in the kernel
  }
  // Again and again: one that forks while it is killed leaves a new one.
  active.process->signal_all(SIGKILL);
  active.stage_ends = after(now, kKillPeriod);
  return false;
}

void LocalRunner::find_orphans() {
  std::vector<TrialProcess*> processes;
  for (const auto& [trial, active] : active_) processes.push_back(active->process.get());
  orphans_.look(processes);
}

void LocalRunner::finish(Active& active) {
  const TrialId trial = active.launch.assignment.trial;
  EndFacts facts;
  facts.stderr_tail = active.process->folder().stderr_tail();
  facts.exit = active.process->take_exit();
  facts.forced = active.forced;
  facts.told = active.told;
  facts.has_checkpoint = active.has_checkpoint;
  facts.is_at_max = options_.resource.unit != trial::ResourceUnit::Run && active.last_step &&
                    *active.last_step >= options_.resource.max;
  facts.was_out_of_memory = oom_counter_.read() > active.oom_count;
  for (const std::string& name : options_.required_metrics) {
    if (!active.metrics_seen.contains(name)) facts.missing_metrics.push_back(name);
  }
  Ending ending = decide_ending(facts);
  tick();
  ending.detail += unlimit_power(options_.power_limits, active.slot.gpus);
  events_.push_back(trial::AssignmentMetered{trial, accountant_.node_since(active.start),
                                             accountant_.foreign_share_since(active.start),
                                             accountant_.take_notes()});
  events_.push_back(trial::AssignmentEnded{trial, ending.outcome, ending.detail,
                                           elapsed(active.edge_at, last_tick_),
                                           accountant_.since(active.edge)});
  accountant_.close(active.account);
  slots_.give_back(std::move(active.slot));
  active_.erase(trial);
  overhead_.note_ended_trial();
}

// ---- energy --------------------------------------------------------------------------------

void LocalRunner::tick() {
  const MonotonicTime now = clock_.now();
  activities_.clear();
  for (const auto& [trial, active] : active_) {
    activities_.push_back({active->account, active->process->cpu_time()});
  }
  accountant_.tick(now, activities_);
  last_tick_ = now;
  tick_cost_ = elapsed(now, clock_.now());
}

/// A tick unless the last one was a moment ago: many trials that report at once share one, and a
/// flood of reports does not make a flood of readings.
void LocalRunner::tick_for_edge() {
  const Seconds pause = std::max(kShortestTick, tick_cost_ * kTickShare);
  if (elapsed(last_tick_, clock_.now()) >= pause) tick();
}

void LocalRunner::meter_powers() {
  if (!active_.empty()) find_orphans();
  tick();
  metered_at_ = last_tick_;
  for (const auto& [trial, active] : active_) {
    if (options_.silence_limit) look_for_output(*active);
    const Seconds duration = elapsed(active->power_since, last_tick_);
    if (duration <= Seconds{}) continue;
    const EnergyFigure energy = accountant_.since(active->power_mark);
    active->power.reset();
    if (!energy.is_missing()) active->power = energy.total().joules() / duration;
    active->power_mark = accountant_.mark(active->account);
    active->power_since = last_tick_;
  }
}

/// After trials have ended or after a while.
void LocalRunner::book_overhead() {
  if (overhead_.is_due(last_tick_, options_.booking_interval)) {
    events_.emplace_back(overhead_.take(last_tick_));
  }
}

std::vector<trial::Event> LocalRunner::take_events() {
  book_overhead();
  return std::exchange(events_, {});
}

trial::IdleMeasured LocalRunner::measure_idle(Seconds duration) {
  WATTUNE_REQUIRE(active_.empty());
  tick();
  overhead_.hold(last_tick_);
  const auto engine = accountant_.mark(accountant_.engine());
  const auto rest = accountant_.mark(accountant_.rest());
  const MonotonicTime begun = last_tick_;
  while (elapsed(begun, clock_.now()) < duration) {
    const Seconds left = duration - elapsed(begun, clock_.now());
    const bool is_quiet = poll_once(std::min(left, options_.metering_interval));
    tick();
    if (!is_quiet) break;  // the user wants something else
  }
  trial::IdleMeasured measured;
  measured.duration = elapsed(begun, last_tick_);
  measured.energy = accountant_.since(engine) + accountant_.since(rest);
  if (measured.duration > Seconds{}) {
    measured.power = measured.energy.total().joules() / measured.duration;
  }
  overhead_.go_on(last_tick_);
  return measured;
}

std::vector<Running> LocalRunner::running() const {
  std::vector<Running> all;
  const MonotonicTime now = clock_.now();
  for (const auto& [trial, active] : active_) {
    all.push_back({trial, elapsed(active->started, now), active->power});
  }
  return all;
}

std::unique_ptr<Runner> make_local_runner(LocalRunnerOptions options,
                                          energy::EnergyAccountant& accountant, space::Space space,
                                          const Clock& clock) {
  return std::make_unique<LocalRunner>(std::move(options), accountant, std::move(space), clock);
}

}  // namespace wattune::runners
