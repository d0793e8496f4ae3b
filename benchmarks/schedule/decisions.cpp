#include "schedule/decisions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schedule/decision_cost.hpp"
#include "schedule/lcbench_tasks.hpp"
#include "schedule/study.hpp"
#include "support/sm2_equality.hpp"

namespace wattune::bench {
namespace {

using nlohmann::ordered_json;

/// Of all schedulers and rules, with one objective and with three: the slowest median.
double slowest_decision_us(std::size_t num_trials) {
  fmt::print(
      "\nOne decision of a scheduler or rule at {} trials, us: median, and what 19 of 20 keep\n\n",
      num_trials);
  double slowest = 0.0;
  for (const SchedulerToTime& scheduler : schedulers_to_time()) {
    for (const std::size_t num_objectives : {1U, 3U}) {
      const DecisionCost cost =
          time_decisions(scheduler, {.num_trials = num_trials, .num_objectives = num_objectives});
      fmt::print("{:24} {} objective{} {:>10.2f} {:>10.2f}\n", cost.name, num_objectives,
                 num_objectives == 1 ? " " : "s", cost.median_us, cost.p95_us);
      slowest = std::max(slowest, cost.median_us);
    }
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
  summary["sm2_equals_sha"] = compare_sm2_with_halving(1000).num_different == 0 ? 1 : 0;
  summary["decision_us"] = slowest_decision_us(10'000);
  summary["resume_divergences"] = count_divergences(options, options.is_quick ? 50 : 500);
  return summary;
}

}  // namespace wattune::bench
