#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "wattune/strategies/strategy.hpp"

namespace wattune {

/// A question that was put to a strategy, and its answer in words.
struct Asked {
  std::size_t num_events = 0;    ///< Length of the log when it was asked.
  std::optional<TrialId> trial;  ///< Set for decide().
  std::string answer;
};

inline std::string in_words(const trial::Assignment& assignment) {
  return std::to_string(assignment.trial.number()) + ": " + std::to_string(assignment.from) + ".." +
         std::to_string(assignment.to) + " rung " + std::to_string(assignment.rung) + " bracket " +
         std::to_string(assignment.bracket) + " " + std::string(to_text(assignment.stage)) +
         " every " + std::to_string(assignment.report_every.value_or(0.0));
}

inline std::string in_words(const strategies::Next& next, const space::Space& space) {
  struct Words {
    const space::Space& space;
    std::string operator()(const strategies::NewTrial& fresh) const {
      std::string text = "new " + in_words(fresh.assignment);
      for (std::size_t i = 0; i < space.size(); ++i) {
        text += " " + space.value_text(i, fresh.configuration[i]);
      }
      text += " " + std::string(to_text(fresh.purpose)) + " " + std::string(to_text(fresh.origin));
      if (!fresh.repeat) return text;
      return text + " repeat " + std::to_string(fresh.repeat->number) + " of " +
             std::to_string(fresh.repeat->of.number());
    }
    std::string operator()(const strategies::Resume& resume) const {
      return "resume " + in_words(resume.assignment);
    }
    std::string operator()(const strategies::MeasureIdle&) const { return "idle"; }
    std::string operator()(const strategies::Wait&) const { return "wait"; }
    std::string operator()(const strategies::Finished& end) const { return "end " + end.reason; }
  };
  return std::visit(Words{space}, next);
}

}  // namespace wattune
