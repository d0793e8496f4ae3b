#include "wattune/strategies/finalists.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"
#include "wattune/trial/finalists.hpp"

namespace wattune::strategies {
namespace {

/// Energy and time that something takes.
struct Spending {
  Joules energy;
  Seconds time;

  Spending& operator+=(const Spending& other) {
    energy += other.energy;
    time += other.time;
    return *this;
  }
  [[nodiscard]] Spending times(double factor) const { return {energy * factor, time * factor}; }
};

/// What a full training of a trial takes, projected from how far it came; nothing where that is not
/// known.
std::optional<Spending> full_training(const trial::History& history, const trial::Trial& trial) {
  if (trial.reports().empty() || trial.step() <= 0.0) return std::nullopt;
  const bool is_complete = history.is_complete(trial);
  const trial::Resource& resource = history.problem().resource;
  if (!is_complete && resource.unit == trial::ResourceUnit::Run) return std::nullopt;
  const double factor = is_complete ? 1.0 : resource.max / trial.step();
  const auto energy = history.full_training_energy(trial);
  return Spending{energy ? energy->energy.total().joules() : Joules{}, trial.duration() * factor};
}

/// What one full training of the dearest trial so far would take: follows the history.
class Dearest {
 public:
  const Spending& of(const trial::History& history) {
    const auto finished = history.finished_order();
    for (; num_seen_ < finished.size(); ++num_seen_) {
      const auto full = full_training(history, history.trial(finished[num_seen_]));
      if (!full) continue;
      dearest_.energy = std::max(dearest_.energy, full->energy);
      dearest_.time = std::max(dearest_.time, full->time);
    }
    return dearest_;
  }

 private:
  std::size_t num_seen_ = 0;
  Spending dearest_;
};

/// The least that one of the budgets of energy, carbon and cost still allows, at the highest rates.
std::optional<Joules> energy_limit(const trial::Budgets& budgets, const trial::History& history) {
  std::optional<Joules> limit = budgets.energy;
  const auto lower = [&](double budget, const energy::RateTable& rate) {
    const energy::Amount one_joule{.without_rate = Microjoules{1'000'000}};
    const double of_one = energy::at_most(one_joule, rate, history.problem().tariff.pue);
    if (of_one <= 0.0) return;
    const Joules other{budget / of_one};
    limit = limit ? std::min(*limit, other) : other;
  };
  const trial::Tariff& tariff = history.problem().tariff;
  if (budgets.carbon_g && tariff.intensity) lower(*budgets.carbon_g, tariff.intensity->rate);
  if (budgets.cost && tariff.price) lower(*budgets.cost, tariff.price->rate);
  return limit;
}

class Finalists final : public Strategy {
 public:
  Finalists(std::unique_ptr<Strategy> search, const FinalistOptions& options)
      : search_(std::move(search)), options_(options) {}

  Next next(const trial::History& history) override {
    std::string reason = "the search has left the rest of its budget to the finalists";
    if (!must_leave_the_rest(history)) {
      Next next = search_->next(history);
      if (const auto* finished = std::get_if<Finished>(&next)) {
        reason = finished->reason;
      } else if (!is_one_too_many(history, next)) {
        return next;
      } else {
        reason = fmt::format("the search has tried its {} trials", *options_.budgets.trials);
      }
    }
    if (history.num_running() > 0) return Wait{};
    const auto finalists = choose_finalists(history, options_.count, options_.tolerance);
    for (const trial::Repeat& repeat : order_of(finalists)) {
      if (!is_done(history, repeat)) return again(history, repeat);
    }
    if (finalists.empty()) return Finished{std::move(reason)};
    return Finished{fmt::format("{}; {} configuration{} measured again", reason, finalists.size(),
                                finalists.size() == 1 ? " was" : "s were")};
  }

  trial::Verdict decide(const trial::History& history, TrialId trial) override {
    const bool is_finalist = history.trial(trial).purpose() == trial::Purpose::Finalist;
    return is_finalist ? trial::Verdict::Continue : search_->decide(history, trial);
  }

  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    return search_->still_wanted(history, std::move(paused));
  }

  std::string progress(const trial::History& history) const override {
    std::size_t num_done = 0;
    bool is_running = false;
    for (const trial::Trial& trial : history.trials()) {
      if (trial.purpose() != trial::Purpose::Finalist) continue;
      is_running = is_running || trial.is_running();
      num_done += is_over(trial) ? 1 : 0;
    }
    if (!is_running) return search_->progress(history);
    const auto finalists = choose_finalists(history, options_.count, options_.tolerance);
    return fmt::format("measuring finalists again: training {} of {}", num_done + 1,
                       finalists.size() * options_.repeats);
  }

