#include "wattune/schedulers/asha.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lost_trials.hpp"
#include "rung_book.hpp"
#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::schedulers {
namespace {

std::string in_words(const std::vector<double>& targets, const AshaOptions& options) {
  const bool stops = options.variant == AshaVariant::Stopping;
  const bool counts_energy = options.quota == AshaQuota::Energy;
  return fmt::format("asha{}: rungs from {} to {}, eta {}{}, by {}", stops ? " that stops" : "",
                     number_text(targets.front()), number_text(targets.back()), options.eta,
                     counts_energy ? " of the energy" : "", to_text(options.rank_by));
}

/// What is left to say when nobody can go further.
Step without_promotion(const trial::History& history, Fresh fresh, const StartFresh& start) {
  if (fresh == Fresh::Available) return start;
  if (history.num_running() > 0) return Wait{};
  return Done{};
}

class PromotingAsha final : public Scheduler {
 public:
  PromotingAsha(std::vector<double> targets, const AshaOptions& options)
      : options_(options), book_(std::move(targets), options) {}

  Step next(const trial::History& history, Fresh fresh) const override {
    book_.follow(history);
    if (const auto id = book_.unfinished().first()) {
      const trial::Trial& trial = history.trial(*id);
      return Promote{*id, trial.target(), trial.rung()};
    }
    if (const auto step = promotion(history)) return *step;
    if (fresh == Fresh::Exhausted && history.num_running() == 0 && !book_.has_full_training()) {
      if (const auto step = last_promotion()) return *step;
    }
    return without_promotion(history, fresh, {book_.targets().front(), 0, 0});
  }

  trial::Verdict decide(const trial::History& history, TrialId id) const override {
    return pause_at_target(history.trial(id), book_.targets().back());
  }

  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    if (!options_.max_trials || paused.empty()) return paused;
    book_.follow(history);
    const std::set<TrialId> lost = lost_trials(history, book_, *options_.max_trials);
    std::erase_if(paused, [&](TrialId id) { return lost.contains(id); });
    return paused;
  }

  std::string describe() const override { return in_words(book_.targets(), options_); }

 private:
  /// From the highest rung down; nobody leaves the top one.
  [[nodiscard]] std::optional<Step> promotion(const trial::History& history) const {
    for (std::size_t rung = book_.targets().size() - 1; rung-- > 0;) {
      if (const auto id = book_.rungs()[rung].next()) {
        return promote(rung_beyond(history.trial(*id).step(), rung), *id);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Step> last_promotion() const {
    for (std::size_t rung = book_.targets().size() - 1; rung-- > 0;) {
      if (const auto id = book_.rungs()[rung].best()) {
        return promote(book_.targets().size() - 1, *id);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t rung_beyond(double step, std::size_t rung) const {
    const std::size_t last = book_.targets().size() - 1;
    do ++rung;
    while (rung < last && book_.targets()[rung] <= step);
    return rung;
  }

  [[nodiscard]] Step promote(std::size_t rung, TrialId id) const {
    return Promote{id, book_.targets()[rung], static_cast<std::uint16_t>(rung)};
  }

  AshaOptions options_;
  mutable RungBook book_;
};

class StoppingAsha final : public Scheduler {
 public:
  StoppingAsha(std::vector<double> targets, const AshaOptions& options)
      : options_(options), book_(std::move(targets), options) {}

  Step next(const trial::History& history, Fresh fresh) const override {
    book_.follow(history);
    const double max = book_.targets().back();
    const double every = book_.targets().front();
    if (const auto id = book_.unfinished().first()) return Promote{*id, max, 0, every};
    return without_promotion(history, fresh, {max, 0, 0, every});
  }

  trial::Verdict decide(const trial::History& history, TrialId id) const override {
    const trial::Trial& trial = history.trial(id);
    const auto rung = rung_just_reached(trial);
    if (!rung) return trial::Verdict::Continue;
    book_.follow(history);
    return book_.rungs()[*rung].is_in_top(id) ? trial::Verdict::Continue : trial::Verdict::Stop;
  }

  std::string describe() const override { return in_words(book_.targets(), options_); }

 private:
  /// The highest rung below the top one that the last report was the first to reach.
  [[nodiscard]] std::optional<std::size_t> rung_just_reached(const trial::Trial& trial) const {
    const auto reports = trial.reports();
    const double before = reports.size() < 2 ? 0.0 : reports[reports.size() - 2].step;
    if (trial.step() >= book_.targets().back()) return std::nullopt;
    for (std::size_t rung = book_.targets().size() - 1; rung-- > 0;) {
      if (trial.step() < book_.targets()[rung]) continue;
      if (before < book_.targets()[rung]) return rung;
      break;
    }
    return std::nullopt;
  }

  AshaOptions options_;
  mutable RungBook book_;
};

}  // namespace

std::unique_ptr<Scheduler> make_asha(const trial::Resource& resource, const AshaOptions& options) {
  std::vector<double> targets = rung_targets(resource, options.eta);
  if (options.variant == AshaVariant::Promotion) {
    return std::make_unique<PromotingAsha>(std::move(targets), options);
  }
  if (options.quota == AshaQuota::Energy) {
    throw ConfigError("quota: the stopping variant compares ranks; energy goes with promotion");
  }
  return std::make_unique<StoppingAsha>(std::move(targets), options);
}

}  // namespace wattune::schedulers
