#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "support/event_text.hpp"
#include "wattune/trial/event.hpp"

namespace wattune {

/// What was decided and what came of it: trials, promotions, reports, verdicts. Assignments that
/// only repeat one that was lost are not decisions.
inline std::vector<std::string> decisions(const std::vector<trial::Event>& events) {
  std::vector<std::string> texts;
  std::map<TrialId, trial::Outcome> last;
  for (const trial::Event& event : events) {
    if (const auto* ended = std::get_if<trial::AssignmentEnded>(&event)) {
      last[ended->trial] = ended->outcome;
    } else if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
      const auto before = last.find(assigned->assignment.trial);
      if (before == last.end() || before->second != trial::Outcome::Lost) {
        texts.push_back(EventText::of(event));
      }
    } else if (const auto* reported = std::get_if<trial::Reported>(&event)) {
      texts.push_back(fmt::format("Reported {} {:a} {}", reported->trial.number(), reported->step,
                                  EventText::of(reported->metrics)));
    } else if (std::holds_alternative<trial::TrialCreated>(event) ||
               std::holds_alternative<trial::Decided>(event)) {
      texts.push_back(EventText::of(event));
    }
  }
  return texts;
}

}  // namespace wattune
