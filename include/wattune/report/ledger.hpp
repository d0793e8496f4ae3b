#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/energy_figure.hpp"
#include "wattune/base/ids.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::report {

/// Where every joule of a study went: a fold of its events.
///
/// The entries add up to the total exactly. Energy of a trial that failed is moved to one entry,
/// whatever it was spent on before, and that of one that a budget has cut to another.
class Ledger {
 public:
  struct Entry {
    std::string name;   ///< For machines: "probe", "rung_0", "final", "finalists", "cut", "failed",
                        ///< "engine", "idle".
    std::string label;  ///< For people.
    EnergyFigure energy;
    std::size_t num_trials = 0;
    /// What the whole machine drew while these assignments ran, one after the other: where several
    /// ran at once, each counts it. Nothing where that was not recorded.
    std::optional<EnergyFigure> node = {};
  };

  void apply(const trial::Event& event);

  /// In the order of a search; entries without energy are left out.
  [[nodiscard]] std::vector<Entry> entries() const;
  [[nodiscard]] const EnergyFigure& total() const { return total_; }
  /// What a reader has to know of how trials were metered: other processes that were busy beside
  /// them, meters that failed.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  enum class Purpose : std::uint8_t { Probe, Rung, Final, Finalists };
  struct Key {
    Purpose purpose = Purpose::Rung;
    std::uint16_t rung = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Account {
    Key current;
    std::map<Key, EnergyFigure> spent;
    std::map<Key, EnergyFigure> node;
    double foreign_cpu_share = 0.0;  ///< The largest of its assignments.
    bool has_failed = false;
    bool is_cut = false;  ///< By a budget.
  };

  void book(TrialId trial, const EnergyFigure& energy);
  void end(const trial::AssignmentEnded& ended);
  void note(const trial::AssignmentMetered& metered);

  std::map<TrialId, Account> trials_;
  EnergyFigure idle_probe_;
  EnergyFigure engine_;
  EnergyFigure rest_;
  EnergyFigure total_;
  std::vector<std::string> meter_notes_;
  std::vector<TrialId> lost_;  ///< What they drew before the engine was killed is not known.
};

}  // namespace wattune::report
