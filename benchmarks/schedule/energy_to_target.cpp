#include "schedule/energy_to_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>

#include "schedule/lcbench_tasks.hpp"
#include "schedule/peer_runs.hpp"
#include "schedule/peer_traces.hpp"
#include "schedule/study.hpp"
#include "wattune/config/study_file.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::bench {
namespace {

using nlohmann::ordered_json;

constexpr double kCap = 60.0;        // median full trainings
constexpr double kMatchCost = 30.0;  // when peers are looked at to be matched
constexpr Watts kPower{100.0};
constexpr std::array kVariants{Variant::Plain, Variant::Default, Variant::Margin, Variant::History,
                               Variant::DefaultAndHistory};

enum class Target { OnePercent, TenthPercent };

double target_of(const TaskTargets& targets, Target target) {
  return target == Target::OnePercent ? targets.best_one_percent : targets.best_tenth_percent;
}

/// Traces of one strategy: by task, one per seed.
using Runs = std::map<std::string, std::vector<Trace>>;

class EnergyToTarget {
 public:
  explicit EnergyToTarget(const ScheduleBenchOptions& options)
      : options_(options),
        bench_(options.data / "lcbench"),
        peers_(read_peer_traces(peer_traces_file(options))) {
    for (const std::string& task : bench_.tasks()) {
      if (is_asked_for(task, options.tasks) && peers_.targets.contains(task))
        tasks_.push_back(task);
    }
    if (tasks_.empty()) throw ConfigError("lcbench has none of these tasks");
    for (const auto& [name, runs] : peers_.runs) peer_names_.push_back(name);
    for (const std::string& task : bench_.tasks()) {
      past_studies_.emplace(task, random_study(bench_, task));
    }
    best_peer_ = best_peer(Target::OnePercent);
    best_peer_hard_ = best_peer(Target::TenthPercent);
  }

  [[nodiscard]] ordered_json run();

 private:
  struct Job {
    std::string strategy;
    Variant variant = Variant::Plain;
    std::string task;
    std::size_t seed_index = 0;
  };

  [[nodiscard]] std::string best_peer(Target target) const;
  [[nodiscard]] double mean_cost(const Runs& runs, Target target) const;
  [[nodiscard]] double mean_cost(const Runs& runs, Target target,
                                 const std::vector<std::string>& tasks) const;
  [[nodiscard]] std::size_t num_solved(const Runs& runs, Target target) const;
  [[nodiscard]] double match_level(const std::string& task) const;
  [[nodiscard]] std::vector<space::Configuration> first_of(const Job& job,
                                                           const trial::Problem& problem) const;
  [[nodiscard]] Trace play(const Job& job) const;
  void play_all(const std::vector<Job>& jobs);
  [[nodiscard]] Runs delayed_peer(const std::string& peer) const;
  void add_keys(const Runs& runs, const std::string& ending, ordered_json& summary) const;
  void print_tasks(const std::string& strategy, const Runs& runs) const;
  void print_means(const std::string& name, const Runs& runs) const;
  void write_json() const;

  const ScheduleBenchOptions& options_;
  recorded::LcBench bench_;
  PeerTraces peers_;
  std::map<std::string, strategies::PastStudy> past_studies_;  // by task
  std::vector<std::string> tasks_;
  std::vector<std::string> peer_names_;
  std::string best_peer_;
  std::string best_peer_hard_;
  std::map<std::pair<std::string, Variant>, Runs> ours_;
};

std::string EnergyToTarget::best_peer(Target target) const {
  return *std::ranges::min_element(peer_names_, {}, [&](const std::string& name) {
    return mean_cost(peers_.runs.at(name), target);
  });
}

double EnergyToTarget::mean_cost(const Runs& runs, Target target) const {
  return mean_cost(runs, target, tasks_);
}

double EnergyToTarget::mean_cost(const Runs& runs, Target target,
                                 const std::vector<std::string>& tasks) const {
  std::vector<double> costs;
  for (const std::string& task : tasks) {
    costs.push_back(
        median_cost_to(runs.at(task), target_of(peers_.targets.at(task), target), kCap));
  }
  return geometric_mean(costs);
}

std::size_t EnergyToTarget::num_solved(const Runs& runs, Target target) const {
  return static_cast<std::size_t>(std::ranges::count_if(tasks_, [&](const std::string& task) {
    return median_cost_to(runs.at(task), target_of(peers_.targets.at(task), target), kCap) < kCap;
  }));
}

/// What the best peer's median run has after 30 median full trainings.
double EnergyToTarget::match_level(const std::string& task) const {
  return *median_best_at(peers_.runs.at(best_peer_).at(task), kMatchCost);
}

/// What is tried before the strategy chooses, besides the default.
std::vector<space::Configuration> EnergyToTarget::first_of(const Job& job,
                                                           const trial::Problem& problem) const {
  if (!has_history(job.variant)) return {};
  std::vector<strategies::PastStudy> others;
  for (const auto& [task, study] : past_studies_) {
    if (task != job.task) others.push_back(study);
  }
  return strategies::learned_start(others, problem);
}

/// Plays one study until it has all that is asked of it.
Trace EnergyToTarget::play(const Job& job) const {
  const TaskTargets& targets = peers_.targets.at(job.task);
  const space::Space space = space_of(bench_.space(), job.variant);
  const auto trainings = bench_.trainings(job.task, space, kPower);
  const Joules unit = kPower * Seconds{targets.median_full_training_s};
  const auto file =
      config::parse_study(study_text(space, {.strategy = job.strategy,
                                             .max_epochs = recorded::LcBench::kMaxEpoch,
                                             .energy_budget = unit * kCap,
                                             .seed = options_.first_seed + job.seed_index}),
                          "bench.yaml");
  const double enough = std::max(targets.best_tenth_percent, match_level(job.task));
  Trace trace;
  const auto strategy = make_named(job.strategy, file, first_of(job, file.problem));
  play_study(file, *strategy, *trainings,
             [&](const trial::Event& event, const trial::History& history) {
               const auto* report = std::get_if<trial::Reported>(&event);
               if (report == nullptr) return false;
               improve(trace, history.total_energy().total().joules() / unit,
                       report->metrics.front().value);
               return trace.back().best >= enough;
             });
  return trace;
}

void EnergyToTarget::play_all(const std::vector<Job>& jobs) {
  std::vector<Trace> traces(jobs.size());
  std::atomic<std::size_t> num_done{0};
  run_in_parallel(options_.num_jobs, jobs.size(), [&](std::size_t i) {
    traces[i] = play(jobs[i]);
    if (++num_done % 50 == 0) {
      fmt::print(stderr, "bench-schedule: {} of {} studies\n", num_done.load(), jobs.size());
    }
  });
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    ours_[{jobs[i].strategy, jobs[i].variant}][jobs[i].task].push_back(std::move(traces[i]));
  }
}

