#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <optional>
#include <stdexcept>

#include "search/peers.hpp"
#include "search/quality.hpp"
#include "search/study.hpp"
#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/math/hypervolume.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::bench {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
/// CPU time of this process: on one core, what a quiet machine's clock would say.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// This program and the peers it starts run on the last core they may use.
void pin_to_one_core() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (int core = CPU_SETSIZE - 1; core >= 0; --core) {
    if (!CPU_ISSET(core, &allowed)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) throw std::runtime_error("cannot pin a core");
    return;
  }
}

/// Squared distances from one place per objective, as in time_suggestions of peers.py.
SearchProblem bowls(std::size_t num_parameters, std::size_t num_objectives) {
  const auto values = [num_objectives](const space::Configuration& configuration) {
    std::vector<double> losses(num_objectives, 0.0);
    for (std::size_t k = 0; k < num_objectives; ++k) {
      const double place = static_cast<double>(k + 1) / static_cast<double>(num_objectives + 1);
      for (const space::Value& value : configuration.values()) {
        losses[k] += std::pow(std::get<double>(value) - place, 2);
      }
    }
    return losses;
  };
  return {.name = "bowls",
          .space = fake::unit_cube(num_parameters),
          .num_objectives = num_objectives,
          .values = values};
}

/// One key: single suggestions after so many trials.
struct SuggestionCase {
  std::string key;
  std::string sampler;
  std::string peer;
  std::size_t num_parameters = 10;
  std::size_t num_objectives = 1;
  std::size_t num_trials = 10'000;
  std::size_t num_repeats = 100;
  std::size_t num_peer_repeats = 5;
  double per_ms = 1.0;   ///< 1000 for a key in microseconds.
  bool is_cold = false;  ///< A new sampler for every suggestion, so that its fit is counted.
};

struct Times {
  std::vector<double> ms;
  double first_ms =
      0.0;  ///< The first suggestion of a new sampler, which reads all of the history.
};

Times time_suggestions(const NamedSampler& sampler, const SuggestionCase& one) {
  const SearchProblem problem = bowls(one.num_parameters, one.num_objectives);
  const trial::Problem study = to_trial_problem(problem, 1);
  fake::HistoryBuilder builder{study};
  Rng places{1};
  for (std::size_t i = 0; i < one.num_trials; ++i) {
    const auto configuration = study.space.sample(places).value();
    builder.add_completed(configuration, problem.values(configuration));
  }
  auto made = sampler.make(problem, study, 2 * one.num_trials);
  Times times;
  for (std::size_t i = 0; i <= one.num_repeats; ++i) {
    if (one.is_cold) made = sampler.make(problem, study, 2 * one.num_trials);
    Rng rng{1, i};
    const auto begin = cpu_seconds();
    const auto suggestion = made->suggest(builder.history(), rng);
    const double ms = 1000.0 * (cpu_seconds() - begin);
    if (i == 0) {
      times.first_ms = ms;
    } else {
      times.ms.push_back(ms);
    }
    builder.add_completed(suggestion.value(), problem.values(*suggestion));
  }
  return times;
}

/// Points on the sphere of a front without order, the same for both sides.
std::vector<std::vector<double>> sphere_points(std::size_t num_objectives, std::size_t count) {
  Rng rng{7};
  std::vector<std::vector<double>> points(count);
  for (auto& point : points) {
    double squares = 0.0;
    for (std::size_t k = 0; k < num_objectives; ++k) {
      point.push_back(std::abs(rng.normal()));
      squares += point.back() * point.back();
    }
    for (double& coordinate : point) coordinate /= std::sqrt(squares);
  }
  return points;
}

class SpeedRun {
 public:
  explicit SpeedRun(const SearchBenchOptions& options) : options_(options) {
    pin_to_one_core();
    if (options.peers != std::vector<std::string>{"none"}) peers_.emplace(options);
  }

