#include "wattune/schedulers/stop_rule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wattune/base/require.hpp"

namespace wattune::schedulers {
namespace {

std::optional<double> smaller(std::optional<double> left, std::optional<double> right) {
  if (!left || !right) return left ? left : right;
  return std::min(*left, *right);
}

class StopWhen final : public Scheduler {
 public:
  StopWhen(const trial::Resource& resource, std::unique_ptr<Scheduler> scheduler,
           std::vector<std::unique_ptr<StopRule>> rules)
      : resource_(resource), scheduler_(std::move(scheduler)), rules_(std::move(rules)) {
    for (const auto& rule : rules_) report_every_ = smaller(report_every_, rule->report_every());
  }

  Step next(const trial::History& history, Fresh fresh) const override {
    Step step = scheduler_->next(history, fresh);
    if (auto* start = std::get_if<StartFresh>(&step)) {
      start->report_every = smaller(start->report_every, report_every_);
    } else if (auto* promote = std::get_if<Promote>(&step)) {
      promote->report_every = smaller(promote->report_every, report_every_);
    }
    return step;
  }

  trial::Verdict decide(const trial::History& history, TrialId id) const override {
    const trial::Verdict verdict = scheduler_->decide(history, id);
    const bool is_whole_program = resource_.unit == trial::ResourceUnit::Run;
    const bool is_full = !is_whole_program && history.trial(id).step() >= resource_.max;
    if (verdict == trial::Verdict::Stop || is_full) return verdict;
    const bool stops = std::ranges::any_of(
        rules_, [&](const auto& rule) { return rule->wants_stop(history, id); });
    return stops ? trial::Verdict::Stop : verdict;
  }

  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    return scheduler_->still_wanted(history, std::move(paused));
  }

  std::string describe() const override {
    std::string text = scheduler_->describe();
    for (const auto& rule : rules_) text += fmt::format("; stop when {}", rule->describe());
    return text;
  }

 private:
  trial::Resource resource_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<StopRule>> rules_;
  std::optional<double> report_every_;
};

}  // namespace

std::unique_ptr<Scheduler> stop_when(const trial::Resource& resource,
                                     std::unique_ptr<Scheduler> scheduler,
                                     std::vector<std::unique_ptr<StopRule>> rules) {
  WATTUNE_REQUIRE(scheduler != nullptr);
  if (rules.empty()) return scheduler;
  return std::make_unique<StopWhen>(resource, std::move(scheduler), std::move(rules));
}

}  // namespace wattune::schedulers
