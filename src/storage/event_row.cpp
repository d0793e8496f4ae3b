#include "event_row.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "devices_text.hpp"
#include "wattune/base/require.hpp"

namespace wattune::storage {
namespace {

using trial::Event;

// --- writing -------------------------------------------------------------------------------------

template <typename T>
void put_number(std::string& out, T value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

void put_value(std::string& out, const space::Value& value) {
  if (const auto* number = std::get_if<double>(&value)) {
    WATTUNE_REQUIRE(std::isfinite(*number));
    const std::size_t begin = out.size();
    put_number(out, *number);
    if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
  } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    put_number(out, *whole);
  } else if (const auto* choice = std::get_if<space::ChoiceIndex>(&value)) {
    out += '[';
    put_number(out, choice->index);
    out += ']';
  } else {
    out += "null";
  }
}

void put_values(std::string& out, const space::Configuration& configuration) {
  out += '[';
  for (std::size_t i = 0; i < configuration.size(); ++i) {
    if (i > 0) out += ',';
    put_value(out, configuration[i]);
  }
  out += ']';
}

void put_metrics(std::string& out, const std::vector<trial::MetricValue>& metrics,
                 NameTable& names) {
  out += '{';
  for (const trial::MetricValue& metric : metrics) {
    WATTUNE_REQUIRE(std::isfinite(metric.value));
    if (out.size() > 1) out += ',';
    out += '"';
    put_number(out, names.number_of(metric.name));
    out += "\":";
    put_number(out, metric.value);
  }
  out += '}';
}

std::int64_t code_of(auto enumerator) {
  return static_cast<std::int64_t>(enumerator);
}

/// Turns each kind of event into its row.
struct Encoder {
  NameTable& names;
  std::string& buffer;