  [[nodiscard]] ordered_json run() {
    fmt::print("\nCPU time on one core: median, quartiles\n");
    for (const SuggestionCase& one : suggestion_cases()) {
      if (is_wanted(options_, {one.key})) run_suggestions(one);
    }
    run_study_ratio("tpe_study_ratio_rustuna", 1000, 3);
    if (!options_.is_quick) run_study_ratio("tpe_study_ratio_rustuna_10k", 10'000, 1);
    run_hypervolume("hv3_1000_ratio_moocore", 3, 1000);
    run_hypervolume("hv4_500_ratio_moocore", 4, 500);
    run_hypervolume("hv5_200_ratio_moocore", 5, 200);
    run_hypervolume("hv6_100_ratio_moocore", 6, 100);
    return summary_;
  }

 private:
  static std::vector<SuggestionCase> suggestion_cases() {
    return {{.key = "tpe_10k_ms", .sampler = "tpe", .peer = "optuna_tpe"},
            {.key = "motpe_10k_ms",
             .sampler = "tpe",
             .peer = "optuna_tpe",
             .num_objectives = 3,
             .num_peer_repeats = 2},
            {.key = "gp2_100_ms",
             .sampler = "gp",
             .peer = "optuna_gp",
             .num_objectives = 2,
             .num_trials = 100,
             .num_repeats = 20,
             .is_cold = true},
            {.key = "gp2_500_ms",
             .sampler = "gp",
             .peer = "optuna_gp",
             .num_objectives = 2,
             .num_trials = 500,
             .num_repeats = 5,
             .num_peer_repeats = 2,
             .is_cold = true},
            {.key = "nsga2_us",
             .sampler = "nsga2",
             .peer = "optuna_nsga2",
             .num_parameters = 40,
             .num_objectives = 2,
             .num_repeats = 1000,
             .per_ms = 1000.0}};
  }

  /// Prints a row and keeps its median.
  void tell(const std::string& key, const std::vector<double>& values, const std::string& note) {
    fmt::print("{:<34} {:>10.4g} {:>10.4g} {:>10.4g}   {}\n", key, math::quantile(values, 0.5),
               math::quantile(values, 0.25), math::quantile(values, 0.75), note);
    std::fflush(stdout);
    summary_[key] = math::quantile(values, 0.5);
  }

  [[nodiscard]] bool has_peer(std::string_view name) const {
    return peers_ &&
           std::ranges::find(peers_->available(), name, &Peer::name) != peers_->available().end();
  }

  /// Nothing, with a line that says so, where the peer is not there or fails.
  [[nodiscard]] std::optional<json> ask_peer(const std::string& peer, const json& job) {
    if (!has_peer(peer)) return std::nullopt;
    json answer = peers_->ask(job);
    if (!answer.contains("error")) return answer;
    fmt::print("left out: {}: {}\n", peer, answer.at("error").get<std::string>());
    return std::nullopt;
  }

  void run_suggestions(const SuggestionCase& one) {
    const auto& all = named_samplers();
    const auto found = std::ranges::find(all, one.sampler, &NamedSampler::name);
    if (found == all.end()) {
      fmt::print("left out: {}: there is no sampler {}\n", one.key, one.sampler);
      return;
    }
    Times times = time_suggestions(*found, one);
    for (double& value : times.ms) value *= one.per_ms;
    tell(
        one.key, times.ms,
        fmt::format("{} parameters, {} trials, {} objectives; {}", one.num_parameters,
                    one.num_trials, one.num_objectives,
                    one.is_cold ? "a new sampler each time"
                                : fmt::format("a new sampler's first: {:.3g} ms", times.first_ms)));
    const auto answer = ask_peer(one.peer, {{"time", "suggestions"},
                                            {"peer", one.peer},
                                            {"num_parameters", one.num_parameters},
                                            {"num_objectives", one.num_objectives},
                                            {"num_trials", one.num_trials},
                                            {"repeats", one.num_peer_repeats}});
    if (!answer) return;
    auto peer_times = answer->at("ms").get<std::vector<double>>();
    for (double& value : peer_times) value *= one.per_ms;
    tell(one.key + "." + one.peer, peer_times, "");
  }

  /// Whole studies with one objective and ten parameters.
  void run_study_ratio(const std::string& key, std::size_t num_trials, std::size_t num_repeats) {
    if (!is_wanted(options_, {key}) || !has_peer("rustuna_tpe")) return;
    const SearchProblem problem = bowls(10, 1);
    const auto& all = named_samplers();
    const auto tpe = std::ranges::find(all, "tpe", &NamedSampler::name);
    std::vector<double> ratios;
    std::string note;
    for (std::size_t i = 0; i < num_repeats; ++i) {
      const auto begin = cpu_seconds();
      (void)run_study(tpe->make, problem, num_trials, 1 + i);
      const double ours = (cpu_seconds() - begin);
      const auto answer = ask_peer("rustuna_tpe", {{"time", "study"},
                                                   {"peer", "rustuna_tpe"},
                                                   {"num_parameters", 10},
                                                   {"num_trials", num_trials}});
      if (!answer) return;
      const double theirs = answer->at("seconds");
      ratios.push_back(theirs / ours);
      note = fmt::format("{} trials: {:.3g} s over {:.3g} s", num_trials, theirs, ours);
    }
    tell(key, ratios, note);
  }

  /// Our time over moocore's, best runs of both; the volumes must agree.
  void run_hypervolume(const std::string& key, std::size_t num_objectives, std::size_t count) {
    if (!is_wanted(options_, {key}) || !peers_) return;
    const auto points = sphere_points(num_objectives, count);
    const std::vector<double> reference(num_objectives, 1.1);
    constexpr std::size_t kRepeats = 15;
    double volume = math::hypervolume(points, reference);
    const auto once = cpu_seconds();
    volume += 0.0 * math::hypervolume(points, reference);
    const auto calls =
        static_cast<std::size_t>(std::clamp(0.02 / std::max(cpu_seconds() - once, 1e-6), 1.0, 1e3));
    const json job{{"time", "hypervolume"},
                   {"points", points},
                   {"reference", reference},
                   {"repeats", kRepeats},
                   {"calls", calls}};
    json answer = peers_->ask(job);
    if (answer.contains("error")) {
      fmt::print("left out: {}: {}\n", key, answer.at("error").get<std::string>());
      return;
    }
    std::vector<double> ours;
    for (std::size_t i = 0; i < kRepeats; ++i) {
      const auto begin = cpu_seconds();
      double sum = 0.0;
      for (std::size_t call = 0; call < calls; ++call) sum += math::hypervolume(points, reference);
      ours.push_back((cpu_seconds() - begin) / static_cast<double>(calls));
      if (std::abs(sum / static_cast<double>(calls) - volume) > 1e-9 * volume) {
        throw std::runtime_error(key + ": a volume that changes from call to call");
      }
    }
    if (std::abs(answer.at("value").get<double>() - volume) > 1e-9 * volume) {
      throw std::runtime_error(fmt::format("{}: {} is not {}", key, volume, answer.at("value")));
    }
    const double best = std::ranges::min(ours);
    const double theirs = std::ranges::min(answer.at("seconds").get<std::vector<double>>());
    tell(key, {best / theirs},
         fmt::format("{} points, {} objectives: {:.3g} ms over {:.3g} ms", count, num_objectives,
                     1000.0 * best, 1000.0 * theirs));
  }

  SearchBenchOptions options_;
  std::optional<Peers> peers_;
  ordered_json summary_ = ordered_json::object();
};

}  // namespace

ordered_json measure_speed(const SearchBenchOptions& options) {
  return SpeedRun{options}.run();
}

}  // namespace wattune::bench