  std::vector<std::string> notes(const trial::History& history) const override {
    std::vector<std::string> notes = search_->notes(history);
    const auto measured = trial::finalists_of(history);
    if (measured.empty()) return notes;
    std::vector<std::uint32_t> numbers;
    for (const trial::Finalist& each : measured) numbers.push_back(each.of.number());
    notes.push_back(fmt::format(
        "The configuration{} of trial{} {} {} trained again from the beginning, one at a time with "
        "nothing beside it, {} in counter-balanced order with the same seeds for each.",
        numbers.size() == 1 ? "" : "s", numbers.size() == 1 ? "" : "s", fmt::join(numbers, ", "),
        numbers.size() == 1 ? "was" : "were",
        options_.repeats == 1 ? "once" : fmt::format("{} times", options_.repeats)));
    return notes;
  }

  /// That of the search: it is the same study, whether or not its best are measured again.
  std::string describe() const override { return search_->describe(); }

 private:
  /// Is this training never begun anew?
  static bool is_over(const trial::Trial& trial) {
    return trial::counts_as_measured_again(trial) || trial.state() == trial::TrialState::Failed ||
           trial.state() == trial::TrialState::Stopped;
  }

  static bool is_done(const trial::History& history, const trial::Repeat& repeat) {
    return std::ranges::any_of(history.trials(), [&](const trial::Trial& trial) {
      return trial.repeat() == repeat && is_over(trial);
    });
  }

  /// A B C, C B A, A B C, ...
  [[nodiscard]] std::vector<trial::Repeat> order_of(const std::vector<TrialId>& finalists) const {
    std::vector<trial::Repeat> order;
    for (std::uint16_t number = 0; number < options_.repeats; ++number) {
      for (std::size_t i = 0; i < finalists.size(); ++i) {
        const bool is_forward = number % 2 == 0;
        order.push_back({finalists[is_forward ? i : finalists.size() - 1 - i], number});
      }
    }
    return order;
  }

  static Next again(const trial::History& history, const trial::Repeat& repeat) {
    trial::Assignment assignment;
    assignment.trial = history.next_trial_id();
    assignment.to = history.problem().resource.max;
    assignment.stage = trial::Stage::Finalist;
    return NewTrial{trial::Purpose::Finalist, trial::Origin::Finalist,
                    history.trial(repeat.of).configuration(), assignment, repeat};
  }

  [[nodiscard]] bool is_one_too_many(const trial::History& history, const Next& next) const {
    if (!options_.budgets.trials || !std::holds_alternative<NewTrial>(next)) return false;
    return history.trials().size() - history.num_finalist_trials() >= *options_.budgets.trials;
  }

  /// Would one more trial of the search eat into what the finalists need? What they have used
  /// themselves does not count, so that the answer stays while they are measured.
  bool must_leave_the_rest(const trial::History& history) {
    const auto joules = energy_limit(options_.budgets, history);
    const auto seconds = options_.budgets.time;
    if (!joules && !seconds) return false;
    const auto exceeds = [&](const Spending& use) {
      return (joules && use.energy > *joules) || (seconds && use.time > *seconds);
    };
    const auto repeats = static_cast<double>(options_.repeats);
    const Spending search = spent_on_search(history);
    Spending most = dearest_.of(history).times(repeats * static_cast<double>(options_.count));
    most += search;
    if (!exceeds(most)) return false;  // almost always, and cheap

    const auto finalists = choose_finalists(history, options_.count, options_.tolerance);
    if (finalists.empty()) return false;
    Spending need = search;
    for (const TrialId id : finalists) {
      const auto full = full_training(history, history.trial(id));
      if (full) need += full->times(repeats);
    }
    return exceeds(need);
  }

  /// What the search has drawn, and what those that run now and one more will draw.
  static Spending spent_on_search(const trial::History& history) {
    Spending spent{history.total_energy().total().joules(), history.total_duration()};
    std::size_t num_ended = history.finished_order().size();
    std::size_t num_running = history.num_running();
    if (history.num_finalist_trials() > 0) {
      for (const trial::Trial& trial : history.trials()) {
        if (trial.purpose() != trial::Purpose::Finalist) continue;
        spent.energy -= trial.energy().total().joules();
        spent.time -= trial.duration();
        num_ended -= trial.is_running() ? 0 : 1;
        num_running -= trial.is_running() ? 1 : 0;
      }
    }
    if (num_ended == 0) return spent;
    const double ahead = static_cast<double>(num_running + 1) / static_cast<double>(num_ended);
    return {spent.energy * (1.0 + ahead), spent.time * (1.0 + ahead)};
  }

  std::unique_ptr<Strategy> search_;
  FinalistOptions options_;
  Dearest dearest_;  // a cache
};

}  // namespace

std::unique_ptr<Strategy> with_finalists(std::unique_ptr<Strategy> search,
                                         const FinalistOptions& options) {
  WATTUNE_REQUIRE(search != nullptr);
  if (options.count < 1) throw ConfigError("finalists: count is 1 or more");
  if (options.repeats < 1 || options.repeats > 1000) {
    throw ConfigError("finalists: repeats is 1 to 1000");
  }
  return std::make_unique<Finalists>(std::move(search), options);
}

}  // namespace wattune::strategies
