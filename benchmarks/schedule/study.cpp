#include "schedule/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "schedule/race_knobs.hpp"
#include "strategies/race_tuned.hpp"
#include "wattune/base/text.hpp"
#include "wattune/config/assemble.hpp"
#include "wattune/runners/replay.hpp"
#include "wattune/storage/storage.hpp"

namespace wattune::bench {
namespace {

std::string log_words(bool is_log) {
  return is_log ? ", log: true" : "";
}

struct DomainWords {
  std::string operator()(const space::FloatDomain& domain) const {
    return fmt::format("type: float, low: {}, high: {}{}", number_text(domain.low),
                       number_text(domain.high), log_words(domain.log));
  }
  std::string operator()(const space::IntDomain& domain) const {
    return fmt::format("type: int, low: {}, high: {}{}", domain.low, domain.high,
                       log_words(domain.log));
  }
  std::string operator()(const space::ChoiceDomain& domain) const {
    std::vector<std::string> values;
    for (const space::Choice& choice : domain.choices) values.push_back(space::to_text(choice));
    return fmt::format("type: {}, values: [{}]", domain.ordered ? "ordinal" : "categorical",
                       fmt::join(values, ", "));
  }
  std::string operator()(const space::ConstantDomain& domain) const {
    return "type: constant, value: " + space::to_text(domain.value);
  }
};

std::string role_words(space::Role role) {
  if (role == space::Role::BatchSize) return ", role: batch_size";
  if (role == space::Role::LearningRate) return ", role: learning_rate";
  return "";
}

/// Keeps nothing: what a study in a bench has decided is seen by its watcher.
class NoStorage final : public storage::Storage {
 public:
  [[nodiscard]] Result<void> append(std::span<const trial::Event>, WallTime) override { return {}; }
  [[nodiscard]] Result<void> read(
      std::uint64_t, const std::function<void(const trial::LoggedEvent&)>&) const override {
    return {};
  }
};

space::Space one_float() {
  return space::Space{
      {{"x", space::FloatDomain{0.0, 1.0, false, {}}, std::nullopt, {}, space::Role::None}}};
}

class Watcher final : public study::Observer {
 public:
  Watcher(const Watch& watch, study::StopSignal& stop) : watch_(watch), stop_(stop) {}
  void on_event(const trial::Event& event, const trial::History& history) override {
    if (watch_(event, history)) stop_.request();
  }

 private:
  const Watch& watch_;
  study::StopSignal& stop_;
};

}  // namespace

std::string study_text(const space::Space& space, const StudyWords& words) {
  std::string text = "study: bench\ncommand: 'true'\nparameters:\n";
  for (const space::Parameter& parameter : space.parameters()) {
    text += fmt::format(
        "  {}: {{{}{}{}}}\n", parameter.name, std::visit(DomainWords{}, parameter.domain),
        parameter.default_value ? ", default: " + space::to_text(*parameter.default_value) : "",
        role_words(parameter.role));
  }
  text += fmt::format("objectives: {}\n", words.objectives);
  if (words.max_epochs) {
    text += fmt::format("resource: {{unit: epochs, min: 1, max: {}}}\n",
                        number_text(*words.max_epochs));
  }
  text += fmt::format("strategy: {}\n", words_of(words.strategy));
  std::vector<std::string> budgets;
  if (words.energy_budget) {
    budgets.push_back(fmt::format("energy: {} J", number_text(words.energy_budget->value())));
  }
  if (words.trial_budget) budgets.push_back(fmt::format("trials: {}", *words.trial_budget));
  if (!budgets.empty()) text += fmt::format("budget: {{{}}}\n", fmt::join(budgets, ", "));
  return text + fmt::format("seed: {}\n", words.seed);
}

const std::vector<NamedSchedule>& named_schedules() {
  static const std::vector<NamedSchedule> schedules{
      {"auto", "auto"},
      {"random_full", "{sampler: random, scheduler: full}"},
      {"tpe_full", "{sampler: tpe, scheduler: full}"},
      {"gp_full", "{sampler: gp, scheduler: full}"},
      {"random_halving",
       "{sampler: random, scheduler: {name: halving, reduction_factor: 3, initial_trials: 27}}"},
      {"tpe_halving",
       "{sampler: tpe, scheduler: {name: halving, reduction_factor: 3, initial_trials: 27}}"},
      {"random_hyperband", "{sampler: random, scheduler: hyperband}"},
      {"tpe_hyperband", "{sampler: tpe, scheduler: hyperband}"},
      {"random_asha", "{sampler: random, scheduler: asha}"},
      {"tpe_asha", "{sampler: tpe, scheduler: asha}"},
      {"sm2", "{name: sm2, training_loss: val_cross_entropy}"},
      {"sm2_128", "{name: sm2, training_loss: val_cross_entropy, max_candidates: 128}"}};
  return schedules;
}

std::string words_of(const std::string& strategy) {
  if (race_knobs_of(strategy)) return "race";
  const auto& all = named_schedules();
  const auto found = std::ranges::find(all, strategy, &NamedSchedule::name);
  return found == all.end() ? strategy : found->words;
}

std::optional<std::string> refusal_of(const std::string& strategy) {
  try {
    const auto file = config::parse_study(
        study_text(one_float(), {.strategy = strategy, .max_epochs = 27.0, .trial_budget = 4}),
        "bench.yaml");
    static_cast<void>(make_named(strategy, file));
    return std::nullopt;
  } catch (const ConfigError& error) {
    return error.what();
  }
}

std::unique_ptr<strategies::Strategy> make_named(const std::string& strategy,
                                                 const config::StudyFile& file,
                                                 std::vector<space::Configuration> learned) {
  if (const auto tuning = race_knobs_of(strategy)) {
    return strategies::make_tuned_race(file.problem, {.learned = std::move(learned)}, *tuning);
  }
  return config::make_strategy(file, file.problem, {}, std::move(learned));
}

void play_study(const config::StudyFile& file, strategies::Strategy& strategy,
                const recorded::RecordedTrainings& trainings, const Watch& watch,
                std::size_t num_workers) {
  trial::Problem problem = file.problem;
  problem.strategy = strategy.describe();
  runners::VirtualClock clock;
  const auto runner = runners::make_replay_runner(trainings, clock,
                                                  {.num_workers = num_workers,
                                                   .max_step = problem.resource.max,
                                                   .checkpoints_at_reports = false});
  NoStorage storage;
  study::StopSignal stop;
  Watcher watcher{watch, stop};
  const auto end = study::run_study({.problem = problem,
                                     .strategy = strategy,
                                     .runner = *runner,
                                     .storage = storage,
                                     .clock = clock,
                                     .observer = watcher,
                                     .budgets = config::make_budgets(file),
                                     .environment = "{}",
                                     .can_pause = true,
                                     .tick = Seconds{1e9}},
                                    stop);
  if (!end) throw std::runtime_error(end.error().message);
}

void run_in_parallel(std::size_t num_jobs, std::size_t num_tasks,
                     const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;
  {
    std::vector<std::jthread> threads;
    for (std::size_t job = 0; job < std::min(num_jobs, num_tasks); ++job) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < num_tasks; i = next++) {
          try {
            work(i);
          } catch (...) {
            const std::lock_guard lock{mutex};
            if (!error) error = std::current_exception();
            next = num_tasks;
          }
        }
      });
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace wattune::bench
