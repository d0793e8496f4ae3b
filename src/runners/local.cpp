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
#include "oom_counter.hpp"
#include "outcome.hpp"
#include "trial_power_limit.hpp"
#include "trial_process.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

// The stages of an assignment:
//
//   Running --- end, a limit, a broken rule ---> Terminating --- grace is over ---> Killing
//      |                                             |                                |
//      +--- the program ends ---> Draining <---------+--------------------------------+
//                                    |   SIGTERM to orphans, SIGKILL after the grace period
//                                    v
//                              AssignmentEnded

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

enum class Stage : std::uint8_t { Running, Terminating, Killing, Draining };

struct OpenPhase {
  std::string name;
  energy::EnergyAccountant::Mark mark;
  MonotonicTime begun;
};

/// An assignment that runs now.
struct Active {
  Launch launch;
  Slot slot;
  std::unique_ptr<TrialProcess> process;
  std::optional<Capture> capture;
  Stage stage = Stage::Running;
  std::optional<MonotonicTime> stage_ends;  ///< When the next, harder step is due.
  std::optional<MonotonicTime> kill_from;   ///< When orphans get SIGKILL.
  std::optional<ForcedEnd> forced;

  energy::AccountId account;
  energy::EnergyAccountant::Mark start;
  energy::EnergyAccountant::Mark edge;  ///< Start or last report.
  MonotonicTime edge_at;
  MonotonicTime started;
  energy::EnergyAccountant::Mark power_mark;
  MonotonicTime power_since;
  std::optional<Watts> power;
  std::optional<OpenPhase> phase;

  std::optional<double> last_step;
  std::set<std::string> metrics_seen;
  bool has_checkpoint = false;
  std::size_t num_unanswered = 0;
  bool is_held_back = false;    ///< Its end waits for an answer; see local.hpp.
  std::optional<Verdict> told;  ///< Pause or Stop.
  std::optional<MonotonicTime> must_obey_by;

  MonotonicTime last_word;
  long long logged_bytes = 0;
  std::uint64_t oom_count = 0;
};

/// A program that knew that it is measured again might behave otherwise.
trial::Purpose told_purpose(trial::Purpose purpose) {
  return purpose == trial::Purpose::Finalist ? trial::Purpose::Search : purpose;
}

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

class LocalRunner final : public Runner {
 public:
  LocalRunner(LocalRunnerOptions options, energy::EnergyAccountant& accountant, space::Space space,
              const Clock& clock);
  ~LocalRunner() override = default;

  [[nodiscard]] std::size_t num_free_slots() const override { return slots_.num_free(); }
  [[nodiscard]] Preparation prepare(
      const std::vector<DeviceTemperature>& idle_temperatures) override;
  void start(const Launch& launch) override;
  [[nodiscard]] std::vector<trial::Event> wait(Seconds at_most) override;
  void answer(TrialId trial, Verdict verdict, double until) override;
  void end(TrialId trial, Outcome outcome) override;
  [[nodiscard]] trial::IdleMeasured measure_idle(Seconds duration) override;
  [[nodiscard]] std::vector<Running> running() const override;
  [[nodiscard]] Unbooked unbooked() override;
  [[nodiscard]] std::vector<trial::Event> finish() override;

 private:
  // starting
  [[nodiscard]] std::string too_warm_text();
  void look_at_devices(TrialId trial, const Slot& slot);
  [[nodiscard]] Result<std::unique_ptr<TrialProcess>> start_process(const Launch& launch,
                                                                    const Slot& slot) const;
  [[nodiscard]] nlohmann::ordered_json config_json(const Launch& launch, const Slot& slot,
                                                   const TrialFolder& folder) const;
  [[nodiscard]] std::map<std::string, std::string> environment(const Launch& launch,
                                                               const Slot& slot,
                                                               const TrialFolder& folder) const;

  // one round of waiting
  bool poll_once(Seconds at_most);
  void serve(Active& active);
  void keep_time(Active& active);
  bool look_for_output(Active& active);
  void keep_obedience(Active& active, MonotonicTime now);
  [[nodiscard]] MonotonicTime next_deadline() const;