  EventRow operator()(const trial::StudyCreated& e) {
    buffer = trial::to_json(e.problem).dump();
    return {.kind = EventKind::StudyCreated, .body = buffer};
  }
  EventRow operator()(const trial::SessionStarted& e) {
    return {.kind = EventKind::SessionStarted, .body = e.environment};
  }
  EventRow operator()(const trial::TrialCreated& e) {
    buffer = '[';
    put_number(buffer, code_of(e.purpose));
    buffer += ',';
    put_values(buffer, e.configuration);
    if (e.repeat) {
      buffer += ",[";
      put_number(buffer, e.repeat->of.number());
      buffer += ',';
      put_number(buffer, e.repeat->number);
      buffer += ']';
    }
    buffer += ']';
    return {.kind = EventKind::TrialCreated,
            .trial = e.trial.number(),
            .code = code_of(e.origin),
            .body = buffer};
  }
  EventRow operator()(const trial::Assigned& e) {
    const trial::Assignment& a = e.assignment;
    buffer = '[';
    put_number(buffer, a.from);
    buffer += ',';
    put_number(buffer, a.rung);
    buffer += ',';
    put_number(buffer, a.bracket);
    buffer += ',';
    a.report_every ? put_number(buffer, *a.report_every) : void(buffer += "null");
    buffer += ']';
    return {.kind = EventKind::Assigned,
            .trial = a.trial.number(),
            .code = code_of(a.stage),
            .step = a.to,
            .body = buffer};
  }
  EventRow operator()(const trial::Reported& e) {
    buffer.clear();
    put_metrics(buffer, e.metrics, names);
    return {.kind = EventKind::Reported,
            .trial = e.trial.number(),
            .step = e.step,
            .samples = e.samples,
            .duration_s = e.duration.value(),
            .energy = e.energy,
            .body = buffer};
  }
  EventRow operator()(const trial::PhaseEnded& e) {
    return {.kind = EventKind::PhaseEnded,
            .trial = e.trial.number(),
            .samples = e.samples,
            .duration_s = e.duration.value(),
            .energy = e.energy,
            .body = e.phase};
  }
  EventRow operator()(const trial::CheckpointSaved& e) {
    return {.kind = EventKind::CheckpointSaved,
            .trial = e.trial.number(),
            .step = e.step,
            .body = e.path};
  }
  EventRow operator()(const trial::InfoGiven& e) {
    buffer.clear();
    put_metrics(buffer, e.values, names);
    return {.kind = EventKind::InfoGiven, .trial = e.trial.number(), .body = buffer};
  }
  EventRow operator()(const trial::Decided& e) {
    return {.kind = EventKind::Decided,
            .trial = e.trial.number(),
            .code = code_of(e.verdict),
            .step = e.step};
  }
  EventRow operator()(const trial::AssignmentEnded& e) {
    return {.kind = EventKind::AssignmentEnded,
            .trial = e.trial.number(),
            .code = code_of(e.outcome),
            .duration_s = e.duration.value(),
            .energy = e.energy,
            .body = e.detail};
  }
  EventRow operator()(const trial::IdleMeasured& e) {
    buffer.clear();
    put_number(buffer, e.power.value());
    return {.kind = EventKind::IdleMeasured,
            .duration_s = e.duration.value(),
            .energy = e.energy,
            .body = buffer};
  }
  EventRow operator()(const trial::OverheadBooked& e) {
    buffer = '[';
    put_number(buffer, e.rest.idle.count());
    buffer += ',';
    put_number(buffer, e.rest.dynamic.count());
    buffer += ',';
    put_number(buffer, e.rest.uncertainty.value());
    buffer += ',';
    put_number(buffer, code_of(e.rest.provenance));
    buffer += ']';
    return {.kind = EventKind::OverheadBooked,
            .duration_s = e.duration.value(),
            .energy = e.engine,
            .body = buffer};
  }
  EventRow operator()(const trial::SessionEnded& e) {
    buffer = e.text;
    for (const std::string& note : e.notes) buffer += '\n' + note;
    return {.kind = EventKind::SessionEnded, .code = code_of(e.reason), .body = buffer};
  }
  EventRow operator()(const trial::WorkRepeated& e) {
    return {.kind = EventKind::WorkRepeated,
            .trial = e.trial.number(),
            .step = e.step,
            .duration_s = e.duration.value(),
            .energy = e.energy};
  }
  EventRow operator()(const trial::DevicesSeen& e) {
    buffer = devices_text(e);
    return {.kind = EventKind::DevicesSeen, .trial = e.trial.number(), .body = buffer};
  }
  EventRow operator()(const trial::AssignmentMetered& e) {
    buffer = metering_text(e);
    return {.kind = EventKind::AssignmentMetered,
            .trial = e.trial.number(),
            .energy = e.node,
            .body = buffer};
  }
  EventRow operator()(const trial::ConfigurationEnqueued& e) {
    buffer.clear();
    put_values(buffer, e.configuration);
    return {.kind = EventKind::ConfigurationEnqueued, .body = buffer};
  }
};

// --- reading -------------------------------------------------------------------------------------

/// What a row holds is not what its kind needs.
class BadRow : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the small JSON that bodies are made of, without a document in between.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] bool try_take(std::string_view token) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(token)) {
      return false;
    }
    at_ += token.size();
    return true;
  }
  void take(std::string_view token) {
    if (!try_take(token)) throw BadRow("its body is not well-formed");
  }
  template <typename T>
  [[nodiscard]] T number() {
    T value{};
    const auto [next, error] = std::from_chars(at_, end_, value);
    if (error != std::errc{}) throw BadRow("its body has no number where one belongs");
    at_ = next;
    return value;
  }
  [[nodiscard]] space::Value value() {
    if (try_take("null")) return space::Inactive{};
    if (try_take("[")) {
      const auto index = number<std::uint32_t>();
      take("]");
      return space::ChoiceIndex{index};
    }
    for (const char* c = at_; c != end_ && *c != ',' && *c != ']'; ++c) {
      if (*c == '.' || *c == 'e') return number<double>();
    }
    return number<std::int64_t>();
  }
  void finish() {
    if (at_ != end_) throw BadRow("its body goes on after its end");
  }

 private:
  const char* at_;
  const char* end_;
};

template <typename T>
const T& needed(const std::optional<T>& column) {
  if (!column) throw BadRow("a column that its kind needs is empty");
  return *column;
}

template <typename Enum>
Enum enumerator(std::int64_t number, Enum last) {
  if (number < 0 || number > code_of(last)) throw BadRow("its code means nothing");
  return static_cast<Enum>(number);
}

/// The event as a T, with what an earlier T has allocated.
template <typename T>
T& as(Event& event) {
  if (auto* held = std::get_if<T>(&event)) return *held;
  return event.emplace<T>();
}

