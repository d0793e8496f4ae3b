#include "schedule/decisions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "schedule/lcbench_tasks.hpp"
#include "schedule/study.hpp"
#include "wattune/math/statistics.hpp"
#include "wattune/schedulers/full.hpp"
#include "wattune/schedulers/successive_halving.hpp"
#include "wattune/strategies/sm2_score.hpp"

namespace wattune::bench {
namespace {

using nlohmann::ordered_json;

// --- SM2 without its energy ----------------------------------------------------------------------

/// A rung of up to 40 trials: ties, infeasible ones and unknown losses among them.
std::vector<strategies::Sm2Entry> random_rung(Rng& rng) {
  std::vector<strategies::Sm2Entry> entries(2 + rng.index(39));
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    strategies::Sm2Entry& entry = entries[i];
    entry.standing.trial = TrialId{i};
    if (rng.uniform() > 0.1) {
      const bool is_tied = rng.uniform() < 0.3;
      entry.standing.losses = {is_tied ? static_cast<double>(rng.index(4)) : rng.normal()};
    }
    entry.standing.violation = rng.uniform() < 0.2 ? rng.uniform() : 0.0;
    if (rng.uniform() > 0.1) entry.joules_per_unit = rng.uniform(1.0, 100.0);
    if (rng.uniform() > 0.1) entry.stability = rng.uniform();
  }
  return entries;
}

bool sm2_equals_halving() {
  constexpr double kNoiseFloor = 0.02;
  Rng rng{1};
  for (int i = 0; i < 1000; ++i) {
    const auto entries = random_rung(rng);
    std::vector<schedulers::Standing> standings;
    for (const auto& entry : entries) standings.push_back(entry.standing);
    const std::size_t num_kept = (entries.size() + 1) / 2;
    const auto plain = schedulers::rank(std::move(standings), schedulers::RankBy::FirstObjective);
    const auto scored =
        strategies::rank_by_score(entries, {1.0, 0.0, 0.0}, kNoiseFloor, num_kept).trials;
    if (plain != scored) return false;
  }
  return true;
}

// --- the time of a decision ----------------------------------------------------------------------

trial::Problem plain_problem() {
  trial::Problem problem{
      "decisions",
      1,
      space::Space{
          {{"x", space::FloatDomain{0.0, 1.0, false, {}}, std::nullopt, {}, space::Role::None}}},
      {},
      {},
      {},
      {},
      "bench",
      "true"};
  problem.objectives = {{{trial::MeasureKind::Metric, "loss"}, trial::Direction::Minimize}};
  problem.resource = {trial::ResourceUnit::Epochs, 1.0, 81.0};
  return problem;
}

/// Drives a scheduler through a study of random losses, and times the last of its decisions.
class TimedStudy {
 public:
  explicit TimedStudy(const schedulers::Scheduler& scheduler)
      : scheduler_(scheduler), history_(plain_problem()) {}

  double median_us(std::size_t num_trials) {
    constexpr std::size_t kNumTimed = 500;
    while (history_.trials().size() < num_trials) step();
    times_us_.clear();
    while (times_us_.size() < kNumTimed) step();
    return math::median(times_us_);
  }

 private:
  void step() {
    using std::chrono::steady_clock;
    const auto begin = steady_clock::now();
    const schedulers::Step next = scheduler_.next(history_, schedulers::Fresh::Available);
    auto spent = steady_clock::now() - begin;
    trial::Assignment assignment;
    if (const auto* fresh = std::get_if<schedulers::StartFresh>(&next)) {
      assignment.trial = history_.next_trial_id();
      assignment.to = fresh->to;
      assignment.rung = fresh->rung;
      assignment.bracket = fresh->bracket;
      history_.apply(trial::TrialCreated{assignment.trial, trial::Purpose::Search,
                                         trial::Origin::Sampler,
                                         space::Configuration{{rng_.uniform()}}});
    } else {
      const auto& promote = std::get<schedulers::Promote>(next);
      const trial::Trial& trial = history_.trial(promote.trial);
      assignment.trial = promote.trial;
      assignment.from = trial.step();
      assignment.to = promote.to;
      assignment.rung = promote.rung;
      assignment.bracket = trial.bracket();
    }
    history_.apply(trial::Assigned{assignment});
    history_.apply(
        trial::Reported{assignment.trial, assignment.to, 0.0, {}, {}, {{"loss", rng_.normal()}}});
    const auto again = steady_clock::now();
    const trial::Verdict verdict = scheduler_.decide(history_, assignment.trial);
    spent += steady_clock::now() - again;
    history_.apply(trial::AssignmentEnded{assignment.trial, outcome_of(verdict), "", {}, {}});
    times_us_.push_back(std::chrono::duration<double, std::micro>(spent).count());
  }

