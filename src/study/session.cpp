#include "session.hpp"

#include <algorithm>
#include <utility>

#include "wattune/base/random.hpp"
#include "wattune/base/require.hpp"

namespace wattune::study {
namespace {

using trial::EndReason;
using trial::Outcome;
using trial::Verdict;

constexpr int kNumTries = 30;
constexpr Seconds kRetryPause{1.0};

tl::unexpected<Error> forward(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

// --- opening -------------------------------------------------------------------------------------

Result<StudyEnd> Session::run() {
  if (auto done = open(); !done) return forward(done.error());
  if (auto end = nothing_to_do()) return *end;
  auto done = begin();
  if (done) done = loop();
  if (done) done = append(parts_.runner.finish());
  if (done) {
    const Ending end = ending_ ? *ending_ : *idle_end_;
    done = append({trial::SessionEnded{end.reason, end.text, parts_.strategy.notes(*history_)}});
    if (done) return StudyEnd{end.reason, end.text, true, keeper_.use()};
  }
  return forward(done.error());
}

Result<void> Session::open() {
  if (auto done = read_log(); !done) return done;
  if (!history_) {
    const trial::StudyCreated created{parts_.problem};
    history_.emplace(parts_.problem);
    if (auto done = append({created}); !done) return done;
  }
  if (auto differs = trial::difference(parts_.problem, history_->problem())) {
    return fail(ErrorKind::Invalid,
                "the study that is stored there is another one: " + *differs +
                    "; give this one another name (`study:`) or another file (--db)");
  }
  earlier_time_ = history_->total_duration();
  collect_unfinished();
  return {};
}

Result<void> Session::read_log() {
  bool begins_well = true;
  const auto done = parts_.storage.read(0, [&](const trial::LoggedEvent& logged) {
    if (const auto* created = std::get_if<trial::StudyCreated>(&logged.event)) {
      history_.emplace(created->problem);
    }
    begins_well = begins_well && history_.has_value();
    if (!begins_well) return;
    history_->apply(logged.event, logged.at);
    orders_.apply(logged.event, logged.at);
    keeper_.apply(logged.event);
    // What a user enqueues between two sessions is no word of the one before.
    if (!std::holds_alternative<trial::ConfigurationEnqueued>(logged.event)) {
      last_write_ = logged.at;
    }
  });
  if (!begins_well) return fail(ErrorKind::Invalid, "the log does not begin with its study");
  return done;
}

/// Trials that the strategy expects to run, in the order of their numbers.
void Session::collect_unfinished() {
  unfinished_.clear();
  for (const auto& [id, order] : orders_.all()) {
    const trial::Trial& trial = history_->trial(id);
    if (!trial.is_running() && was_cut_short(id, order)) unfinished_.push_back(id);
  }
}

/// A pause that the strategy did not decide on was the session's own, for a budget or the user.
bool Session::was_cut_short(TrialId id, const Order& order) const {
  const trial::Trial& trial = history_->trial(id);
  // What was trained in two pieces is no measurement: the strategy begins it anew.
  if (trial.purpose() == trial::Purpose::Finalist) return false;
  return trial.outcome() != Outcome::Paused || order.verdict != Verdict::Pause;
}

std::optional<StudyEnd> Session::nothing_to_do() {
  if (history_->num_running() > 0 || history_->trials().empty()) return std::nullopt;
  if (const auto use = used_up(uses()))
    return StudyEnd{EndReason::Budget, trial::used_up_text(*use), false};
  if (!unfinished_.empty()) return std::nullopt;
  const strategies::Next next = parts_.strategy.next(*history_);
  if (const auto* finished = std::get_if<strategies::Finished>(&next)) {
    return StudyEnd{EndReason::Finished, finished->reason, false};
  }
  const auto* fresh = std::get_if<strategies::NewTrial>(&next);
  if (fresh != nullptr && !may_create(fresh->purpose)) {
    return StudyEnd{EndReason::Budget, trial::used_up_text(uses().front()), false};
  }
  return std::nullopt;
}

/// Writes the begin of the session and closes what the last one left running.
Result<void> Session::begin() {
  std::vector<trial::Event> events;
  std::map<TrialId, Verdict> verdicts;
  judge_running(events, verdicts);
  for (const auto& [id, order] : orders_.all()) {
    if (!history_->trial(id).is_running()) continue;
    const auto fresh = verdicts.find(id);
    events.emplace_back(closing(id, fresh != verdicts.end() ? fresh->second : order.verdict));
  }
  events.insert(events.begin(), trial::SessionStarted{parts_.environment});
  auto done = append(events);
  collect_unfinished();
  clean_checkpoints();
  return done;
}

/// Decides on reports that were written just before the last session was cut off. Reports of
/// earlier appends were decided on before anything else was written.
void Session::judge_running(std::vector<trial::Event>& events,
                            std::map<TrialId, Verdict>& verdicts) {
  for (const auto& [id, order] : orders_.all()) {
    const trial::Trial& trial = history_->trial(id);
    if (!trial.is_running() || order.verdict || order.reported_at != last_write_) continue;
    const Verdict verdict = verdict_on(id);
    if (verdict == Verdict::Continue) continue;
    verdicts[id] = verdict;
    events.emplace_back(trial::Decided{id, trial.program_step(), verdict});
  }
}

/// How the assignment of a process that was lost with its engine ended. Where the trial had
/// already given all that was wanted of it, nothing has to be done again.
trial::AssignmentEnded Session::closing(TrialId id, std::optional<Verdict> verdict) const {
  const trial::Trial& trial = history_->trial(id);
  const auto checkpoint = trial.checkpoint();
  trial::AssignmentEnded end;
  end.trial = id;
  end.detail = "the engine was killed while it ran";
  if (verdict == Verdict::Stop) {
    const auto why = trial_used_up(id);
    end.outcome = why ? Outcome::StoppedBudget : Outcome::Stopped;
    if (why) end.detail = *why;
  } else if (verdict == Verdict::Pause && checkpoint && checkpoint->step >= trial.program_step()) {
    end.outcome = Outcome::Paused;
  } else if (!trial.reports().empty() && trial.step() >= history_->problem().resource.max) {
    end.outcome = Outcome::Completed;
  } else {
    end.outcome = Outcome::Lost;
  }
  // What it drew after its last report is not known: up to about one report's worth. Before its
  // first there is nothing to go by.
  const Joules so_far = trial.energy().total().joules();
  const auto num_reports = static_cast<double>(std::max<std::size_t>(1, trial.reports().size()));
  end.energy.uncertainty = so_far / num_reports;
  if (trial.reports().empty() && so_far == Joules{}) end.energy = missing_energy();
  return end;
}

// --- running -------------------------------------------------------------------------------------

Result<void> Session::loop() {
  while (true) {
    if (auto done = fill_slots(); !done) return give_up(done.error());
    if (history_->num_running() == 0 && backlog_.empty()) break;
    if (auto done = gather(); !done) return give_up(done.error());
  }
  WATTUNE_REQUIRE(ending_ || idle_end_);
  return {};
}

/// Begins to wind down where the user or a budget wants it.
void Session::look_for_end() {
  if (!ending_) {
    if (stop_.wants_pause()) {
      ending_ = Ending{EndReason::Interrupted, "stopped by the user; run it again to go on"};
    } else if (const auto use = used_up(look_at_budgets())) {
      ending_ = Ending{EndReason::Budget, trial::used_up_text(*use)};
    }
    if (ending_ && !parts_.can_pause) {
      end_running(ending_->reason == EndReason::Budget ? Outcome::CutBudget : Outcome::Interrupted);
    }
  }
  if (stop_.wants_end()) end_running(Outcome::Interrupted);
}

void Session::end_running(Outcome outcome) {
  if (has_ended_trials_) return;
  has_ended_trials_ = true;
  for (const auto& [id, order] : orders_.all()) {
    if (history_->trial(id).is_running()) parts_.runner.end(id, outcome);
  }
}

Result<void> Session::fill_slots() {
  idle_end_.reset();
  while (true) {
    look_for_end();
    if (ending_ || parts_.runner.num_free_slots() == 0) return {};
    if (!unfinished_.empty()) {
      const Order& order = orders_.of(unfinished_.front());
      trial::Assignment again = order.assignment;
      const double step = history_->trial(again.trial).step();
      // Who was to pause there does the same work again, and is not on the way to the end.
      const bool was_to_pause = order.verdict == Verdict::Pause;
      if (again.to <= step && !was_to_pause) again.to = history_->problem().resource.max;
      unfinished_.pop_front();
      if (auto done = assign(again); !done) return done;
      continue;
    }
    const auto goes_on = take_next(parts_.strategy.next(*history_));
    if (!goes_on) return forward(goes_on.error());
    if (!*goes_on) return {};
  }
}

/// Does what the strategy wants next; false where the slot stays free for now.
Result<bool> Session::take_next(const strategies::Next& next) {
  Result<void> done;
  if (const auto* fresh = std::get_if<strategies::NewTrial>(&next)) {
    if (!may_create(fresh->purpose)) {
      idle_end_ = Ending{EndReason::Budget, trial::used_up_text(uses().front())};
      return false;
    }
    done = create(*fresh);
  } else if (const auto* resume = std::get_if<strategies::Resume>(&next)) {
    done = assign(resume->assignment);
  } else if (const auto* idle = std::get_if<strategies::MeasureIdle>(&next)) {
    WATTUNE_REQUIRE(history_->num_running() == 0);
    done = append({parts_.runner.measure_idle(idle->duration)});
  } else if (const auto* finished = std::get_if<strategies::Finished>(&next)) {
    idle_end_ = Ending{EndReason::Finished, finished->reason};
    return false;
  } else {
    WATTUNE_REQUIRE(history_->num_running() > 0);
    return false;
  }
  if (!done) return forward(done.error());
  return true;
}

Result<void> Session::create(const strategies::NewTrial& fresh) {
  WATTUNE_REQUIRE(fresh.assignment.trial == history_->next_trial_id());
  return assign(fresh.assignment,
                {trial::TrialCreated{fresh.assignment.trial, fresh.purpose, fresh.origin,
                                     fresh.configuration, fresh.repeat}});
}

/// Lets the machine cool down where the study wants that. Gives false where the study came to its
/// end meanwhile.
bool Session::wait_until_ready() {
  while (true) {
    runners::Preparation preparation = parts_.runner.prepare(history_->idle_temperatures());
    backlog_.insert(backlog_.end(), std::make_move_iterator(preparation.events.begin()),
                    std::make_move_iterator(preparation.events.end()));
    if (preparation.is_ready) return true;
    look_for_end();
    if (ending_) return false;
    parts_.observer.on_idle(*history_, parts_.runner.running(), preparation.waiting_for, uses());
  }
}

/// Writes the assignment down, then starts it from the trial's checkpoint. Does neither where the
/// study came to its end while the machine cooled down.
Result<void> Session::assign(trial::Assignment assignment, std::vector<trial::Event> before) {
  if (!wait_until_ready()) return {};
  const TrialId id = assignment.trial;
  std::optional<trial::Checkpoint> checkpoint;
  if (before.empty()) checkpoint = history_->trial(id).checkpoint();
  const bool is_gone =
      checkpoint && parts_.checkpoints && !parts_.checkpoints->exists(checkpoint->path);
  if (is_gone) checkpoint.reset();  // by the user, or for another strategy: from the beginning
  assignment.from = checkpoint ? checkpoint->position : 0.0;
  before.emplace_back(trial::Assigned{assignment});
  if (auto done = append(before); !done) return done;

  const trial::Trial& trial = history_->trial(id);
  parts_.runner.start(
      {assignment, trial.purpose(), trial.configuration(), seed_of(trial), checkpoint});
  return {};
}

/// Waits for what the trials have to say, writes it down, and answers.
Result<void> Session::gather() {
  std::vector<trial::Event> events = std::exchange(backlog_, {});
  if (events.empty()) events = parts_.runner.wait(longest_wait());
  mark_repeated_work(events);
  mark_completed(events);
  name_cuts(events);
  if (auto done = append(events); !done) return done;
  look_for_end();
  if (auto done = decide(waiting_after(events)); !done) return done;
  const bool has_freed = std::ranges::any_of(events, [](const trial::Event& event) {
    return std::holds_alternative<trial::CheckpointSaved>(event) ||
           std::holds_alternative<trial::AssignmentEnded>(event);
  });
  if (has_freed) clean_checkpoints();
  tell_observer(events.empty());
  return {};
}

/// A report at a step that is on record is work done again: it is charged, and that is all.
void Session::mark_repeated_work(std::vector<trial::Event>& events) const {
  std::map<TrialId, double> steps;
  for (trial::Event& event : events) {
    const auto* reported = std::get_if<trial::Reported>(&event);
    if (reported == nullptr) continue;
    double& step =
        steps.try_emplace(reported->trial, history_->trial(reported->trial).program_step())
            .first->second;
    if (reported->step > step) {
      step = reported->step;
    } else {
      event = trial::WorkRepeated{reported->trial, reported->step, reported->duration,
                                  reported->energy};
    }
  }
}

/// A program that counts what nobody else does cannot know when its training is full: it was told
/// to stop, and is complete all the same.
void Session::mark_completed(std::vector<trial::Event>& events) const {
  const trial::Resource& resource = history_->problem().resource;
  if (!trial::is_metered(resource.unit)) return;
  for (trial::Event& event : events) {
    auto* ended = std::get_if<trial::AssignmentEnded>(&event);
    if (ended == nullptr || ended->outcome != Outcome::Stopped) continue;
    const bool is_full = history_->trial(ended->trial).step() >= resource.max;
    const bool was_stopped = orders_.of(ended->trial).verdict == Verdict::Stop;
    if (is_full && !was_stopped) ended->outcome = Outcome::Completed;
  }
}

/// The trials that wait for an answer after these events: the last word of each was a report.
std::map<TrialId, Session::Waiting> Session::waiting_after(
    const std::vector<trial::Event>& events) {
  std::map<TrialId, Waiting> waiting;
  for (const trial::Event& event : events) {
    if (const auto* reported = std::get_if<trial::Reported>(&event)) {
      waiting[reported->trial] = {reported->step, false};
    } else if (const auto* repeated = std::get_if<trial::WorkRepeated>(&event)) {
      waiting[repeated->trial] = {repeated->step, true};
    } else if (const auto* ended = std::get_if<trial::AssignmentEnded>(&event)) {
      waiting.erase(ended->trial);
    }
  }
  return waiting;
}

Result<void> Session::decide(const std::map<TrialId, Waiting>& waiting) {
  std::vector<trial::Event> decided;
  std::map<TrialId, Verdict> verdicts;
  for (const auto& [id, report] : waiting) {
    Verdict& verdict = verdicts[id];
    if (report.is_repeated) {
      // The answer that was given, or lost, the first time.
      const bool is_last = report.step >= history_->trial(id).program_step();
      verdict = is_last ? orders_.of(id).verdict.value_or(Verdict::Continue) : Verdict::Continue;
      if (auto why = trial_used_up(id); why && verdict != Verdict::Stop) {
        cut_[id] = *std::move(why);
        verdict = Verdict::Stop;
        decided.emplace_back(trial::Decided{id, report.step, verdict});
      }
      continue;
    }
    verdict = verdict_on(id);
    if (verdict != Verdict::Continue) {
      decided.emplace_back(trial::Decided{id, report.step, verdict});
    }
  }
  if (auto done = append(decided); !done) return done;
  if (has_ended_trials_) return {};  // they are being ended, answered or not
  for (const auto& [id, verdict] : verdicts) answer(id, waiting.at(id).step, verdict);
  return {};
}

/// The strategy's word, unless the trial has used up a budget of its own before its full training.
Verdict Session::verdict_on(TrialId id) {
  const Verdict verdict = parts_.strategy.decide(*history_, id);
  if (verdict == Verdict::Stop) return verdict;
  if (history_->trial(id).step() >= history_->problem().resource.max) return verdict;
  auto why = trial_used_up(id);
  if (!why) return verdict;
  cut_[id] = *std::move(why);
  return Verdict::Stop;
}

/// Answers a report; a session that winds down pauses whoever may go on.
void Session::answer(TrialId id, double step, Verdict verdict) {
  const trial::Resource& resource = history_->problem().resource;
  const trial::Trial& trial = history_->trial(id);
  const bool is_metered = trial::is_metered(resource.unit);
  const double position = is_metered ? trial.step() : step;
  if (verdict == Verdict::Continue && position < resource.max) {
    if (ending_) verdict = Verdict::Pause;
  } else if (verdict == Verdict::Continue && is_metered && step >= trial.program_step()) {
    verdict = Verdict::Stop;  // it has used all it may; see mark_completed()
  }
  const trial::Assignment& assignment = orders_.of(id).assignment;
  double until = position < assignment.to ? assignment.to : resource.max;
  if (assignment.report_every) until = std::min(until, position + *assignment.report_every);
  parts_.runner.answer(id, verdict, is_metered ? program_step_at(trial, until) : until);
}

/// Where a program will be when its trial has used so much, as things have gone so far; at most
/// twice as far as it is, as a beginning tells little.
double Session::program_step_at(const trial::Trial& trial, double position) {
  const double so_far = trial.program_step();
  if (trial.step() <= 0.0) return 2.0 * so_far;
  return so_far * std::clamp(position / trial.step(), 1.0, 2.0);
}

void Session::tell_observer(bool is_quiet) {
  const MonotonicTime now = parts_.clock.now();
  const bool is_due = !last_told_ || elapsed(*last_told_, now) >= parts_.tick;
  if (!is_quiet && !is_due) return;
  last_told_ = now;
  parts_.observer.on_idle(*history_, parts_.runner.running(), parts_.strategy.progress(*history_),
                          uses());
}

// --- writing -------------------------------------------------------------------------------------

/// Writes events, then lets the history and the observer know. While the disk is full or busy, what
/// the runner has to say is kept for later.
Result<void> Session::append(const std::vector<trial::Event>& events) {
  if (events.empty()) return {};
  for (int i = 1;; ++i) {
    const WallTime at = parts_.clock.wall_now();
    const auto done = parts_.storage.append(events, at);
    if (done) {
      for (const trial::Event& event : events) apply(event, at);
      return {};
    }
    if (done.error().kind != ErrorKind::Transient || i == kNumTries) return done;
    auto late = parts_.runner.wait(kRetryPause);
    backlog_.insert(backlog_.end(), std::make_move_iterator(late.begin()),
                    std::make_move_iterator(late.end()));
  }
}

void Session::apply(const trial::Event& event, WallTime at) {
  history_->apply(event, at);
  orders_.apply(event, at);
  keeper_.apply(event);
  parts_.observer.on_event(event, *history_);
}

void Session::clean_checkpoints() {
  keeper_.clean(*history_, parts_.strategy, [this](TrialId id) {
    const auto order = orders_.all().find(id);
    return order != orders_.all().end() && was_cut_short(id, order->second);
  });
}

/// Without a log nothing may run: ends every trial and waits until they have gone.
Result<void> Session::give_up(Error error) {
  end_running(Outcome::Interrupted);
  for (int i = 0; i < kNumTries && !parts_.runner.running().empty(); ++i) {
    static_cast<void>(parts_.runner.wait(kRetryPause));
  }
  return forward(std::move(error));
}

// --- budgets -------------------------------------------------------------------------------------

/// Finalists come on top of the budget's trials.
bool Session::may_create(trial::Purpose purpose) const {
  if (purpose == trial::Purpose::Finalist || !parts_.budgets.trials) return true;
  return history_->trials().size() - history_->num_finalist_trials() < *parts_.budgets.trials;
}

std::uint32_t Session::seed_of(const trial::Trial& trial) const {
  const std::uint64_t seed = history_->problem().seed;
  const auto repeat = trial.repeat();
  return repeat ? repeat_seed(seed, repeat->number) : trial_seed(seed, trial.id());
}

Seconds Session::running_time() const {
  return earlier_time_ + elapsed(started_at_, parts_.clock.now());
}

std::vector<trial::BudgetUse> Session::uses(const EnergyFigure& unbooked) const {
  return trial::budget_use(parts_.budgets, *history_, running_time(), unbooked,
                           parts_.clock.wall_now());
}

/// The first budget that ends the study by itself; the one of trials only keeps new ones away.
std::optional<trial::BudgetUse> Session::used_up(const std::vector<trial::BudgetUse>& uses) {
  for (const trial::BudgetUse& use : uses) {
    if (use.name != "trials" && use.is_used_up()) return use;
  }
  return std::nullopt;
}

/// What the runner has not told yet, where a budget has to count it.
runners::Unbooked Session::unbooked() const {
  const trial::Budgets& budgets = parts_.budgets;
  const bool counts = budgets.energy || budgets.carbon_g || budgets.cost;
  if (!counts && budgets.per_trial.is_empty()) return {};
  return parts_.runner.unbooked();
}

std::vector<trial::BudgetUse> Session::look_at_budgets() {
  const runners::Unbooked open = unbooked();
  if (!parts_.can_pause) end_trials_over_budget(open);
  EnergyFigure sum = open.overhead;
  for (const auto& [id, window] : open.trials) sum += window.energy;
  std::vector<trial::BudgetUse> now = uses(sum);
  watch_.look(now, parts_.clock.now());
  return now;
}

/// Which budget of its own a trial has used up, in words.
std::optional<std::string> Session::trial_used_up(TrialId id,
                                                  const runners::OpenWindow& open) const {
  const auto& budget = parts_.budgets.per_trial;
  if (budget.is_empty()) return std::nullopt;
  for (const trial::BudgetUse& use :
       trial::budget_use(budget, *history_, history_->trial(id), open.energy, open.duration,
                         parts_.clock.wall_now())) {
    if (use.is_used_up()) return trial::used_up_text(use, "its");
  }
  return std::nullopt;
}

/// A program that takes no answers is ended where it stands.
void Session::end_trials_over_budget(const runners::Unbooked& unbooked) {
  for (const auto& [id, open] : unbooked.trials) {
    if (cut_.contains(id) || !history_->trial(id).is_running()) continue;
    auto why = trial_used_up(id, open);
    if (!why) continue;
    cut_[id] = *std::move(why);
    parts_.runner.end(id, Outcome::StoppedBudget);
  }
}

/// Says of ends that a budget has brought about which one it was.
void Session::name_cuts(std::vector<trial::Event>& events) {
  for (trial::Event& event : events) {
    auto* ended = std::get_if<trial::AssignmentEnded>(&event);
    if (ended == nullptr) continue;
    const auto why = cut_.extract(ended->trial);
    const bool is_stopped =
        ended->outcome == Outcome::Stopped || ended->outcome == Outcome::StoppedBudget;
    if (!why.empty() && is_stopped) {
      ended->outcome = Outcome::StoppedBudget;
      ended->detail = why.mapped();
    } else if (ended->outcome == Outcome::CutBudget && ending_) {
      ended->detail = ending_->text;
    }
  }
}

Seconds Session::longest_wait() const {
  if (ending_) return parts_.tick;
  const Seconds wait = watch_.until_next(parts_.tick);
  if (!parts_.budgets.time) return wait;
  const Seconds left = *parts_.budgets.time - running_time();
  return std::clamp(left, Seconds{0.001}, wait);
}

}  // namespace wattune::study
