#include "wattune/schedulers/full.hpp"

#include "changes.hpp"
#include "unfinished.hpp"

namespace wattune::schedulers {
namespace {

class Full final : public Scheduler {
 public:
  explicit Full(double max) : max_(max), unfinished_(max) {}

  Step next(const trial::History& history, Fresh fresh) const override {
    if (!changes_.is_continued(history)) unfinished_.clear();
    changes_.take(history, [&](const trial::Trial& trial) { unfinished_.update(trial); });
    if (const auto id = unfinished_.first()) return Promote{*id, max_, 0};
    if (fresh == Fresh::Available) return StartFresh{max_, 0, 0};
    if (history.num_running() > 0) return Wait{};
    return Done{};
  }

  trial::Verdict decide(const trial::History&, TrialId) const override {
    return trial::Verdict::Continue;
  }

  std::vector<TrialId> still_wanted(const trial::History& history,
                                    std::vector<TrialId> paused) const override {
    std::erase_if(paused, [&](TrialId id) { return is_settled(history.trial(id), max_); });
    return paused;
  }

  std::string describe() const override { return "full: every trial to the end"; }

 private:
  double max_;
  mutable Changes changes_;
  mutable Unfinished unfinished_;
};

}  // namespace

std::unique_ptr<Scheduler> make_full(const trial::Resource& resource) {
  return std::make_unique<Full>(resource.max);
}

}  // namespace wattune::schedulers
