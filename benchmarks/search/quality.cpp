#include "search/quality.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>

#include "search/comparison.hpp"
#include "search/lcbench.hpp"
#include "search/peers.hpp"
#include "search/study.hpp"
#include "wattune/math/statistics.hpp"

namespace wattune::bench {
namespace {

using nlohmann::ordered_json;

/// One key of the table: a problem at a number of evaluations.
struct Case {
  std::string key;
  const SearchProblem* problem = nullptr;
  std::size_t num_evaluations = 50;
  std::size_t num_repeats = 20;
};

std::vector<Case> cases_of(const SearchBenchOptions& options) {
  std::vector<Case> cases;
  const auto add = [&](const SearchProblem& problem, const char* prefix, std::size_t count) {
    count = options.num_evaluations.value_or(count);
    Case one{fmt::format("{}_{}_{}", prefix, problem.name, count), &problem, count,
             options.num_repeats};
    if (problem.name == "cbo_branincurrin") one.key = "cbo_feasible";
    const bool is_known = std::ranges::find(cases, one.key, &Case::key) != cases.end();
    if (!is_known && is_wanted(options, {one.key, problem.name})) cases.push_back(one);
  };
  for (const SearchProblem& problem : search_problems()) {
    if (problem.num_objectives > 1) add(problem, "hv", problem.num_evaluations);
  }
  for (const SearchProblem& problem : search_problems()) {
    if (problem.num_constraints > 0) add(problem, "cbo", problem.num_evaluations);
  }
  for (const std::size_t count : {50U, 200U}) {
    for (const SearchProblem& problem : search_problems()) {
      if (problem.num_objectives == 1 && problem.num_constraints == 0) {
        add(problem, "regret", count);
      }
    }
  }
  return cases;
}

/// Lower is better: regret, the cost itself, or the hypervolume negated.
std::optional<double> loss_of(const SearchProblem& problem, const SearchResult& result,
                              std::size_t count) {
  const auto value =
      score(problem, result.exact_values, std::min(count, result.exact_values.size()));
  if (!value || problem.num_objectives > 1) return value ? std::optional{-*value} : value;
  return problem.num_constraints > 0 ? *value : *value - problem.best;
}

/// Runs tasks on so many threads.
void run_in_parallel(std::size_t num_jobs, std::size_t num_tasks,
                     const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (std::size_t job = 0; job < std::min(num_jobs, num_tasks); ++job) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < num_tasks; i = next++) work(i);
    });
  }
}

class QualityRun {
 public:
  explicit QualityRun(const SearchBenchOptions& options) : options_(options) {
    for (const std::string& name : options.samplers) {
      const auto& all = named_samplers();
      const auto found = std::ranges::find(all, name, &NamedSampler::name);
      if (found == all.end()) throw std::runtime_error("there is no sampler " + name);
      samplers_.push_back(*found);
    }
    if (options.peers != std::vector<std::string>{"none"}) peers_.emplace(options);
  }

  [[nodiscard]] ordered_json run() {
    ordered_json summary = ordered_json::object();
    if (peers_) {
      for (const auto& [name, reason] : peers_->missing()) {
        fmt::print("left out: {}: {}\n", name, reason);
      }
    }
    for (const Case& one : cases_of(options_)) run_case(one, summary);
    if (options_.data && is_wanted(options_, {"lcbench"})) run_lcbench(summary);
    print_regret_ranks(summary);
    write_details();
    return summary;
  }

 private:
  [[nodiscard]] Scores run_ours(const NamedSampler& sampler, const Case& one) {
    Scores scores{sampler.name, std::vector<std::optional<double>>(one.num_repeats)};
    run_in_parallel(options_.num_jobs, one.num_repeats, [&](std::size_t repeat) {
      const auto result =
          run_study(sampler.make, *one.problem, one.num_evaluations, options_.first_seed + repeat);
      scores.values[repeat] = loss_of(*one.problem, result, one.num_evaluations);
    });
    return scores;
  }