  static trial::Outcome outcome_of(trial::Verdict verdict) {
    if (verdict == trial::Verdict::Pause) return trial::Outcome::Paused;
    return verdict == trial::Verdict::Stop ? trial::Outcome::Stopped : trial::Outcome::Completed;
  }

  const schedulers::Scheduler& scheduler_;
  trial::History history_;
  Rng rng_{7};
  std::vector<double> times_us_;
};

double slowest_decision_us(std::size_t num_trials) {
  const trial::Resource resource = plain_problem().resource;
  std::vector<std::unique_ptr<schedulers::Scheduler>> all;
  all.push_back(schedulers::make_full(resource));
  all.push_back(schedulers::make_successive_halving(resource, {.num_trials = 81}));
  fmt::print("\nOne decision (next and answer) of a scheduler at {} trials, median of 500, us\n\n",
             num_trials);
  double slowest = 0.0;
  for (const auto& scheduler : all) {
    const double time_us = TimedStudy{*scheduler}.median_us(num_trials);
    fmt::print("{:60} {:>10.1f}\n", scheduler->describe(), time_us);
    slowest = std::max(slowest, time_us);
  }
  return slowest;
}

// --- kills ---------------------------------------------------------------------------------------

/// A question that was put to a strategy after so many events, and the answer.
struct Asked {
  std::size_t num_events = 0;
  std::optional<TrialId> trial;  // set for decide()
  std::string answer;
};

struct NextWords {
  const space::Space& space;

  static std::string of(const trial::Assignment& a) {
    return fmt::format("{}: {} to {} rung {} bracket {} stage {} every {}", a.trial.number(),
                       a.from, a.to, a.rung, a.bracket, trial::to_text(a.stage),
                       a.report_every.value_or(0.0));
  }
  std::string operator()(const strategies::NewTrial& fresh) const {
    return "new " + space.to_json(fresh.configuration).dump() + of(fresh.assignment);
  }
  std::string operator()(const strategies::Resume& resume) const {
    return "resume " + of(resume.assignment);
  }
  std::string operator()(const strategies::MeasureIdle& idle) const {
    return fmt::format("idle {}", idle.duration.value());
  }
  std::string operator()(const strategies::Wait&) const { return "wait"; }
  std::string operator()(const strategies::Finished& finished) const { return finished.reason; }
};

std::string answer_of(strategies::Strategy& strategy, const trial::History& history,
                      const std::optional<TrialId>& trial) {
  if (trial) return std::string{trial::to_text(strategy.decide(history, *trial))};
  return std::visit(NextWords{history.problem().space}, strategy.next(history));
}

/// Writes down everything that is asked.
class AskedStrategy final : public strategies::Strategy {
 public:
  AskedStrategy(std::unique_ptr<strategies::Strategy> inner, const std::size_t& num_events)
      : inner_(std::move(inner)), num_events_(num_events) {}

  [[nodiscard]] strategies::Next next(const trial::History& history) override {
    strategies::Next next = inner_->next(history);
    asked.push_back({num_events_, {}, std::visit(NextWords{history.problem().space}, next)});
    return next;
  }
  [[nodiscard]] trial::Verdict decide(const trial::History& history, TrialId trial) override {
    const trial::Verdict verdict = inner_->decide(history, trial);
    asked.push_back({num_events_, trial, std::string{trial::to_text(verdict)}});
    return verdict;
  }
  [[nodiscard]] std::string progress(const trial::History& history) const override {
    return inner_->progress(history);
  }
  [[nodiscard]] std::vector<std::string> notes(const trial::History& history) const override {
    return inner_->notes(history);
  }
  [[nodiscard]] std::string describe() const override { return inner_->describe(); }