void take_metrics(std::string_view body, const std::vector<std::string>& names,
                  std::vector<trial::MetricValue>& metrics) {
  Scanner scanner(body);
  std::size_t count = 0;
  scanner.take("{");
  while (!scanner.try_take("}")) {
    if (count > 0) scanner.take(",");
    scanner.take("\"");
    const auto number = scanner.number<std::size_t>();
    scanner.take("\":");
    if (number >= names.size()) throw BadRow("it uses a name that is not in the table of names");
    if (count == metrics.size()) metrics.emplace_back();
    metrics[count].name = names[number];
    metrics[count].value = scanner.number<double>();
    ++count;
  }
  scanner.finish();
  metrics.resize(count);
}

void decode_study_created(const EventRow& row, Event& event) {
  const auto document = nlohmann::json::parse(row.body, nullptr, false);
  if (document.is_discarded()) throw BadRow("its problem is not JSON");
  Result<trial::Problem> problem = trial::problem_from_json(document);
  if (!problem) throw BadRow(problem.error().message);
  event = trial::StudyCreated{std::move(*problem)};
}

space::Configuration take_configuration(Scanner& scanner) {
  std::vector<space::Value> values;
  scanner.take("[");
  while (!scanner.try_take("]")) {
    if (!values.empty()) scanner.take(",");
    values.push_back(scanner.value());
  }
  return space::Configuration(std::move(values));
}

void decode_trial_created(const EventRow& row, trial::TrialCreated& e) {
  e.origin = enumerator(needed(row.code), trial::Origin::Enqueued);
  Scanner scanner(row.body);
  scanner.take("[");
  e.purpose = enumerator(scanner.number<std::int64_t>(), trial::Purpose::Finalist);
  scanner.take(",");
  e.configuration = take_configuration(scanner);
  e.repeat.reset();
  if (scanner.try_take(",[")) {
    const TrialId of{scanner.number<std::uint32_t>()};
    scanner.take(",");
    e.repeat = trial::Repeat{of, scanner.number<std::uint16_t>()};
    scanner.take("]");
  }
  scanner.take("]");
  scanner.finish();
}

void decode_assigned(const EventRow& row, trial::Assignment& a) {
  a.stage = enumerator(needed(row.code), trial::Stage::Finalist);
  a.to = needed(row.step);
  Scanner scanner(row.body);
  scanner.take("[");
  a.from = scanner.number<double>();
  scanner.take(",");
  a.rung = scanner.number<std::uint16_t>();
  scanner.take(",");
  a.bracket = scanner.number<std::uint16_t>();
  scanner.take(",");
  a.report_every =
      scanner.try_take("null") ? std::nullopt : std::optional(scanner.number<double>());
  scanner.take("]");
  scanner.finish();
}

/// The text is the first line, every further line a note.
void decode_session_end(const EventRow& row, trial::SessionEnded& event) {
  event.reason = enumerator(needed(row.code), trial::EndReason::Interrupted);
  std::string_view rest = row.body;
  event.text = rest.substr(0, rest.find('\n'));
  event.notes.clear();
  while (rest.find('\n') != std::string_view::npos) {
    rest.remove_prefix(rest.find('\n') + 1);
    event.notes.emplace_back(rest.substr(0, rest.find('\n')));
  }
}

void decode_enqueued(const EventRow& row, trial::ConfigurationEnqueued& e) {
  Scanner scanner(row.body);
  e.configuration = take_configuration(scanner);
  scanner.finish();
}

void decode_overhead(const EventRow& row, trial::OverheadBooked& e) {
  e.duration = Seconds{needed(row.duration_s)};
  e.engine = needed(row.energy);
  Scanner scanner(row.body);
  scanner.take("[");
  e.rest.idle = Microjoules{scanner.number<std::int64_t>()};
  scanner.take(",");
  e.rest.dynamic = Microjoules{scanner.number<std::int64_t>()};
  scanner.take(",");
  e.rest.uncertainty = Joules{scanner.number<double>()};
  scanner.take(",");
  e.rest.provenance = enumerator(scanner.number<std::int64_t>(), Provenance::Missing);
  scanner.take("]");
  scanner.finish();
}

TrialId trial_of(const EventRow& row) {
  return TrialId{static_cast<std::uint32_t>(needed(row.trial))};
}

