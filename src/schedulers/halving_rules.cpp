#include "halving_rules.hpp"

#include <algorithm>

namespace wattune::schedulers {

BracketRules halving_rules(const trial::History& history, std::span<const double> targets,
                           std::size_t eta, RankBy rank_by) {
  BracketRules rules;
  rules.eta = eta;
  rules.max = targets.back();
  rules.target = [targets](const trial::Trial&, std::size_t rung) {
    return targets[std::min(rung, targets.size() - 1)];
  };
  rules.rank = [&history, rank_by](std::span<const Contestant> members, std::size_t rung,
                                   std::size_t) {
    std::vector<Standing> standings;
    for (const Contestant& member : members) {
      if (!is_out(history.trial(member.trial), rung)) {
        standings.push_back(standing_of(history, member));
      }
    }
    return rank(std::move(standings), rank_by);
  };
  return rules;
}

}  // namespace wattune::schedulers
