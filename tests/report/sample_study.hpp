#pragma once

#include <utility>
#include <vector>

#include "wattune/report/document.hpp"

namespace wattune::report {

/// A small study written event by event: accuracy up, energy down, 4 epochs are a full training.
class SampleStudy {
 public:
  explicit SampleStudy(double idle_j = 0.0) : SampleStudy(problem(), idle_j) {}
  explicit SampleStudy(trial::Problem of, double idle_j = 0.0) : record_(of) {
    apply(trial::StudyCreated{std::move(of)});
    if (idle_j > 0.0) apply(trial::OverheadBooked{Seconds{1.0}, joules(0.0), joules(idle_j)});
  }

  static trial::Problem problem() {
    trial::Problem problem{
        "sample",
        1,
        space::Space{{{"lr", space::FloatDomain{0.0, 1.0, false, std::nullopt}, 0.5, {}, {}}}},
        {{trial::measure_from_text("accuracy"), trial::Direction::Maximize},
         {trial::measure_from_text("energy"), trial::Direction::Minimize}},
        {},
        {trial::ResourceUnit::Epochs, 1.0, 4.0},
        {},
        "test",
        "true"};
    problem.tariff.intensity = {energy::RateTable{360.0}, "TST"};
    return problem;
  }

  static EnergyFigure joules(double amount) {
    return {{}, to_microjoules(Joules{amount}), Joules{amount / 10.0}, Provenance::Modelled};
  }

  TrialId create(trial::Origin origin = trial::Origin::Sampler,
                 trial::Purpose purpose = trial::Purpose::Search) {
    const TrialId id = record_.history.next_trial_id();
    apply(trial::TrialCreated{id, purpose, origin,
                              *record_.history.problem().space.default_configuration()});
    return id;
  }

  /// Another training of a trial of the search.
  TrialId create_repeat(TrialId of, std::uint16_t number) {
    const TrialId id = record_.history.next_trial_id();
    apply(trial::TrialCreated{id, trial::Purpose::Finalist, trial::Origin::Finalist,
                              record_.history.trial(of).configuration(),
                              trial::Repeat{of, number}});
    return id;
  }

  /// One assignment with one report at its end, of (accuracy, joules).
  void run(TrialId id, double to, double accuracy, double energy_j, trial::Outcome outcome,
           trial::Stage stage = trial::Stage::Exploration, std::uint16_t rung = 0) {
    apply(
        trial::Assigned{{id, record_.history.trial(id).step(), to, rung, 0, stage, std::nullopt}});
    apply(trial::Reported{id, to, 10.0, Seconds{1.0}, joules(energy_j), {{"accuracy", accuracy}}});
    apply(trial::AssignmentEnded{id, outcome, "", Seconds{0.0}, joules(0.0)});
  }

  void apply(const trial::Event& event) { record_.apply({++sequence_, WallTime{}, event}); }

  [[nodiscard]] const StudyRecord& record() const { return record_; }
  [[nodiscard]] const trial::History& history() const { return record_.history; }

 private:
  StudyRecord record_;
  std::uint64_t sequence_ = 0;
};

}  // namespace wattune::report