  /// Nothing where a repeat is missing.
  [[nodiscard]] std::optional<Scores> run_peer(const Peer& peer, const Case& one) {
    Scores scores{peer.name, std::vector<std::optional<double>>(one.num_repeats)};
    std::atomic<bool> is_complete{true};
    run_in_parallel(options_.num_jobs, one.num_repeats, [&](std::size_t repeat) {
      const std::uint64_t seed = options_.first_seed + repeat;
      auto result = peers_->kept(peer, *one.problem, one.num_evaluations, seed);
      if (!result && options_.measures_peers && is_complete) {
        result = peers_->run(peer, *one.problem, one.num_evaluations, seed);
      }
      if (result) {
        scores.values[repeat] = loss_of(*one.problem, *result, one.num_evaluations);
      } else {
        is_complete = false;
      }
    });
    return is_complete ? std::optional{scores} : std::nullopt;
  }

  [[nodiscard]] std::vector<Scores> scores_of(const Case& one) {
    std::vector<Scores> all;
    for (const NamedSampler& sampler : samplers_) {
      if (!sampler.suits(*one.problem)) continue;
      fmt::print(stderr, "bench-search: {}: {} ...\n", one.key, sampler.name);
      all.push_back(run_ours(sampler, one));
    }
    if (!peers_) return all;
    for (const Peer& peer : peers_->available()) {
      if (!peer.suits(*one.problem)) continue;
      fmt::print(stderr, "bench-search: {}: {} ...\n", one.key, peer.name);
      if (auto scores = run_peer(peer, one)) all.push_back(std::move(*scores));
    }
    return all;
  }

  void print_table(const std::string& title, const std::vector<ScoreSummary>& rows, bool negated,
                   std::size_t num_repeats) const {
    fmt::print("\n{}, {} repeats\n{:<22} {:>11} {:>11} {:>11} {:>6} {:>9} {:>9}\n", title,
               num_repeats, "", "median", "quartile", "quartile", "rank", "p better", "p worse");
    const double sign = negated ? -1.0 : 1.0;
    for (const ScoreSummary& row : rows) {
      fmt::print(
          "{:<22} {:>11.5g} {:>11.5g} {:>11.5g} {:>6.2f} {:>9.2g} {:>9.2g}{}\n", row.strategy,
          sign * row.median, sign * row.low_quartile, sign * row.high_quartile, row.mean_rank,
          row.p_judged_better, row.p_judged_worse,
          row.num_missing > 0 ? fmt::format("  {} found nothing feasible", row.num_missing) : "");
    }
  }

  void run_case(const Case& one, ordered_json& summary) {
    const std::vector<Scores> scores = scores_of(one);
    if (scores.empty()) return;
    const auto rows = compare(scores);
    const bool is_volume = one.problem->num_objectives > 1;
    print_table(one.key, rows, is_volume, one.num_repeats);
    const double sign = is_volume ? -1.0 : 1.0;
    summary[one.key] = sign * rows.front().median;
    for (const ScoreSummary& row : rows) {
      summary[one.key + "." + row.strategy] = sign * row.median;
      if (&row == &rows.front()) continue;
      summary[one.key + ".p_better_than." + row.strategy] = row.p_judged_better;
      summary[one.key + ".p_worse_than." + row.strategy] = row.p_judged_worse;
    }
    if (one.key == "cbo_feasible" && summary.contains("cbo_feasible.botorch")) {
      summary["cbo_feasible_ratio"] =
          rows.front().median / summary["cbo_feasible.botorch"].get<double>();
    }
    if (one.key.starts_with("regret_")) regret_rows_.push_back(rows);
    keep_details(one.key, scores);
  }