  std::vector<Asked> asked;

 private:
  std::unique_ptr<strategies::Strategy> inner_;
  const std::size_t& num_events_;
};

/// A study on recorded trainings, its events and everything that its strategy was asked.
struct Log {
  config::StudyFile file;
  std::vector<trial::Event> events;
  std::vector<Asked> asked;
};

Log log_of(const recorded::LcBench& bench, const std::string& strategy, std::size_t num_workers) {
  const std::string& task = bench.tasks().front();
  Log log{config::parse_study(study_text(bench.space(), {.strategy = strategy,
                                                         .max_epochs = 52.0,
                                                         .trial_budget = 60,
                                                         .seed = num_workers}),
                              "bench.yaml"),
          {},
          {}};
  const auto trainings = bench.trainings(task, bench.space());
  std::size_t num_events = 0;
  AskedStrategy asked{make_named(strategy, log.file), num_events};
  play_study(
      log.file, asked, *trainings,
      [&](const trial::Event& event, const trial::History&) {
        log.events.push_back(event);
        ++num_events;
        return false;
      },
      num_workers);
  log.asked = std::move(asked.asked);
  return log;
}

/// How many of the answers after an event differ when they are given by a strategy that has just
/// been made.
std::size_t divergences_after(const Log& log, const std::string& strategy,
                              std::size_t num_survived) {
  constexpr std::size_t kNumAsked = 10;
  const auto fresh = make_named(strategy, log.file);
  trial::History history{log.file.problem};
  std::size_t num_applied = 0;
  std::size_t num_different = 0;
  std::size_t num_asked = 0;
  for (const Asked& asked : log.asked) {
    if (asked.num_events < num_survived) continue;
    while (num_applied < asked.num_events) history.apply(log.events[num_applied++]);
    if (answer_of(*fresh, history, asked.trial) != asked.answer) ++num_different;
    if (++num_asked == kNumAsked) break;
  }
  return num_different;
}

std::size_t count_divergences(const ScheduleBenchOptions& options, std::size_t num_kills) {
  const recorded::LcBench bench{options.data / "lcbench"};
  std::vector<std::pair<std::string, std::size_t>> studies;
  for (const std::string& strategy : options.strategies) {
    if (refusal_of(strategy)) continue;
    for (const std::size_t num_workers : {1U, 3U}) studies.emplace_back(strategy, num_workers);
  }
  std::vector<std::size_t> counts(studies.size());
  const std::size_t kills_each = (num_kills + studies.size() - 1) / studies.size();
  run_in_parallel(options.num_jobs, studies.size(), [&](std::size_t i) {
    const Log log = log_of(bench, studies[i].first, studies[i].second);
    Rng rng{options.first_seed, i};
    for (std::size_t kill = 0; kill < kills_each; ++kill) {
      counts[i] += divergences_after(log, studies[i].first, rng.index(log.events.size()));
    }
  });
  fmt::print("\nDecisions that differ after {} kills each, one worker and three\n\n", kills_each);
  std::size_t total = 0;
  for (std::size_t i = 0; i < studies.size(); ++i) {
    fmt::print("{:40} {} workers {:>6}\n", studies[i].first, studies[i].second, counts[i]);
    total += counts[i];
  }
  return total;
}

}  // namespace

ordered_json measure_decisions(const ScheduleBenchOptions& options) {
  ordered_json summary = ordered_json::object();
  summary["sm2_equals_sha"] = sm2_equals_halving() ? 1 : 0;
  summary["decision_us"] = slowest_decision_us(10'000);
  summary["resume_divergences"] = count_divergences(options, options.is_quick ? 50 : 500);
  return summary;
}

}  // namespace wattune::bench