/// A peer behind a full training of the default configuration, of which it learns nothing: what can
/// be said of its recorded traces without running it anew.
Runs EnergyToTarget::delayed_peer(const std::string& peer) const {
  const space::Space space = space_of(bench_.space(), Variant::Default);
  Runs delayed;
  for (const std::string& task : tasks_) {
    const double unit = peers_.targets.at(task).median_full_training_s;
    Trace first;
    double cost = 0.0;
    const auto trainings = bench_.trainings(task, space, kPower);
    const auto recording = trainings->open(*space.default_configuration(), 0);
    for (auto step = (*recording)->next(0.0); step; step = (*recording)->next(step->step)) {
      cost = step->time.value() / unit;
      improve(first, cost, step->metrics.front().value);
    }
    for (const Trace& recorded : peers_.runs.at(peer).at(task)) {
      Trace trace = first;
      for (const TracePoint& point : recorded) improve(trace, cost + point.cost, point.best);
      delayed[task].push_back(std::move(trace));
    }
  }
  return delayed;
}

ordered_json EnergyToTarget::run() {
  ordered_json summary = ordered_json::object();
  std::vector<Job> jobs;
  for (const std::string& strategy : options_.strategies) {
    if (const auto why = refusal_of(strategy)) {
      fmt::print("left out: {}: {}\n", strategy, *why);
      continue;
    }
    const bool is_judged = strategy == options_.strategies.front();
    for (const Variant variant : kVariants) {
      const bool is_default = variant == Variant::Plain || is_judged;
      const bool is_asked = std::ranges::count(options_.starts, name_of(variant)) > 0;
      if (!(options_.starts.empty() ? is_default : is_asked)) continue;
      for (const std::string& task : tasks_) {
        for (std::size_t i = 0; i < options_.num_seeds; ++i) {
          jobs.push_back({strategy, variant, task, i});
        }
      }
    }
  }
  play_all(jobs);
  fmt::print(
      "\nJoules to the target in median full trainings, geometric means over {} tasks of "
      "medians over seeds\n(tasks solved); tuning half / report half. Peers: 3 seeds; ours: "
      "{}. All runs: geometric mean over both targets and every run.\n\n{:34} {:>26} {:>26} "
      "{:>10}\n",
      tasks_.size(), options_.num_seeds, "strategy", "best 1 %", "best 0.1 %", "all runs");
  for (const std::string& name : peer_names_) print_means("peer: " + name, peers_.runs.at(name));
  for (const std::string& name : peer_names_) {
    print_means("default, then " + name, delayed_peer(name));
  }
  for (const auto& [key, runs] : ours_) {
    print_means(key.first + std::string{words_for(key.second)}, runs);
  }
  const std::string& judged = options_.strategies.front();
  for (const Variant variant : kVariants) {
    const auto runs = ours_.find({judged, variant});
    if (runs == ours_.end()) continue;
    print_tasks(judged + std::string{words_for(variant)}, runs->second);
    if (variant == Variant::DefaultAndHistory) continue;  // no bar asks for it
    const std::string ending{name_of(variant)};
    add_keys(runs->second, variant == Variant::Plain ? "" : "_" + ending, summary);
  }
  write_json();
  return summary;
}

