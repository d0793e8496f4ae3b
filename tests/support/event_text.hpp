#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "wattune/trial/event.hpp"

namespace wattune {

/// An event with every field spelled out, doubles to the last bit: two events are the same exactly
/// if their texts are.
struct EventText {
  static std::string of(const trial::Event& event) { return std::visit(EventText{}, event); }

  static std::string of(const EnergyFigure& e) {
    return fmt::format("[{} {} {:a} {}]", e.idle.count(), e.dynamic.count(), e.uncertainty.value(),
                       to_text(e.provenance));
  }
  static std::string of(const std::vector<trial::MetricValue>& metrics) {
    std::string text;
    for (const auto& metric : metrics) text += fmt::format("<{}>={:a} ", metric.name, metric.value);
    return text;
  }
  static std::string of(const space::Value& value) {
    if (const auto* real = std::get_if<double>(&value)) return fmt::format("real {:a}", *real);
    if (const auto* whole = std::get_if<std::int64_t>(&value))
      return fmt::format("whole {}", *whole);
    if (const auto* c = std::get_if<space::ChoiceIndex>(&value)) {
      return fmt::format("choice {}", c->index);
    }
    return "inactive";
  }

  std::string operator()(const trial::StudyCreated& e) const {
    return "StudyCreated " + trial::to_json(e.problem).dump();
  }
  std::string operator()(const trial::SessionStarted& e) const {
    return "SessionStarted <" + e.environment + ">";
  }
  std::string operator()(const trial::TrialCreated& e) const {
    std::string text = fmt::format("TrialCreated {} {} {}", e.trial.number(),
                                   trial::to_text(e.purpose), trial::to_text(e.origin));
    for (const space::Value& value : e.configuration.values()) text += ", " + of(value);
    if (e.repeat) text += fmt::format(" repeat {} of {}", e.repeat->number, e.repeat->of.number());
    return text;
  }
  std::string operator()(const trial::ConfigurationEnqueued& e) const {
    std::string text = "ConfigurationEnqueued";
    for (const space::Value& value : e.configuration.values()) text += ", " + of(value);
    return text;
  }
  std::string operator()(const trial::Assigned& e) const {
    const trial::Assignment& a = e.assignment;
    return fmt::format("Assigned {} {:a}-{:a} rung {} bracket {} {} every {}", a.trial.number(),
                       a.from, a.to, a.rung, a.bracket, trial::to_text(a.stage),
                       a.report_every ? fmt::format("{:a}", *a.report_every) : "none");
  }
  std::string operator()(const trial::Reported& e) const {
    return fmt::format("Reported {} {:a} {:a} {:a} {} {}", e.trial.number(), e.step, e.samples,
                       e.duration.value(), of(e.energy), of(e.metrics));
  }
  std::string operator()(const trial::PhaseEnded& e) const {
    return fmt::format("PhaseEnded {} <{}> {:a} {:a} {}", e.trial.number(), e.phase, e.samples,
                       e.duration.value(), of(e.energy));
  }
  std::string operator()(const trial::CheckpointSaved& e) const {
    return fmt::format("CheckpointSaved {} {:a} <{}>", e.trial.number(), e.step, e.path);
  }
  std::string operator()(const trial::InfoGiven& e) const {
    return fmt::format("InfoGiven {} {}", e.trial.number(), of(e.values));
  }
  std::string operator()(const trial::Decided& e) const {
    return fmt::format("Decided {} {:a} {}", e.trial.number(), e.step, trial::to_text(e.verdict));
  }
  std::string operator()(const trial::AssignmentEnded& e) const {
    return fmt::format("AssignmentEnded {} {} <{}> {:a} {}", e.trial.number(),
                       trial::to_text(e.outcome), e.detail, e.duration.value(), of(e.energy));
  }
  std::string operator()(const trial::IdleMeasured& e) const {
    return fmt::format("IdleMeasured {:a} {:a} {}", e.power.value(), e.duration.value(),
                       of(e.energy));
  }
  std::string operator()(const trial::OverheadBooked& e) const {
    return fmt::format("OverheadBooked {:a} {} {}", e.duration.value(), of(e.engine), of(e.rest));
  }
  std::string operator()(const trial::SessionEnded& e) const {
    return fmt::format("SessionEnded {} <{}> {}", trial::to_text(e.reason), e.text,
                       fmt::join(e.notes, "|"));
  }
  template <typename Unit>
  static std::string of(const std::optional<Unit>& value) {
    return value ? fmt::format("{:a}", value->value()) : "unknown";
  }
  std::string operator()(const trial::DevicesSeen& e) const {
    const auto& cpu = e.state.cpu;
    std::string text = fmt::format("DevicesSeen {} cpu {} {} {}", e.trial.number(),
                                   of(cpu.temperature), of(cpu.clock), cpu.governor.value_or("?"));
    for (const DeviceState::Gpu& gpu : e.state.gpus) {
      text += fmt::format(" <{}> {} {} {}", gpu.uuid, of(gpu.temperature), of(gpu.clock),
                          of(gpu.power_limit));
    }
    if (!e.cooldown) return text;
    text += fmt::format(" waited {:a} {}", e.cooldown->waited.value(), e.cooldown->is_reached);
    for (const DeviceTemperature& each : e.cooldown->reference) {
      text += fmt::format(" <{}>={:a}", each.device, each.temperature.value());
    }
    return text;
  }
  std::string operator()(const trial::AssignmentMetered& e) const {
    const std::string share =
        e.foreign_cpu_share ? fmt::format("{:a}", *e.foreign_cpu_share) : "unknown";
    return fmt::format("AssignmentMetered {} {} {} {}", e.trial.number(), of(e.node), share,
                       fmt::join(e.notes, "|"));
  }
  std::string operator()(const trial::WorkRepeated& e) const {
    return fmt::format("WorkRepeated {} {:a} {:a} {}", e.trial.number(), e.step, e.duration.value(),
                       of(e.energy));
  }
};

}  // namespace wattune
