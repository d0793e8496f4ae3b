#include "schedule/zeus_regret.hpp"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "schedule/study.hpp"
#include "wattune/math/statistics.hpp"
#include "wattune/recorded/zeus.hpp"

namespace wattune::bench {
namespace {

constexpr std::size_t kNumTrials = 15;

/// Share of the optimum by which the best of the trials is dearer in the mean.
double regret_of(const recorded::ZeusTraces& traces, const std::string& job,
                 const std::string& strategy, std::uint64_t seed) {
  const space::Space space = traces.space(job);
  const auto trainings = traces.trainings(job, space);
  const auto file = config::parse_study(study_text(space, {.strategy = strategy,
                                                           .objectives = "[{minimize: energy}]",
                                                           .trial_budget = kNumTrials,
                                                           .seed = seed}),
                                        "bench.yaml");
  const auto made = make_named(strategy, file);
  double least = std::numeric_limits<double>::infinity();
  double regret = std::numeric_limits<double>::infinity();
  play_study(file, *made, *trainings,
             [&](const trial::Event& event, const trial::History& history) {
               const auto* end = std::get_if<trial::AssignmentEnded>(&event);
               if (end == nullptr || end->outcome != trial::Outcome::Completed) return false;
               const trial::Trial& trial = history.trial(end->trial);
               if (trial.energy().total().joules().value() >= least) return false;
               least = trial.energy().total().joules().value();
               regret = traces.mean_energy(job, trial.configuration()) / traces.optimum(job) - 1.0;
               return false;
             });
  return regret;
}

}  // namespace

nlohmann::ordered_json measure_zeus_regret(const ScheduleBenchOptions& options) {
  const recorded::ZeusTraces traces{options.data / "zeus-traces"};
  nlohmann::ordered_json summary = nlohmann::ordered_json::object();
  const std::string& judged = options.strategies.front();
  if (const auto why = refusal_of(judged)) {
    fmt::print("\nleft out: zeus_regret: {}\n", *why);
    return summary;
  }
  std::vector<std::string> strategies{judged};
  if (judged != "random_full") strategies.emplace_back("random_full");
  fmt::print(
      "\nZeus traces: energy above the optimum after {} trials, medians (ranges) of {} seeds"
      "\n\n{:18} {:>28} {:>28}\n",
      kNumTrials, options.num_seeds, "job", judged, "random");
  std::vector<std::vector<double>> medians(strategies.size());
  for (const std::string& job : traces.jobs()) {
    std::string line = fmt::format("{:18}", job);
    for (std::size_t s = 0; s < strategies.size(); ++s) {
      std::vector<double> regrets(options.num_seeds);
      run_in_parallel(options.num_jobs, regrets.size(), [&](std::size_t i) {
        regrets[i] = regret_of(traces, job, strategies[s], options.first_seed + i);
      });
      const auto range = math::min_max(regrets);
      medians[s].push_back(math::median(regrets));
      line += fmt::format(" {:>28}",
                          fmt::format("{:.1f} % ({:.1f} - {:.1f})", 100.0 * medians[s].back(),
                                      100.0 * range.min, 100.0 * range.max));
    }
    fmt::print("{}\n", line);
  }
  summary["zeus_regret"] = math::median(medians.front());
  return summary;
}

}  // namespace wattune::bench