  // what programs say
  void read_messages(Active& active, bool to_the_end);
  bool take_line(Active& active, std::string_view line, bool is_last);
  void take(Active& active, const ReportMessage& report);
  void take(Active& active, const PhaseMessage& phase);
  void take(Active& active, const CheckpointMessage& checkpoint);
  void take(Active& active, const InfoMessage& info);
  void tell(Active& active, Verdict verdict, double until);

  // how they end
  void terminate(Active& active, ForcedEnd why);
  bool drain(Active& active);
  void finish(Active& active);
  void find_orphans();

  // energy
  void tick();
  void tick_for_edge();
  void meter_powers();
  void book_overhead_where_due();
  void book_overhead();
  [[nodiscard]] std::vector<trial::Event> take_events();

  LocalRunnerOptions options_;
  energy::EnergyAccountant& accountant_;
  space::Space space_;
  const Clock& clock_;
  SlotPool slots_;
  OomCounter oom_counter_;
  std::map<TrialId, std::unique_ptr<Active>> active_;
  std::vector<trial::Event> events_;
  bool has_ended_trials_ = false;   // since the last batch
  std::set<pid_t> dead_strangers_;  // children that nobody here knows and nobody has waited for

  std::vector<DeviceTemperature> idle_temperatures_;  // the lowest seen while nothing ran
  std::optional<MonotonicTime> cooling_since_;
  std::optional<trial::CoolDown> cooldown_;  // of the assignment that starts next

  std::vector<energy::Activity> activities_;
  MonotonicTime last_tick_;
  MonotonicTime metered_at_;
  Seconds tick_cost_;
  energy::EnergyAccountant::Mark engine_mark_;
  energy::EnergyAccountant::Mark rest_mark_;
  MonotonicTime booked_at_;
  EnergyFigure unbooked_engine_;
  EnergyFigure unbooked_rest_;
  Seconds unbooked_duration_;
};

LocalRunner::LocalRunner(LocalRunnerOptions options, energy::EnergyAccountant& accountant,
                         space::Space space, const Clock& clock)
    : options_(checked(std::move(options), space)),
      accountant_(accountant),
      space_(std::move(space)),
      clock_(clock),
      slots_(options_.slots),
      oom_counter_(options_.oom_counters) {
  adopt_orphans();
  for (const pid_t pid : processes_marked_below(options_.files_dir)) {
    signal_with_group(pid, SIGKILL);
  }
  engine_mark_ = accountant_.mark(accountant_.engine());
  rest_mark_ = accountant_.mark(accountant_.rest());
  last_tick_ = clock_.now();
  metered_at_ = last_tick_;
  booked_at_ = last_tick_;
}

// ---- starting ------------------------------------------------------------------------------

Preparation LocalRunner::prepare(const std::vector<DeviceTemperature>& idle_temperatures) {
  if (!options_.cooldown || !options_.read_devices || !active_.empty()) {
    cooling_since_.reset();
    cooldown_.reset();
    return {};
  }
  idle_temperatures_ = lowest(std::move(idle_temperatures_), idle_temperatures);
  const MonotonicTime now = clock_.now();
  if (!cooling_since_) cooling_since_ = now;
  const std::string too_warm = too_warm_text();
  const Seconds left = elapsed(now, after(*cooling_since_, options_.cooldown->at_most));
  if (!too_warm.empty() && left > Seconds{}) {
    static_cast<void>(poll_once(std::min(left, options_.cooldown->period)));
    tick();
    return {false, too_warm, take_events()};
  }
  cooldown_ = trial::CoolDown{elapsed(*cooling_since_, now), too_warm.empty(), idle_temperatures_};
  cooling_since_.reset();
  return {};
}

/// Which devices that trials use are warmer than an assignment may find them; empty for none.
/// Nothing runs while this is asked.
std::string LocalRunner::too_warm_text() {
  DeviceState state = options_.read_devices();
  if (options_.slots.gpus_per_trial == 0) state.gpus.clear();
  const std::vector<DeviceTemperature> now = temperatures_of(state);
  idle_temperatures_ = lowest(std::move(idle_temperatures_), now);
  if (now.empty()) return "cooling down: no temperature is told";
  std::string text;
  for (const DeviceTemperature& each : now) {
    const auto reference =
        std::ranges::find(idle_temperatures_, each.device, &DeviceTemperature::device);
    const Celsius limit =
        options_.cooldown->until.value_or(reference->temperature + options_.cooldown->margin);
    if (each.temperature <= limit) continue;
    text += fmt::format("{} {} to {} C", text.empty() ? "cooling down:" : ",", each.device,
                        number_text(limit.value()));
  }
  return text;
}

