#include <fmt/format.h>

#include <utility>

#include "local_runner.hpp"
#include "wattune/base/text.hpp"

// What programs say, and what they are told.

namespace wattune::runners {

namespace fs = std::filesystem;
using trial::Outcome;
using trial::Verdict;

void LocalRunner::read_messages(Active& active, bool to_the_end) {
  const bool has_written = active.process->read_channel(
      to_the_end, [&](std::string_view line) { return take_line(active, line, to_the_end); });
  bool has_printed = false;
  if (active.capture) {
    has_printed = active.process->read_stdout(to_the_end, [&](std::string_view line) {
      const std::optional<ReportMessage> report = active.capture->read(line);
      if (report && !active.forced) take(active, *report);
      return true;
    });
  }
  if (has_written || has_printed) active.last_word = clock_.now();
}

/// Gives false once nothing more is wanted from the trial.
bool LocalRunner::take_line(Active& active, std::string_view line, bool is_last) {
  if (active.forced && trial::is_failure(active.forced->outcome)) return false;
  if (line.empty() || line == "\r") return true;
  const Result<Message> message = parse_message(line);
  if (message) {
    std::visit([&](const auto& each) { take(active, each); }, *message);
    return true;
  }
  // A program that was killed may leave half a line; its exit tells more.
  if (!is_last) terminate(active, {Outcome::FailedProtocol, message.error().message});
  return is_last;
}

void LocalRunner::take(Active& active, const ReportMessage& report) {
  if (const auto name = report.first_not_finite()) {
    terminate(active,
              {Outcome::FailedMetric, fmt::format("metric '{}' at step {} is not a finite number",
                                                  printable(*name), number_text(report.step))});
    return;
  }
  if (active.last_step && report.step <= *active.last_step) {
    terminate(active, {Outcome::FailedProtocol,
                       fmt::format("a report at step {} after one at step {}; steps must grow",
                                   number_text(report.step), number_text(*active.last_step))});
    return;
  }
  tick_for_edge();
  const MonotonicTime now = clock_.now();
  trial::Reported event;
  event.trial = active.launch.assignment.trial;
  event.step = report.step;
  event.samples = report.samples;
  event.duration = elapsed(active.edge_at, now);
  event.energy = accountant_.since(active.edge);
  for (const SentMetric& metric : report.metrics) {
    event.metrics.push_back({metric.name, *metric.value});
    active.metrics_seen.insert(metric.name);
  }
  active.edge = accountant_.mark(active.account);
  active.edge_at = now;
  active.last_step = report.step;
  events_.push_back(std::move(event));
  if (!active.told) {
    ++active.num_unanswered;
  } else if (!active.capture) {
    active.process->send(answer_line(*active.told, 0.0));
  }
}

void LocalRunner::take(Active& active, const PhaseMessage& phase) {
  if (phase.begins == active.phase.has_value() ||
      (!phase.begins && active.phase->name != phase.name)) {
    const std::string open = active.phase ? fmt::format("'{}' is open", active.phase->name)
                                          : std::string("no phase is open");
    terminate(active, {Outcome::FailedProtocol,
                       fmt::format("phase '{}' {}s while {}; phases do not overlap", phase.name,
                                   phase.begins ? "begin" : "end", open)});
    return;
  }
  tick_for_edge();
  const MonotonicTime now = clock_.now();
  if (phase.begins) {
    active.phase = OpenPhase{phase.name, accountant_.mark(active.account), now};
    return;
  }
  events_.push_back(trial::PhaseEnded{active.launch.assignment.trial, phase.name, phase.samples,
                                      elapsed(active.phase->begun, now),
                                      accountant_.since(active.phase->mark)});
  active.phase.reset();
}

void LocalRunner::take(Active& active, const CheckpointMessage& checkpoint) {
  // Relative to the program's working directory, as the program means it.
  const fs::path path = options_.working_directory / checkpoint.path;
  active.has_checkpoint = true;
  events_.push_back(
      trial::CheckpointSaved{active.launch.assignment.trial, checkpoint.step, path.string()});
}

void LocalRunner::take(Active& active, const InfoMessage& info) {
  if (info.values.empty()) return;
  events_.push_back(trial::InfoGiven{active.launch.assignment.trial, info.values});
}

void LocalRunner::answer(TrialId trial, Verdict verdict, double until) {
  const auto found = active_.find(trial);
  if (found == active_.end() || found->second->num_unanswered == 0) return;
  Active& active = *found->second;
  --active.num_unanswered;
  active.last_word = clock_.now();
  tell(active, active.told.value_or(verdict), until);
}

/// Has the program told of the end of a full training? Where it does not count the resource it
/// cannot.
bool LocalRunner::is_at_max(const Active& active) const {
  const trial::Resource& resource = options_.resource;
  const bool is_counted =
      resource.unit != trial::ResourceUnit::Run && !trial::is_metered(resource.unit);
  return is_counted && active.last_step && *active.last_step >= resource.max;
}

void LocalRunner::tell(Active& active, Verdict verdict, double until) {
  if (!active.capture) active.process->send(answer_line(verdict, until));
  if (verdict == Verdict::Continue || active.told) return;
  active.told = verdict;
  if (!active.capture || active.stage != Stage::Running) return;
  // At the end of a full training the program is about to end by itself.
  if (is_at_max(active)) return;
  if (active.process->has_ended()) return;
  if (verdict == Verdict::Pause) {
    terminate(active, {Outcome::Interrupted, "it cannot be paused, so it was ended", true});
  } else {
    terminate(active, {Outcome::Stopped, ""});
  }
}

}  // namespace wattune::runners
