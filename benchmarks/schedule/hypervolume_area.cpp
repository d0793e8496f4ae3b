#include "schedule/hypervolume_area.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "schedule/lcbench_tasks.hpp"
#include "schedule/moasha.hpp"
#include "schedule/peer_traces.hpp"
#include "schedule/study.hpp"
#include "wattune/math/hypervolume.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::bench {
namespace {

constexpr double kBudget = 30.0;     // median full trainings
constexpr double kMostEnergy = 2.0;  // of a full training that counts
constexpr Watts kPower{100.0};
constexpr const char* kMoasha = "corrected MOASHA";
constexpr const char* kTpe = "our TPE, full runs";

/// Sums up the hypervolume over cost.
class Area {
 public:
  void add(double cost, const std::vector<double>& point) {
    advance(cost);
    if (math::hypervolume_gain(point, points_, kReference) <= 0.0) return;
    points_.push_back(point);
    volume_ = math::hypervolume(points_, kReference);
  }
  [[nodiscard]] double mean() {
    advance(kBudget);
    return sum_ / kBudget;
  }

 private:
  static inline const std::vector<double> kReference{1.0, 1.0};

  void advance(double cost) {
    const double until = std::min(cost, kBudget);
    sum_ += volume_ * std::max(until - cost_, 0.0);
    cost_ = std::max(cost_, until);
  }

  std::vector<std::vector<double>> points_;
  double volume_ = 0.0;
  double cost_ = 0.0;
  double sum_ = 0.0;
};

class HypervolumeBench {
 public:
  explicit HypervolumeBench(const ScheduleBenchOptions& options)
      : options_(options),
        bench_(options.data / "lcbench"),
        targets_(read_peer_traces(options.data / "lcbench/peers.json").targets) {}

  /// Mean hypervolume of one study over its budget.
  [[nodiscard]] double play(const std::string& strategy, const std::string& task,
                            std::uint64_t seed) const;

 private:
  [[nodiscard]] double full_energy(const recorded::RecordedTrainings& trainings,
                                   const space::Configuration& configuration) const;

  const ScheduleBenchOptions& options_;
  recorded::LcBench bench_;
  std::map<std::string, TaskTargets> targets_;
};

double HypervolumeBench::full_energy(const recorded::RecordedTrainings& trainings,
                                     const space::Configuration& configuration) const {
  const auto recording = trainings.open(configuration, 0);
  return (*recording)->next(recorded::LcBench::kMaxEpoch - 1)->energy.value();
}

double HypervolumeBench::play(const std::string& strategy, const std::string& task,
                              std::uint64_t seed) const {
  const TaskTargets& targets = targets_.at(task);
  const Joules unit = kPower * Seconds{targets.median_full_training_s};
  const auto trainings = bench_.trainings(task, bench_.space(), kPower);
  const bool is_ours = strategy != kMoasha && strategy != kTpe;
  const auto file = config::parse_study(
      study_text(bench_.space(), {.strategy = is_ours ? strategy : "tpe_full",
                                  .objectives = "[{maximize: val_accuracy}, {minimize: energy}]",
                                  .max_epochs = recorded::LcBench::kMaxEpoch,
                                  .energy_budget = unit * kBudget,
                                  .seed = seed}),
      "bench.yaml");
  const auto made = strategy == kMoasha ? make_corrected_moasha(file.problem)
                                        : make_named(is_ours ? strategy : "tpe_full", file);
  std::map<TrialId, double> energies;
  Area area;
  play_study(
      file, *made, *trainings, [&](const trial::Event& event, const trial::History& history) {
        const auto* report = std::get_if<trial::Reported>(&event);
        if (report == nullptr) return false;
        auto [energy, is_new] = energies.try_emplace(report->trial, 0.0);
        if (is_new) {
          energy->second = full_energy(*trainings, history.trial(report->trial).configuration());
        }
        const double shortfall =
            (targets.best - report->metrics.front().value) / (targets.best - targets.median_random);
        area.add(history.total_energy().total().joules() / unit,
                 {shortfall, energy->second / unit.value() / kMostEnergy});
        return false;
      });
  return area.mean();
}

}  // namespace

nlohmann::ordered_json measure_hypervolume(const ScheduleBenchOptions& options) {
  nlohmann::ordered_json summary = nlohmann::ordered_json::object();
  const std::string& judged = options.strategies.front();
  if (const auto why = refusal_of(judged)) {
    fmt::print("\nleft out: mo_hv_ratio, mo_hv_ratio_tpe: {}\n", *why);
    return summary;
  }
  const HypervolumeBench bench{options};
  const recorded::LcBench tables{options.data / "lcbench"};
  std::vector<std::string> tasks = tables.tasks();
  std::erase_if(tasks, [&](const auto& task) { return !is_asked_for(task, options.tasks); });
  const std::vector<std::string> strategies{judged, kMoasha, kTpe};
  const std::size_t num_seeds = std::max<std::size_t>(3, options.num_seeds / 2);
  std::vector<double> means(strategies.size() * tasks.size() * num_seeds);
  run_in_parallel(options.num_jobs, means.size(), [&](std::size_t i) {
    const std::size_t pair = i / num_seeds;
    means[i] = bench.play(strategies[pair / tasks.size()], tasks[pair % tasks.size()],
                          options.first_seed + i % num_seeds);
  });
  fmt::print(
      "\nTwo objectives: mean hypervolume over {} median full trainings, medians of {} "
      "seeds\n\n{:8} {:>10} {:>18} {:>20}\n",
      kBudget, num_seeds, "task", judged, kMoasha, kTpe);
  std::vector<std::vector<double>> ratios(2);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const auto median = [&](std::size_t strategy) {
      return math::median(
          std::span{means}.subspan((strategy * tasks.size() + t) * num_seeds, num_seeds));
    };
    fmt::print("{:8} {:>10.3f} {:>18.3f} {:>20.3f}\n", tasks[t], median(0), median(1), median(2));
    for (std::size_t peer : {1U, 2U}) ratios[peer - 1].push_back(median(0) / median(peer));
  }
  summary["mo_hv_ratio"] = geometric_mean(ratios[0]);
  summary["mo_hv_ratio_tpe"] = geometric_mean(ratios[1]);
  return summary;
}

}  // namespace wattune::bench