/// The GPUs that other trials have are no concern of this one.
void LocalRunner::look_at_devices(TrialId trial, const Slot& slot) {
  if (!options_.read_devices) return;
  trial::DevicesSeen seen{trial, options_.read_devices(), std::exchange(cooldown_, std::nullopt)};
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
    has_ended_trials_ = true;
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
  const Result<void> written = folder->write_config(config_json(launch, slot, *folder));
  if (!written) return tl::unexpected(written.error());
  BuiltinValues values;
  values.trial = std::to_string(launch.assignment.trial.number());
  values.seed = std::to_string(launch.seed);
  values.config = folder->config_path().string();
  values.checkpoint_dir = folder->path().string();
  values.resource_to = number_text(launch.assignment.to);
  values.resource_max = number_text(options_.resource.max);
  ChildSpec spec;
  spec.arguments = options_.command.expand(space_, launch.configuration, values);
  spec.environment = environment(launch, slot, *folder);
  spec.working_directory = options_.working_directory;
  if (options_.slots.cores_per_trial > 0) spec.cores = slot.cores;
  std::optional<energy::Cgroup> group;
  if (options_.trial_groups != nullptr) {
    Result<energy::Cgroup> made = options_.trial_groups->make("trial-" + values.trial);
    if (made) group.emplace(std::move(*made));
  }
  return TrialProcess::start(std::move(spec), std::move(*folder), !options_.capture.empty(),
                             std::move(group));
}

nlohmann::ordered_json LocalRunner::config_json(const Launch& launch, const Slot& slot,
                                                const TrialFolder& folder) const {
  using nlohmann::ordered_json;
  const trial::Assignment& assignment = launch.assignment;
  ordered_json resource = {{"unit", trial::to_text(options_.resource.unit)},
                           {"from", assignment.from},
                           {"to", assignment.to},
                           {"max", options_.resource.max}};
  if (assignment.report_every) resource["report_every"] = *assignment.report_every;
  ordered_json resume_from;
  if (launch.resume_from) resume_from = launch.resume_from->path;
  return {{"protocol", 1},
          {"study", options_.study},
          {"trial", assignment.trial.number()},
          {"seed", launch.seed},
          {"purpose", trial::to_text(told_purpose(launch.purpose))},
          {"parameters", ordered_json(space_.to_json(launch.configuration))},
          {"resource", resource},
          {"checkpoint", {{"dir", folder.path().string()}, {"resume_from", resume_from}}},
          {"slot", {{"cores", slot.cores}, {"gpus", slot.gpus}}}};
}

std::map<std::string, std::string> LocalRunner::environment(const Launch& launch, const Slot& slot,
                                                            const TrialFolder& folder) const {
  std::map<std::string, std::string> variables = options_.base_environment;
  const auto set = [&](const std::map<std::string, std::string>& others) {
    for (const auto& [name, value] : others) variables[name] = value;
  };
  set(slots_.environment(slot));
  // A line that waits in the program's buffer cannot be captured.
  if (!options_.capture.empty()) variables["PYTHONUNBUFFERED"] = "1";
  set(options_.environment);
  set({{"WATTUNE_PROTOCOL", "1"},
       {"WATTUNE_CHANNEL", std::to_string(kChannelNumber)},
       {"WATTUNE_CONFIG", folder.config_path().string()},
       {"WATTUNE_STUDY", options_.study},
       {"WATTUNE_TRIAL", std::to_string(launch.assignment.trial.number())},
       {"WATTUNE_SEED", std::to_string(launch.seed)},
       {kMarkVariable, folder.path().string()}});
  const auto parameters = space_.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!launch.configuration.is_active(i)) continue;
    variables["WATTUNE_PARAM_" + parameters[i].name] =
        space_.value_text(i, launch.configuration[i]);
  }
  return variables;
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
    book_overhead_where_due();
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

// ---- what programs say ---------------------------------------------------------------------

