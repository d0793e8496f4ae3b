// Measures the race on LCBench: race-harness DATA [--seeds N] [--first-seed N] [--half
// tuning|report|all]
// [--start none|default|margin] [--set knob=value]... [--cap C] [--only TASK] [--go-on] [--verbose]

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "schedule/curve_surrogate.hpp"
#include "search/lcbench.hpp"
#include "strategies/race_tuned.hpp"
#include "support/spaces.hpp"
#include "wattune/strategies/race.hpp"

namespace wattune::bench {
namespace {

using nlohmann::json;
constexpr double kCap = 60.0;
constexpr std::size_t kManyValues = 240;

struct Settings {
  int seeds = 3;
  int first_seed = 0;
  std::string half = "tuning";
  std::string start = "none";
  double cap = kCap;
  bool verbose = false;
  bool goes_on = false;  // beyond the targets, up to the cap
  std::string only;
  strategies::RaceTuning tuning;
};

/// The space kept a share off every bound.
space::Space shrunk(const space::Space& space, double margin) {
  std::vector<space::Parameter> parameters;
  for (std::size_t i = 0; i < space.size(); ++i) {
    space::Parameter parameter = space.parameters()[i];
    const auto low = space.decode(i, margin);
    const auto high = space.decode(i, 1.0 - margin);
    if (auto* f = std::get_if<space::FloatDomain>(&parameter.domain)) {
      f->low = std::get<double>(low);
      f->high = std::get<double>(high);
    } else if (auto* k = std::get_if<space::IntDomain>(&parameter.domain)) {
      k->low = std::get<std::int64_t>(low);
      k->high = std::get<std::int64_t>(high);
    }
    parameters.push_back(parameter);
  }
  return space::Space{std::move(parameters)};
}

trial::Problem problem_of(const space::Space& space, int seed) {
  trial::Problem problem{"lcbench", static_cast<std::uint64_t>(seed), space, {}, {}, {}, {}, "race",
                         "true"};
  problem.objectives.push_back(
      {{trial::MeasureKind::Metric, "accuracy"}, trial::Direction::Maximize});
  problem.resource = {trial::ResourceUnit::Epochs, 1.0, 52.0};
  return problem;
}

struct Run {
  std::vector<std::pair<double, double>> trace;  // cost, best so far
  std::size_t trials = 0;
  std::size_t full = 0;
  std::size_t values = 0;
  double decision_seconds = 0.0;
  std::vector<double> late_seconds = {};  // of decisions on many values
  std::size_t decisions = 0;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Run run_race(const CurveSurrogate& surrogate, const std::string& task, const space::Space& space,
             const Settings& settings, int seed, double unit, double stop_at) {
  const trial::Problem problem = problem_of(space, seed);
  strategies::RaceOptions options;
  if (settings.start == "default") {
    const json values{{"batch_size", 64},     {"learning_rate", 0.02}, {"momentum", 0.9},
                      {"weight_decay", 5e-4}, {"num_layers", 3},       {"max_units", 256},
                      {"max_dropout", 0.2}};
    options.first.push_back(*space.from_json(values));
  }
  auto strategy = strategies::make_tuned_race(problem, options, settings.tuning);
  trial::History history{problem};
  Run run;
  double spent = 0.0;
  double best = 0.0;
  std::map<std::uint32_t, CurveSurrogate::Curve> curves;
  while (spent < settings.cap && (settings.goes_on || best < stop_at)) {
    const double before = cpu_seconds();
    const strategies::Next next = strategy->next(history);
    const double took = cpu_seconds() - before;
    run.decision_seconds += took;
    if (run.values >= kManyValues) run.late_seconds.push_back(took);
    ++run.decisions;
    trial::Assignment assignment;
    if (const auto* fresh = std::get_if<strategies::NewTrial>(&next)) {
      assignment = fresh->assignment;
      history.apply(trial::TrialCreated{assignment.trial, fresh->purpose, fresh->origin,
                                        fresh->configuration});
      curves[assignment.trial.number()] = surrogate.train(task, space, fresh->configuration);
    } else if (const auto* resume = std::get_if<strategies::Resume>(&next)) {
      assignment = resume->assignment;
    } else {
      break;
    }
    history.apply(trial::Assigned{assignment});
    const auto& curve = curves.at(assignment.trial.number());
    const int from = static_cast<int>(assignment.from);
    const int to = static_cast<int>(assignment.to);
    for (int epoch = from + 1; epoch <= to; ++epoch) {
      const auto i = static_cast<std::size_t>(epoch - 1);
      const double previous = epoch > 1 ? curve.seconds[i - 1] : 0.0;
      const double step = std::max(0.0, curve.seconds[i] - previous);
      EnergyFigure energy;
      energy.dynamic = to_microjoules(Joules{step * 100.0});
      history.apply(trial::Reported{assignment.trial,
                                    double(epoch),
                                    0.0,
                                    Seconds{step},
                                    energy,
                                    {{"accuracy", curve.accuracy_percent[i]}}});
      spent += step / unit;
      if (curve.accuracy_percent[i] > best) {
        best = curve.accuracy_percent[i];
        run.trace.emplace_back(spent, best);
      }
    }
    ++run.values;
    if (settings.verbose) {
      fmt::print("  {:7.2f} trial {:3} {:2}..{:2} {:8.4f} best {:8.4f}\n", spent,
                 assignment.trial.number(), from, to, curve.accuracy_percent[std::size_t(to) - 1],
                 best);
    }
    const bool is_end = to >= 52;
    if (is_end) ++run.full;
    if (!is_end) {
      history.apply(trial::Decided{assignment.trial, double(to), trial::Verdict::Pause});
      history.apply(trial::CheckpointSaved{assignment.trial, double(to), "/dev/null"});
    }
    history.apply(trial::AssignmentEnded{
        assignment.trial, is_end ? trial::Outcome::Completed : trial::Outcome::Paused, "", {}, {}});
  }
  run.trials = history.trials().size();
  return run;
}

double cost_to(const std::vector<std::pair<double, double>>& trace, double target) {
  for (const auto& [cost, best] : trace) {
    if (best >= target) return std::min(kCap, cost);
  }
  return kCap;
}

double best_at(const std::vector<std::pair<double, double>>& trace, double cost) {
  double best = 0.0;
  for (const auto& [at, value] : trace) {
    if (at <= cost) best = value;
  }
  return best;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/// First cost at which the median over runs of the best so far is at least `level`.
double median_match(const std::vector<Run>& runs, double level) {
  std::set<double> costs;
  for (const Run& run : runs) {
    for (const auto& [cost, best] : run.trace) costs.insert(cost);
  }
  for (const double cost : costs) {
    std::vector<double> bests;
    for (const Run& run : runs) bests.push_back(best_at(run.trace, cost));
    if (median(bests) >= level) return std::min(cost, kCap);
  }
  return kCap;
}

struct PeerRow {
  double easy, hard, match_level;
};

int main_of(int argc, char** argv) {
  const std::filesystem::path folder = argv[1];
  Settings settings;
  std::map<std::string, double> knobs;
  for (int i = 2; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--verbose" || flag == "--go-on") {
      (flag == "--verbose" ? settings.verbose : settings.goes_on) = true;
      continue;
    }
    const std::string value = argv[++i];
    if (flag == "--seeds") settings.seeds = std::stoi(value);
    if (flag == "--first-seed") settings.first_seed = std::stoi(value);
    if (flag == "--half") settings.half = value;
    if (flag == "--start") settings.start = value;
    if (flag == "--cap") settings.cap = std::stod(value);
    if (flag == "--only") settings.only = value;
    if (flag == "--set") {
      const auto equals = value.find('=');
      knobs[value.substr(0, equals)] = std::stod(value.substr(equals + 1));
    }
  }
  auto& t = settings.tuning;
  for (const auto& [name, value] : knobs) {
    const auto count = static_cast<std::size_t>(value);
    if (name == "num_start")
      t.num_start = count;
    else if (name == "num_second")
      t.num_second = count;
    else if (name == "eta")
      t.eta = value;
    else if (name == "first_share")
      t.first_share = value;
    else if (name == "slack")
      t.slack = value;
    else if (name == "lead_share")
      t.lead_share = value;
    else if (name == "follower")
      t.follower = count;
    else if (name == "cost_exponent")
      t.cost_exponent = value;
    else if (name == "num_candidates")
      t.num_candidates = count;
    else if (name == "local_share")
      t.local_share = value;
    else if (name == "num_parents")
      t.num_parents = count;
    else if (name == "smallest_step")
      t.smallest_step = value;
    else if (name == "largest_step")
      t.largest_step = value;
    else if (name == "max_values")
      t.max_values = count;
    else if (name == "fit_rows")
      t.fit_rows = count;
    else if (name == "fit_evaluations")
      t.fit_evaluations = count;
    else if (name == "fit_growth")
      t.fit_growth = value;
    else if (name == "warp")
      t.warp = value > 0;
    else
      throw std::runtime_error("no knob " + name);
  }
  const LcBench bench{folder};
  const CurveSurrogate surrogate{folder, bench};
  const space::Space space =
      settings.start == "margin" ? shrunk(bench.space(), 0.02) : bench.space();
  std::ifstream in{folder / "peers.json"};
  const json peers = json::parse(in);
  const std::set<std::string> tuning{"126025", "146212", "167149", "167168", "167185", "167201",
                                     "168331", "168868", "189354", "189866", "189906", "3945"};
  std::vector<std::string> tasks = bench.tasks();
  std::ranges::sort(tasks);
  double all_easy = 0, all_hard = 0;
  double log_easy = 0, log_hard = 0, log_peer_easy = 0, log_peer_hard = 0, log_match = 0, worst = 0;
  double decision = 0;
  std::size_t decisions = 0;
  std::vector<double> late;
  int count = 0, solved_easy = 0, solved_hard = 0;
  std::string worst_task;
  for (const std::string& task : tasks) {
    const bool is_tuning = tuning.contains(task);
    if (settings.half != "all" && is_tuning != (settings.half == "tuning")) continue;
    if (!settings.only.empty() && task != settings.only) continue;
    const json& target = peers.at("targets").at(task);
    const double easy = target.at("top_1_percent");
    const double hard = target.at("top_0.1_percent");
    double level = 0.0;
    std::map<std::string, std::vector<std::vector<std::pair<double, double>>>> traces;
    for (const auto& [name, runs] : peers.at("peers").at(task).items()) {
      std::vector<double> at30;
      for (const json& run : runs) {
        traces[name].push_back(run.at("trace").get<std::vector<std::pair<double, double>>>());
        at30.push_back(best_at(traces[name].back(), 30.0));
      }
      if (name == "TPE + Hyperband") level = std::max(level, median(at30));
    }
    const auto peer = [&](const std::string& name, double wanted) {
      std::vector<double> costs;
      for (const auto& trace : traces.at(name)) costs.push_back(cost_to(trace, wanted));
      return median(costs);
    };
    std::vector<Run> runs;
    std::vector<double> easy_costs, hard_costs;
    for (int seed = settings.first_seed; seed < settings.first_seed + settings.seeds; ++seed) {
      runs.push_back(run_race(surrogate, task, space, settings, seed,
                              target.at("median_full_training_s"), std::max(hard, level)));
      easy_costs.push_back(cost_to(runs.back().trace, easy));
      hard_costs.push_back(cost_to(runs.back().trace, hard));
      all_easy += std::log(easy_costs.back()) / settings.seeds;
      all_hard += std::log(hard_costs.back()) / settings.seeds;
      decision += runs.back().decision_seconds;
      decisions += runs.back().decisions;
      std::ranges::copy(runs.back().late_seconds, std::back_inserter(late));
    }
    const double e = median(easy_costs), h = median(hard_costs);
    const double pe = peer("TPE + Hyperband", easy), ph = peer("TPE, full runs", hard);
    const double match = median_match(runs, level);
    log_easy += std::log(e);
    log_hard += std::log(h);
    log_peer_easy += std::log(pe);
    log_peer_hard += std::log(ph);
    log_match += std::log(match / 30.0);
    solved_easy += e < kCap;
    solved_hard += h < kCap;
    ++count;
    if (e / pe > worst) {
      worst = e / pe;
      worst_task = task;
    }
    std::ranges::sort(easy_costs);
    std::ranges::sort(hard_costs);
    fmt::print(
        "{:7} {} 1%: {:6.2f} [{:6.2f} {:6.2f}] peer {:6.2f} | 0.1%: {:6.2f} [{:6.2f} {:6.2f}] peer "
        "{:6.2f} | match {:5.2f} | trials {} full {}\n",
        task, is_tuning ? 't' : 'r', e, easy_costs.front(), easy_costs.back(), pe, h,
        hard_costs.front(), hard_costs.back(), ph, match / 30.0, runs.front().trials,
        runs.front().full);
    std::fflush(stdout);
  }
  if (!late.empty()) {
    fmt::print(
        "decisions on more than {} values: mean {:.2f} ms, median {:.2f} ms, longest {:.2f} ms of "
        "CPU time\n",
        kManyValues, 1e3 * std::accumulate(late.begin(), late.end(), 0.0) / double(late.size()),
        1e3 * median(late), 1e3 * std::ranges::max(late));
  }
  const double n = count;
  fmt::print(
      "{} {} seeds {}..: easy {:.2f} ({}/{}) ratio {:.3f} | hard {:.2f} ({}/{}) ratio {:.3f} | "
      "match {:.3f} | worst {:.2f} {} | over runs {:.2f} {:.2f} both {:.2f} | decision {:.2f} ms "
      "of {}\n",
      settings.start, settings.half, settings.first_seed, std::exp(log_easy / n), solved_easy,
      count, std::exp((log_easy - log_peer_easy) / n), std::exp(log_hard / n), solved_hard, count,
      std::exp((log_hard - log_peer_hard) / n), std::exp(log_match / n), worst, worst_task,
      std::exp(all_easy / n), std::exp(all_hard / n), std::exp((all_easy + all_hard) / n / 2),
      1e3 * decision / double(decisions), decisions);
  return 0;
}

}  // namespace
}  // namespace wattune::bench

int main(int argc, char** argv) {
  return wattune::bench::main_of(argc, argv);
}
