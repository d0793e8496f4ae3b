#include "schedule/race_decision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <numeric>

#include "schedule/lcbench_tasks.hpp"
#include "schedule/study.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::bench {
namespace {

constexpr std::size_t kFirst = 260;  // observations
constexpr std::size_t kEnd = 312;    // the race fits its model once in so many
constexpr std::size_t kNumTasks = 4;

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

/// Takes the time of the decisions that are looked at.
class TimedStrategy final : public strategies::Strategy {
 public:
  TimedStrategy(std::unique_ptr<strategies::Strategy> inner, std::vector<double>& times_ms)
      : inner_(std::move(inner)), times_ms_(times_ms) {}

  [[nodiscard]] strategies::Next next(const trial::History& history) override {
    const double before = cpu_ms();
    strategies::Next next = inner_->next(history);
    if (history.finished_order().size() >= kFirst) times_ms_.push_back(cpu_ms() - before);
    return next;
  }
  [[nodiscard]] trial::Verdict decide(const trial::History& history, TrialId trial) override {
    return inner_->decide(history, trial);
  }
  [[nodiscard]] std::string progress(const trial::History& history) const override {
    return inner_->progress(history);
  }
  [[nodiscard]] std::vector<std::string> notes(const trial::History& history) const override {
    return inner_->notes(history);
  }
  [[nodiscard]] std::string describe() const override { return inner_->describe(); }

 private:
  std::unique_ptr<strategies::Strategy> inner_;
  std::vector<double>& times_ms_;
};

}  // namespace

double race_decision_ms(const ScheduleBenchOptions& options) {
  const recorded::LcBench bench{options.data / "lcbench"};
  std::vector<double> times_ms;
  std::size_t num_left = kNumTasks;
  for (const std::string& task : bench.tasks()) {
    if (!is_of_tuning_half(task) || num_left == 0) continue;
    --num_left;
    const auto file =
        config::parse_study(study_text(bench.space(), {.strategy = "race",
                                                       .max_epochs = recorded::LcBench::kMaxEpoch,
                                                       .trial_budget = 1'000}),
                            "bench.yaml");
    TimedStrategy strategy{make_named("race", file), times_ms};
    play_study(file, strategy, *bench.trainings(task, bench.space()),
               [](const trial::Event&, const trial::History& history) {
                 return history.finished_order().size() >= kEnd;
               });
  }
  const double mean = math::mean(times_ms);
  fmt::print(
      "\nA decision of the race on {} to {} observations, ms of CPU time on {} tasks: mean {:.2f}, "
      "median {:.2f}, longest {:.2f}\n",
      kFirst, kEnd, kNumTasks, mean, math::median(times_ms), std::ranges::max(times_ms));
  return mean;
}

}  // namespace wattune::bench