void LocalRunner::read_messages(Active& active, bool to_the_end) {
  const bool has_written = active.process->read_channel(
      to_the_end, [&](std::string_view line) { return take_line(active, line, to_the_end); });
  bool has_printed = false;
  if (active.capture) {
    has_printed = active.process->read_stdout(to_the_end, [&](std::string_view line) {
      const std::optional<ReportMessage> report = active.capture->read(line);
      if (report && !active.forced) take(active, *report);
      return true;
    });
  }
  if (has_written || has_printed) active.last_word = clock_.now();
}

/// Gives false once nothing more is wanted from the trial.
bool LocalRunner::take_line(Active& active, std::string_view line, bool is_last) {
  if (active.forced && trial::is_failure(active.forced->outcome)) return false;
  if (line.empty() || line == "\r") return true;
  const Result<Message> message = parse_message(line);
  if (message) {
    std::visit([&](const auto& each) { take(active, each); }, *message);
    return true;
  }
  // A program that was killed may leave half a line; its exit tells more.
  if (!is_last) terminate(active, {Outcome::FailedProtocol, message.error().message});
  return is_last;
}

void LocalRunner::take(Active& active, const ReportMessage& report) {
  if (const auto name = report.first_not_finite()) {
    terminate(active,
              {Outcome::FailedMetric, fmt::format("metric '{}' at step {} is not a finite number",
                                                  printable(*name), number_text(report.step))});
    return;
  }
  if (active.last_step && report.step <= *active.last_step) {
    terminate(active, {Outcome::FailedProtocol,
                       fmt::format("a report at step {} after one at step {}; steps must grow",
                                   number_text(report.step), number_text(*active.last_step))});
    return;
  }
  tick_for_edge();
  const MonotonicTime now = clock_.now();
  trial::Reported event;
  event.trial = active.launch.assignment.trial;
  event.step = report.step;
  event.samples = report.samples;
  event.duration = elapsed(active.edge_at, now);
  event.energy = accountant_.since(active.edge);
  for (const SentMetric& metric : report.metrics) {
    event.metrics.push_back({metric.name, *metric.value});
    active.metrics_seen.insert(metric.name);
  }
  active.edge = accountant_.mark(active.account);
  active.edge_at = now;
  active.last_step = report.step;
  events_.push_back(std::move(event));
  if (!active.told) {
    ++active.num_unanswered;
  } else if (!active.capture) {
    active.process->send(answer_line(*active.told, 0.0));
  }
}

void LocalRunner::take(Active& active, const PhaseMessage& phase) {
  if (phase.begins == active.phase.has_value() ||
      (!phase.begins && active.phase->name != phase.name)) {
    const std::string open = active.phase ? fmt::format("'{}' is open", active.phase->name)
                                          : std::string("no phase is open");
    terminate(active, {Outcome::FailedProtocol,
                       fmt::format("phase '{}' {}s while {}; phases do not overlap", phase.name,
                                   phase.begins ? "begin" : "end", open)});
    return;
  }
  tick_for_edge();
  const MonotonicTime now = clock_.now();
  if (phase.begins) {
    active.phase = OpenPhase{phase.name, accountant_.mark(active.account), now};
    return;
  }
  events_.push_back(trial::PhaseEnded{active.launch.assignment.trial, phase.name, phase.samples,
                                      elapsed(active.phase->begun, now),
                                      accountant_.since(active.phase->mark)});
  active.phase.reset();
}

void LocalRunner::take(Active& active, const CheckpointMessage& checkpoint) {
  // Relative to the program's working directory, as the program means it.
  const fs::path path = options_.working_directory / checkpoint.path;
  active.has_checkpoint = true;
  events_.push_back(
      trial::CheckpointSaved{active.launch.assignment.trial, checkpoint.step, path.string()});
}

void LocalRunner::take(Active& active, const InfoMessage& info) {
  if (info.values.empty()) return;
  events_.push_back(trial::InfoGiven{active.launch.assignment.trial, info.values});
}

void LocalRunner::answer(TrialId trial, Verdict verdict, double until) {
  const auto found = active_.find(trial);
  if (found == active_.end() || found->second->num_unanswered == 0) return;
  Active& active = *found->second;
  --active.num_unanswered;
  active.last_word = clock_.now();
  tell(active, active.told.value_or(verdict), until);
}