void decode_reported(const EventRow& row, const std::vector<std::string>& names,
                     trial::Reported& e) {
  e.trial = trial_of(row);
  e.step = needed(row.step);
  e.samples = needed(row.samples);
  e.duration = Seconds{needed(row.duration_s)};
  e.energy = needed(row.energy);
  take_metrics(row.body, names, e.metrics);
}

void decode_trial_event(const EventRow& row, const std::vector<std::string>& names, Event& event) {
  const TrialId id = trial_of(row);
  switch (row.kind) {
    case EventKind::TrialCreated: {
      auto& e = as<trial::TrialCreated>(event);
      e.trial = id;
      return decode_trial_created(row, e);
    }
    case EventKind::Assigned: {
      auto& e = as<trial::Assigned>(event);
      e.assignment.trial = id;
      return decode_assigned(row, e.assignment);
    }
    case EventKind::PhaseEnded: {
      auto& e = as<trial::PhaseEnded>(event);
      e.phase = row.body;
      e = {id, std::move(e.phase), needed(row.samples), Seconds{needed(row.duration_s)},
           needed(row.energy)};
      return;
    }
    case EventKind::CheckpointSaved:
      event = trial::CheckpointSaved{id, needed(row.step), std::string{row.body}};
      return;
    case EventKind::InfoGiven: {
      auto& e = as<trial::InfoGiven>(event);
      e.trial = id;
      return take_metrics(row.body, names, e.values);
    }
    case EventKind::Decided:
      event =
          trial::Decided{id, needed(row.step), enumerator(needed(row.code), trial::Verdict::Stop)};
      return;
    case EventKind::AssignmentEnded: {
      auto& e = as<trial::AssignmentEnded>(event);
      e.detail = row.body;
      e = {id, enumerator(needed(row.code), trial::kLastOutcome), std::move(e.detail),
           Seconds{needed(row.duration_s)}, needed(row.energy)};
      return;
    }
    case EventKind::WorkRepeated:
      event = trial::WorkRepeated{id, needed(row.step), Seconds{needed(row.duration_s)},
                                  needed(row.energy)};
      return;
    case EventKind::DevicesSeen: {
      auto seen = devices_from_text(row.body);
      if (!seen) throw BadRow("its devices cannot be read");
      seen->trial = id;
      event = std::move(*seen);
      return;
    }
    case EventKind::AssignmentMetered: {
      auto metered = metering_from_text(row.body);
      if (!metered) throw BadRow("how it was metered cannot be read");
      metered->trial = id;
      metered->node = needed(row.energy);
      event = std::move(*metered);
      return;
    }
    default:
      throw BadRow("its kind means nothing");
  }
}

void decode_any(const EventRow& row, const std::vector<std::string>& names, Event& event) {
  switch (row.kind) {
    case EventKind::Reported:
      return decode_reported(row, names, as<trial::Reported>(event));
    case EventKind::StudyCreated:
      return decode_study_created(row, event);
    case EventKind::SessionStarted:
      event = trial::SessionStarted{std::string{row.body}};
      return;
    case EventKind::IdleMeasured:
      event = trial::IdleMeasured{Watts{Scanner(row.body).number<double>()},
                                  Seconds{needed(row.duration_s)}, needed(row.energy)};
      return;
    case EventKind::OverheadBooked:
      return decode_overhead(row, as<trial::OverheadBooked>(event));
    case EventKind::SessionEnded:
      return decode_session_end(row, as<trial::SessionEnded>(event));
    case EventKind::ConfigurationEnqueued:
      return decode_enqueued(row, as<trial::ConfigurationEnqueued>(event));
    default:
      return decode_trial_event(row, names, event);
  }
}

}  // namespace

std::size_t NameTable::number_of(std::string_view name) {
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return found->second;
  numbers_.emplace(name, names_.size());
  names_.emplace_back(name);
  return names_.size() - 1;
}

void NameTable::shrink(std::size_t size) {
  while (names_.size() > size) {
    numbers_.erase(names_.back());
    names_.pop_back();
  }
}

EventRow encode(const Event& event, NameTable& names, std::string& buffer) {
  return std::visit(Encoder{names, buffer}, event);
}

std::optional<std::string> decode(const EventRow& row, const std::vector<std::string>& names,
                                  Event& event) try {
  decode_any(row, names, event);
  return std::nullopt;
} catch (const BadRow& problem) {
  return problem.what();
}

}  // namespace wattune::storage