  /// Ranks over all tasks and repeats; the test pairs the tasks' medians.
  void run_lcbench(ordered_json& summary) {
    const auto bench = std::make_shared<const LcBench>(*options_.data / "lcbench");
    const std::size_t num_repeats = std::max<std::size_t>(1, options_.num_repeats / 4);
    std::vector<Scores> all;
    std::vector<Scores> medians;
    for (const std::string& task : bench->tasks()) {
      const SearchProblem problem = lcbench_problem(bench, task);
      const Case one{problem.name, &problem, options_.num_evaluations.value_or(50), num_repeats};
      const auto scores = scores_of(one);
      keep_details(one.key, scores);
      add_task(scores, all, medians);
    }
    // A strategy that lacks a task cannot be ranked.
    const auto is_short = [&](const Scores& row) {
      return row.values.size() < num_repeats * bench->tasks().size();
    };
    for (std::size_t i = all.size(); i-- > 0;) {
      if (!is_short(all[i])) continue;
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
      medians.erase(medians.begin() + static_cast<std::ptrdiff_t>(i));
    }
    const auto rows = compare(medians);
    print_table("lcbench: validation error in percent, medians of 24 tasks", rows, false,
                num_repeats);
    const auto ranks = mean_ranks(all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      fmt::print("{:<22} mean rank over tasks and repeats {:.3f}\n", all[i].strategy, ranks[i]);
      summary["lcbench_rank" + (i == 0 ? "" : "." + all[i].strategy)] = ranks[i];
      if (i > 0) summary["lcbench_p_better_than." + all[i].strategy] = rows[i].p_judged_better;
    }
  }

  static void add_task(const std::vector<Scores>& scores, std::vector<Scores>& all,
                       std::vector<Scores>& medians) {
    for (const Scores& row : scores) {
      auto found = std::ranges::find(all, row.strategy, &Scores::strategy);
      if (found == all.end()) {
        all.push_back({row.strategy, {}});
        medians.push_back({row.strategy, {}});
        found = all.end() - 1;
      }
      found->values.insert(found->values.end(), row.values.begin(), row.values.end());
      std::vector<double> values;
      for (const auto& value : row.values) values.push_back(value.value());
      medians[static_cast<std::size_t>(found - all.begin())].values.emplace_back(
          math::median(values));
    }
  }

  /// Mean rank over all regret keys of the strategies that were in each of them.
  void print_regret_ranks(ordered_json& summary) const {
    if (regret_rows_.size() < 2) return;
    fmt::print("\nmean rank over {} regret keys\n", regret_rows_.size());
    for (const ScoreSummary& first : regret_rows_.front()) {
      double sum = 0.0;
      std::size_t count = 0;
      for (const auto& rows : regret_rows_) {
        const auto found = std::ranges::find(rows, first.strategy, &ScoreSummary::strategy);
        if (found == rows.end()) continue;
        sum += found->mean_rank;
        ++count;
      }
      if (count < regret_rows_.size()) continue;
      const double mean = sum / static_cast<double>(count);
      fmt::print("{:<22} {:>6.3f}\n", first.strategy, mean);
      summary["regret_rank." + first.strategy] = mean;
    }
  }

  void keep_details(const std::string& key, const std::vector<Scores>& scores) {
    for (const Scores& row : scores) {
      nlohmann::json values = nlohmann::json::array();
      for (const auto& value : row.values)
        values.push_back(value ? nlohmann::json(*value) : nullptr);
      details_[key][row.strategy] = values;
    }
  }

  void write_details() const {
    if (options_.json) std::ofstream{*options_.json} << details_.dump(1) << '\n';
  }

  SearchBenchOptions options_;
  std::vector<NamedSampler> samplers_;
  std::optional<Peers> peers_;
  std::vector<std::vector<ScoreSummary>> regret_rows_;
  ordered_json details_ = ordered_json::object();
};

}  // namespace

ordered_json measure_quality(const SearchBenchOptions& options) {
  return QualityRun{options}.run();
}

}  // namespace wattune::bench