void LocalRunner::tell(Active& active, Verdict verdict, double until) {
  if (!active.capture) active.process->send(answer_line(verdict, until));
  if (verdict == Verdict::Continue || active.told) return;
  active.told = verdict;
  if (!active.capture || active.stage != Stage::Running) return;
  // At the end of a full training the program is about to end by itself.
  const bool is_at_max = active.last_step && *active.last_step >= options_.resource.max;
  if (is_at_max && options_.resource.unit != trial::ResourceUnit::Run) return;
  if (active.process->has_ended()) return;
  if (verdict == Verdict::Pause) {
    terminate(active, {Outcome::Interrupted, "it cannot be paused, so it was ended", true});
  } else {
    terminate(active, {Outcome::Stopped, ""});
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

/// A stranger that has died since the children were listed cannot be told any more, and may have
/// forked before: then the list is read again.
void LocalRunner::find_orphans() {
  bool has_new_dead = true;
  for (int round = 0; has_new_dead && round < 20; ++round) {
    std::set<pid_t> known;
    for (const auto& [trial, active] : active_) {
      known.insert(active->process->pid());
      for (const pid_t orphan : active->process->orphans()) known.insert(orphan);
    }
    const std::vector<pid_t> children = own_children();
    const std::set<pid_t> present(children.begin(), children.end());
    std::erase_if(dead_strangers_, [&](pid_t pid) { return !present.contains(pid); });
    std::vector<pid_t> unknown;
    for (const pid_t pid : children) {
      if (!known.contains(pid) && !dead_strangers_.contains(pid)) unknown.push_back(pid);
    }
    has_new_dead = false;
    for (const auto& [trial, active] : active_) {
      has_new_dead = active->process->look_for_orphans(unknown) || has_new_dead;
    }
    for (const pid_t pid : unknown) {
      const auto facts = read_process_facts(pid);
      if (!facts || facts->is_zombie) {
        dead_strangers_.insert(pid);
        has_new_dead = true;
      }
    }
  }
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
  has_ended_trials_ = true;
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

/// Books what belongs to no trial, after trials have ended or after a while.
void LocalRunner::book_overhead_where_due() {
  const bool is_due = elapsed(booked_at_, last_tick_) >= options_.booking_interval;
  if (has_ended_trials_ || is_due) book_overhead();
}

void LocalRunner::book_overhead() {
  has_ended_trials_ = false;
  trial::OverheadBooked event;
  event.duration = elapsed(booked_at_, last_tick_) + std::exchange(unbooked_duration_, Seconds{});
  event.engine = std::exchange(unbooked_engine_, EnergyFigure{}) + accountant_.since(engine_mark_);
  event.rest = std::exchange(unbooked_rest_, EnergyFigure{}) + accountant_.since(rest_mark_);
  engine_mark_ = accountant_.mark(accountant_.engine());
  rest_mark_ = accountant_.mark(accountant_.rest());
  booked_at_ = last_tick_;
  events_.push_back(event);
}

std::vector<trial::Event> LocalRunner::take_events() {
  book_overhead_where_due();
  return std::exchange(events_, {});
}

Unbooked LocalRunner::unbooked() {
  tick_for_edge();
  Unbooked open;
  for (const auto& [trial, active] : active_) {
    open.trials[trial] = {accountant_.since(active->edge), elapsed(active->edge_at, last_tick_)};
  }
  open.overhead = unbooked_engine_ + unbooked_rest_ + accountant_.since(engine_mark_) +
                  accountant_.since(rest_mark_);
  return open;
}

std::vector<trial::Event> LocalRunner::finish() {
  WATTUNE_REQUIRE(active_.empty());
  tick();
  book_overhead();
  return std::exchange(events_, {});
}

trial::IdleMeasured LocalRunner::measure_idle(Seconds duration) {
  WATTUNE_REQUIRE(active_.empty());
  tick();
  unbooked_engine_ += accountant_.since(engine_mark_);
  unbooked_rest_ += accountant_.since(rest_mark_);
  unbooked_duration_ += elapsed(booked_at_, last_tick_);
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
  engine_mark_ = accountant_.mark(accountant_.engine());
  rest_mark_ = accountant_.mark(accountant_.rest());
  booked_at_ = last_tick_;
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

}  // namespace

std::unique_ptr<Runner> make_local_runner(LocalRunnerOptions options,
                                          energy::EnergyAccountant& accountant, space::Space space,
                                          const Clock& clock) {
  return std::make_unique<LocalRunner>(std::move(options), accountant, std::move(space), clock);
}

}  // namespace wattune::runners
