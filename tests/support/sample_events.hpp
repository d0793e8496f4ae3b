#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wattune/trial/event.hpp"

namespace wattune {

/// Four parameters, one of each way to write a value: float, integer, choice, constant. `momentum`
/// is active only where `optimizer` is sgd.
inline trial::Problem sample_problem() {
  std::vector<space::Parameter> parameters(5);
  parameters[0].name = "lr";
  parameters[0].domain = space::FloatDomain{1e-4, 1.0, true, std::nullopt};
  parameters[1].name = "layers";
  parameters[1].domain = space::IntDomain{-4, 8};
  parameters[2].name = "optimizer";
  parameters[2].domain = space::ChoiceDomain{{std::string("sgd"), std::string("ädam \"x\"")}};
  parameters[3].name = "nesterov";
  parameters[3].domain = space::ChoiceDomain{{false, true}};
  parameters[4].name = "momentum";
  parameters[4].domain = space::FloatDomain{0.0, 4.0, false, std::nullopt};
  parameters[4].when = {{"optimizer", space::Comparison::In, {std::string("sgd")}}};
  return {.name = "sample",
          .seed = 18446744073709551615U,
          .space = space::Space(std::move(parameters)),
          .objectives = {{trial::measure_from_text("val_accuracy"), trial::Direction::Maximize},
                         {trial::measure_from_text("energy"), trial::Direction::Minimize}},
          .constraints = {{trial::measure_from_text("duration"), {}, 60.0}},
          .resource = {trial::ResourceUnit::Epochs, 1.0, 9.0},
          .tariff = {},
          .strategy = "random, full",
          .command = "train {lr}"};
}

inline EnergyFigure joules_figure(double idle, double dynamic, double uncertainty = 0.0,
                                  Provenance provenance = Provenance::Modelled) {
  return {to_microjoules(Joules{idle}), to_microjoules(Joules{dynamic}), Joules{uncertainty},
          provenance};
}

/// A small study with every kind of event and the values that are hardest to keep.
inline std::vector<trial::Event> every_kind_of_event() {
  using space::ChoiceIndex;
  using space::Inactive;
  constexpr double kTiny = std::numeric_limits<double>::denorm_min();
  constexpr double kHuge = std::numeric_limits<double>::max();
  const TrialId first{0};
  const TrialId second{1};
  const EnergyFigure missing = missing_energy();
  const EnergyFigure large{Microjoules{std::int64_t{1} << 60U}, Microjoules{-3}, Joules{1e-300},
                           Provenance::Integrated};
  const std::string one_line = "Größe, 大きさ, 🔋";
  const std::string multibyte = "Größe, 大きさ, 🔋 'quoted' \"twice\" \\ \n\t";
  return {
      trial::StudyCreated{sample_problem()},
      trial::SessionStarted{R"({"host": "böx", "gpus": []})"},
      trial::TrialCreated{
          first, trial::Purpose::Search, trial::Origin::Default,
          space::Configuration({0.1, std::int64_t{-3}, ChoiceIndex{0}, ChoiceIndex{1}, 3.0})},
      trial::Assigned{{first, 0.0, 3.0, 0, 2, trial::Stage::Exploration, 0.1}},
      trial::InfoGiven{first, {{"parameters", 21840}, {"", 0.0}}},
      trial::PhaseEnded{first, "train", 6250, Seconds{1.0 / 3.0}, joules_figure(1, 2, 0.5)},
      trial::PhaseEnded{first, "", 0, Seconds{}, missing},
      trial::CheckpointSaved{first, 1.5, "/tmp/" + multibyte},
      trial::Reported{first,
                      1.5,
                      6250,
                      Seconds{2.5},
                      joules_figure(1, 2, 0.5),
                      {{"val_accuracy", 0.1 + 0.2}, {multibyte, -kTiny}, {"loss", kHuge}}},
      trial::Reported{first, 3.0, 0, Seconds{kTiny}, large, {}},
      trial::Decided{first, 3.0, trial::Verdict::Pause},
      trial::AssignmentEnded{first, trial::Outcome::Paused, "", Seconds{0.25},
                             joules_figure(0.5, 0)},
      trial::TrialCreated{second, trial::Purpose::Probe, trial::Origin::Sm2,
                          space::Configuration(
                              {1e-4, std::int64_t{8}, ChoiceIndex{1}, ChoiceIndex{0}, Inactive{}})},
      trial::Assigned{{second, 0.0, 9.0, 65535, 0, trial::Stage::Probe, {}}},
      trial::AssignmentEnded{second, trial::Outcome::FailedSignal, multibyte, Seconds{9},
                             joules_figure(4, 5)},
      trial::IdleMeasured{Watts{0.74}, Seconds{5}, joules_figure(3.7, 0, 0.1)},
      trial::OverheadBooked{Seconds{60}, joules_figure(0, 0.125, 0.01),
                            joules_figure(40, 2, 8, Provenance::Integrated)},
      trial::Assigned{{first, 1.5, 9.0, 1, 2, trial::Stage::Final, {}}},
      trial::WorkRepeated{first, 3.0, Seconds{1.25}, joules_figure(1, 1)},
      trial::Reported{first, 9.0, 100, Seconds{7}, joules_figure(6, 7), {{"val_accuracy", 1e22}}},
      trial::AssignmentEnded{first, trial::Outcome::Completed, "exit 0", Seconds{},
                             joules_figure(0, 0)},
      trial::TrialCreated{
          TrialId{2}, trial::Purpose::Finalist, trial::Origin::Finalist,
          space::Configuration({0.1, std::int64_t{-3}, ChoiceIndex{0}, ChoiceIndex{1}, 3.0}),
          trial::Repeat{first, 1}},
      trial::Assigned{{TrialId{2}, 0.0, 9.0, 0, 0, trial::Stage::Finalist, {}}},
      trial::DevicesSeen{
          TrialId{2},
          {{Celsius{41.5}, Hertz{2.9e9}, "performance"},
           {{"GPU-ä", Celsius{33.0}, Hertz{1.98e9}, Watts{700.0}}, {"GPU-b", {}, {}, {}}}},
          trial::CoolDown{Seconds{12.5}, true, {{"cpu", Celsius{39.0}}, {"GPU-ä", Celsius{-3}}}}},
      trial::AssignmentMetered{TrialId{2}, joules_figure(3, 4), 0.125, {"note ä", ""}},
      trial::AssignmentEnded{TrialId{2}, trial::Outcome::Completed, "", Seconds{1},
                             joules_figure(1, 2)},
      trial::DevicesSeen{first, {}, {}},
      trial::AssignmentMetered{first, missing_energy(), {}, {}},
      trial::SessionEnded{trial::EndReason::Budget, one_line, {"first note", "", one_line}},
      trial::ConfigurationEnqueued{space::Configuration(
          {1e-300, std::int64_t{8}, ChoiceIndex{1}, ChoiceIndex{0}, Inactive{}})},
  };
}

}  // namespace wattune
