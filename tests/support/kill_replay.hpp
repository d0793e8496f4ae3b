#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/asked.hpp"
#include "support/decisions.hpp"
#include "support/fake_runner.hpp"
#include "support/forwarding_storage.hpp"
#include "wattune/base/random.hpp"
#include "wattune/storage/memory.hpp"
#include "wattune/study/study.hpp"

namespace wattune {

/// A strategy that is to decide the same whether or not its engine is killed.
struct KillCase {
  std::string name;
  trial::Problem problem;
  std::function<std::unique_ptr<strategies::Strategy>()> make;
  FakeRunnerOptions runner = {};
  trial::Budgets budgets = {};
  /// Decides on metrics alone and runs one trial at a time: then the study as a whole is the same,
  /// although work that is done again is charged and reports come at other times.
  bool repeats_whole_study = true;
};

struct KillReport {
  std::size_t num_kills = 0;
  std::size_t num_studies = 0;
  std::size_t num_decisions = 0;    ///< Questions that were compared.
  std::size_t num_divergences = 0;  ///< Of them, those with another answer.
  std::string first;                ///< The first of those, in words.
};

/// Runs studies whose engine is killed at random moments - before an append reaches the disk, after
/// it, while nothing is written - until there were so many kills, and compares.
///
/// Every answer that strategies gave which were made anew after each kill is put beside that of one
/// that lives through the whole log; and, where the case allows it, every study beside one that
/// nobody disturbed.
class KillReplay {
 public:
  KillReplay(KillCase what, std::uint64_t seed) : case_(std::move(what)), rng_(seed) {}

  KillReport run(std::size_t num_kills) {
    max_kills_ = 0;
    one_study();
    const std::vector<std::string> undisturbed = decisions(events());
    // About eight kills in every study.
    kill_share_ = 8.0 / static_cast<double>(std::max<std::size_t>(num_moments_, 8));
    report_ = {};
    max_kills_ = num_kills;
    while (report_.num_kills < num_kills) {
      one_study();
      ++report_.num_studies;
      ask_again();
      if (case_.repeats_whole_study) compare(undisturbed, decisions(events()));
    }
    return report_;
  }

 private:
  struct Killed {};

  /// The day goes on with every look at it: no two appends carry the same time.
  class Day final : public Clock {
   public:
    explicit Day(const ManualClock& steps) : steps_(steps) {}
    [[nodiscard]] MonotonicTime now() const override { return steps_.now(); }
    [[nodiscard]] WallTime wall_now() const override {
      return steps_.wall_now() + std::chrono::microseconds(++num_looks_);
    }

   private:
    const ManualClock& steps_;
    mutable std::int64_t num_looks_ = 0;
  };

  /// Writes down what it was asked, at which length of the log, and what it said.
  class Recording final : public strategies::Strategy {
   public:
    Recording(std::unique_ptr<strategies::Strategy> inner, KillReplay& owner)
        : inner_(std::move(inner)), owner_(owner) {}
    strategies::Next next(const trial::History& history) override {
      strategies::Next next = inner_->next(history);
      owner_.asked_.push_back(
          {owner_.num_events_, std::nullopt, in_words(next, history.problem().space)});
      return next;
    }
    trial::Verdict decide(const trial::History& history, TrialId trial) override {
      const trial::Verdict verdict = inner_->decide(history, trial);
      owner_.asked_.push_back({owner_.num_events_, trial, std::string(to_text(verdict))});
      return verdict;
    }
    std::vector<TrialId> still_wanted(const trial::History& history,
                                      std::vector<TrialId> paused) const override {
      return inner_->still_wanted(history, std::move(paused));
    }
    std::string progress(const trial::History& history) const override {
      return inner_->progress(history);
    }
    std::vector<std::string> notes(const trial::History& history) const override {
      return inner_->notes(history);
    }
    std::string describe() const override { return inner_->describe(); }

   private:
    std::unique_ptr<strategies::Strategy> inner_;
    KillReplay& owner_;
  };

  void moment() {
    ++num_moments_;
    if (report_.num_kills >= max_kills_ || rng_.uniform() >= kill_share_) return;
    ++report_.num_kills;
    throw Killed{};
  }

  void one_study() {
    log_.emplace();
    asked_.clear();
    num_moments_ = 0;
    while (!session()) {
    }
  }

  /// False where it was killed.
  bool session() {
    num_events_ = events().size();
    ForwardingStorage storage(*log_);
    storage.before_append = [&](std::span<const trial::Event>) -> Result<void> {
      moment();
      return {};
    };
    storage.after_append = [&](std::span<const trial::Event> events) {
      moment();
      num_events_ += events.size();
    };
    FakeRunner runner(steps_, case_.runner);
    runner.before_wait = [&] { moment(); };
    Recording strategy(case_.make(), *this);
    study::Observer observer;
    const study::StudyParts parts{.problem = case_.problem,
                                  .strategy = strategy,
                                  .runner = runner,
                                  .storage = storage,
                                  .clock = day_,
                                  .observer = observer,
                                  .budgets = case_.budgets};
    try {
      const auto end = study::run_study(parts, study::StopSignal{});
      WATTUNE_REQUIRE(end.has_value());
      return true;
    } catch (const Killed&) {
      return false;
    }
  }

  [[nodiscard]] std::vector<trial::Event> events() const {
    std::vector<trial::Event> all;
    static_cast<void>(
        log_->read(0, [&](const trial::LoggedEvent& logged) { all.push_back(logged.event); }));
    return all;
  }

  void ask_again() {
    trial::History history(case_.problem);
    const auto strategy = case_.make();
    std::size_t num_applied = 0;
    std::size_t next_question = 0;
    static_cast<void>(log_->read(0, [&](const trial::LoggedEvent& logged) {
      history.apply(logged.event, logged.at);
      ++num_applied;
      for (; next_question < asked_.size() && asked_[next_question].num_events == num_applied;
           ++next_question) {
        const Asked& asked = asked_[next_question];
        const std::string answer =
            asked.trial ? std::string(to_text(strategy->decide(history, *asked.trial)))
                        : in_words(strategy->next(history), history.problem().space);
        judge(asked.answer, answer);
      }
    }));
    WATTUNE_REQUIRE(next_question == asked_.size());
  }

  void compare(const std::vector<std::string>& undisturbed,
               const std::vector<std::string>& killed) {
    for (std::size_t i = 0; i < std::max(undisturbed.size(), killed.size()); ++i) {
      judge(i < undisturbed.size() ? undisturbed[i] : "nothing",
            i < killed.size() ? killed[i] : "nothing");
    }
  }

  void judge(const std::string& expected, const std::string& answer) {
    ++report_.num_decisions;
    if (expected == answer) return;
    if (report_.num_divergences++ == 0) {
      report_.first = case_.name + ": " + expected + " became " + answer;
    }
  }

  KillCase case_;
  Rng rng_;
  ManualClock steps_;
  Day day_{steps_};
  std::optional<storage::MemoryStorage> log_;
  std::vector<Asked> asked_;
  std::size_t num_events_ = 0;
  std::size_t num_moments_ = 0;
  std::size_t max_kills_ = 0;
  double kill_share_ = 0.0;
  KillReport report_;
};

/// Decisions of one case over so many kills.
[[nodiscard]] inline KillReport replay_kills(KillCase what, std::size_t num_kills,
                                             std::uint64_t seed) {
  return KillReplay(std::move(what), seed).run(num_kills);
}

}  // namespace wattune