void EnergyToTarget::add_keys(const Runs& runs, const std::string& ending,
                              ordered_json& summary) const {
  const Runs& peer = peers_.runs.at(best_peer_);
  const double easy = mean_cost(runs, Target::OnePercent) / mean_cost(peer, Target::OnePercent);
  const double hard = mean_cost(runs, Target::TenthPercent) /
                      mean_cost(peers_.runs.at(best_peer_hard_), Target::TenthPercent);
  summary["ett_ratio_best_peer" + ending] = easy;
  summary["ett_ratio_best_peer" + (ending.empty() ? "_hard" : ending + "_hard")] = hard;
  if (!ending.empty()) return;
  std::vector<double> matches;
  double worst = 0.0;
  for (const std::string& task : tasks_) {
    matches.push_back(cost_of_median(runs.at(task), match_level(task), kCap) / kMatchCost);
    const double target = peers_.targets.at(task).best_one_percent;
    worst = std::max(worst, median_cost_to(runs.at(task), target, kCap) /
                                median_cost_to(peer.at(task), target, kCap));
  }
  summary["match_ratio_best_peer"] = geometric_mean(matches);
  summary["ett_worst_task"] = worst;
}

std::string cell(double cost) {
  return cost >= kCap ? "60" : fmt::format("{:.1f}", cost);
}

void EnergyToTarget::print_tasks(const std::string& strategy, const Runs& runs) const {
  fmt::print(
      "\n{}: median (min - max over {} seeds) to the target; t: tuning half, r: report half\n"
      "\n{:8} {:4} {:>22} {:>8} {:>22} {:>8} {:>8}\n",
      strategy, options_.num_seeds, "task", "half", "best 1 %", "peer", "best 0.1 %", "peer",
      "match/30");
  for (const std::string& task : tasks_) {
    const auto words = [&](Target target) {
      std::vector<double> costs;
      for (const Trace& trace : runs.at(task)) {
        costs.push_back(cost_to(trace, target_of(peers_.targets.at(task), target), kCap));
      }
      const auto range = math::min_max(costs);
      return fmt::format("{} ({} - {})", cell(math::median(costs)), cell(range.min),
                         cell(range.max));
    };
    const auto peer = [&](const std::string& name, Target target) {
      return cell(median_cost_to(peers_.runs.at(name).at(task),
                                 target_of(peers_.targets.at(task), target), kCap));
    };
    fmt::print("{:8} {:4} {:>22} {:>8} {:>22} {:>8} {:>8.2f}\n", task,
               is_of_tuning_half(task) ? "t" : "r", words(Target::OnePercent),
               peer(best_peer_, Target::OnePercent), words(Target::TenthPercent),
               peer(best_peer_hard_, Target::TenthPercent),
               cost_of_median(runs.at(task), match_level(task), kCap) / kMatchCost);
  }
  fmt::print("\npeers beside it: {} (1 %) and {} (0.1 %)\n", best_peer_, best_peer_hard_);
}

void EnergyToTarget::print_means(const std::string& name, const Runs& runs) const {
  std::vector<std::string> tuning;
  std::vector<std::string> reported;
  for (const std::string& task : tasks_) {
    (is_of_tuning_half(task) ? tuning : reported).push_back(task);
  }
  const auto words = [&](Target target) {
    const auto half = [&](const std::vector<std::string>& tasks) {
      return tasks.empty() ? std::string{"-"}
                           : fmt::format("{:.1f}", mean_cost(runs, target, tasks));
    };
    return fmt::format("{:.1f} ({}); {} / {}", mean_cost(runs, target), num_solved(runs, target),
                       half(tuning), half(reported));
  };
  std::vector<double> all;
  for (const std::string& task : tasks_) {
    for (const Trace& trace : runs.at(task)) {
      for (const Target target : {Target::OnePercent, Target::TenthPercent}) {
        all.push_back(cost_to(trace, target_of(peers_.targets.at(task), target), kCap));
      }
    }
  }
  fmt::print("{:34} {:>26} {:>26} {:>10.2f}\n", name, words(Target::OnePercent),
             words(Target::TenthPercent), geometric_mean(all));
}

void EnergyToTarget::write_json() const {
  if (!options_.json) return;
  ordered_json all = ordered_json::object();
  for (const auto& [key, runs] : ours_) {
    ordered_json& entry = all[key.first + std::string{words_for(key.second)}];
    for (const auto& [task, traces] : runs) {
      for (const Trace& trace : traces) {
        ordered_json points = ordered_json::array();
        for (const TracePoint& point : trace) points.push_back({point.cost, point.best});
        entry[task].push_back(std::move(points));
      }
    }
  }
  std::ofstream{*options_.json} << all.dump() << "\n";
}

}  // namespace

ordered_json measure_energy_to_target(const ScheduleBenchOptions& options) {
  return EnergyToTarget{options}.run();
}

}  // namespace wattune::bench
