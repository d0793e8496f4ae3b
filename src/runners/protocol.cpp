#include "wattune/runners/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

namespace wattune::runners {
namespace {

using nlohmann::json;

tl::unexpected<Error> broken(std::string_view what, std::string_view line) {
  constexpr std::size_t kShown = 120;
  const bool is_cut = line.size() > kShown;
  return fail(ErrorKind::Invalid,
              fmt::format("{}: {}{}", what, printable(line.substr(0, kShown)), is_cut ? "…" : ""));
}

bool is_word_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_';
}

/// Writes null for NaN, Infinity and -Infinity outside strings: many encoders send them although
/// JSON has no such numbers.
std::string without_nan_tokens(std::string_view line) {
  std::string cleaned;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (in_string) {
      cleaned += line[i];
      if (line[i] == '\\' && i + 1 < line.size()) {
        cleaned += line[++i];
      } else if (line[i] == '"') {
        in_string = false;
      }
      continue;
    }
    bool replaced = false;
    for (const std::string_view token : {"NaN", "-NaN", "Infinity", "-Infinity"}) {
      if (!line.substr(i).starts_with(token)) continue;
      cleaned += "null";
      i += token.size() - 1;
      replaced = true;
      break;
    }
    if (replaced) continue;
    in_string = line[i] == '"';
    cleaned += line[i];
  }
  return cleaned;
}

json parse_json(std::string_view line) {
  json document = json::parse(line, nullptr, false);
  if (!document.is_discarded()) return document;
  return json::parse(without_nan_tokens(line), nullptr, false);
}

/// A finite, non-negative number under the key.
std::optional<double> amount(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  if (!std::isfinite(value) || value < 0.0) return std::nullopt;
  return value;
}

/// As `amount`, but 0 where the key is absent.
std::optional<double> optional_amount(const json& object, const char* key) {
  return object.contains(key) ? amount(object, key) : 0.0;
}

std::optional<std::string> text(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

Result<Message> parse_report(const json& object, std::string_view line) {
  ReportMessage report;
  const auto step = amount(object, "step");
  if (!step) return broken("a report needs a step, a number from 0", line);
  report.step = *step;
  const auto samples = optional_amount(object, "samples");
  if (!samples) return broken("samples of a report must be a number from 0", line);
  report.samples = *samples;
  const auto metrics = object.find("metrics");
  if (metrics == object.end() || !metrics->is_object()) {
    return broken("a report needs metrics, an object of names and numbers", line);
  }
  for (const auto& [name, value] : metrics->items()) {
    if (name.empty()) return broken("a metric has no name", line);
    if (!value.is_number() && !value.is_null()) {
      return broken(fmt::format("metric '{}' is not a number", printable(name)), line);
    }
    SentMetric metric{name, std::nullopt};
    if (value.is_number() && std::isfinite(value.get<double>())) metric.value = value.get<double>();
    report.metrics.push_back(std::move(metric));
  }
  return report;
}

Result<Message> parse_phase(const json& object, std::string_view line) {
  PhaseMessage phase;
  const auto name = text(object, "name");
  if (!name || name->empty() || !std::ranges::all_of(*name, is_word_letter)) {
    return broken("a phase needs a name of letters, digits and _", line);
  }
  phase.name = *name;
  const auto event = text(object, "event");
  if (event != "begin" && event != "end") {
    return broken("the event of a phase must be \"begin\" or \"end\"", line);
  }
  phase.begins = event == "begin";
  const auto samples = optional_amount(object, "samples");
  if (!samples) return broken("samples of a phase must be a number from 0", line);
  phase.samples = *samples;
  return phase;
}

Result<Message> parse_checkpoint(const json& object, std::string_view line) {
  const auto step = amount(object, "step");
  if (!step) return broken("a checkpoint needs a step, a number from 0", line);
  const auto path = text(object, "path");
  if (!path || path->empty()) return broken("a checkpoint needs a path", line);
  return CheckpointMessage{*step, *path};
}

Result<Message> parse_info(const json& object, std::string_view line) {
  const auto values = object.find("values");
  if (values == object.end() || !values->is_object()) {
    return broken("info needs values, an object of names and facts", line);
  }
  InfoMessage info;
  for (const auto& [name, value] : values->items()) {
    const bool is_kept = value.is_number() && std::isfinite(value.get<double>()) && !name.empty();
    if (is_kept) info.values.push_back({name, value.get<double>()});
  }
  return info;
}

/// Length of the UTF-8 sequence that starts the text, 0 where none does.
std::size_t sequence_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const auto is_continued = [&](std::size_t i) {
    return i < bytes.size() && (byte(i) & 0xc0u) == 0x80u;
  };
  if (byte(0) < 0x80u) return 1;
  if (byte(0) >= 0xc2u && byte(0) < 0xe0u) return is_continued(1) ? 2 : 0;
  if (byte(0) >= 0xe0u && byte(0) < 0xf0u) {
    if (!is_continued(1) || !is_continued(2)) return 0;
    const bool is_overlong = byte(0) == 0xe0u && byte(1) < 0xa0u;
    const bool is_surrogate = byte(0) == 0xedu && byte(1) >= 0xa0u;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (byte(0) >= 0xf0u && byte(0) < 0xf5u) {
    if (!is_continued(1) || !is_continued(2) || !is_continued(3)) return 0;
    const bool is_overlong = byte(0) == 0xf0u && byte(1) < 0x90u;
    const bool is_beyond = byte(0) == 0xf4u && byte(1) >= 0x90u;
    return is_overlong || is_beyond ? 0 : 4;
  }
  return 0;
}

}  // namespace

std::optional<std::string> ReportMessage::first_not_finite() const {
  const auto found =
      std::ranges::find_if(metrics, [](const auto& metric) { return !metric.value; });
  if (found == metrics.end()) return std::nullopt;
  return found->name;
}

Result<Message> parse_message(std::string_view line) {
  if (line.size() > kMaxLineBytes) return broken("a line of more than 1 MiB", line);
  const json object = parse_json(line);
  if (object.is_discarded()) return broken("a line that is not JSON", line);
  if (!object.is_object()) return broken("a line that is not a JSON object", line);
  const auto type = text(object, "type");
  if (type == "report") return parse_report(object, line);
  if (type == "phase") return parse_phase(object, line);
  if (type == "checkpoint") return parse_checkpoint(object, line);
  if (type == "info") return parse_info(object, line);
  if (!type) return broken("a message without a type", line);
  return broken(fmt::format("an unknown type '{}' (report, phase, checkpoint and info are known)",
                            printable(*type)),
                line);
}

std::string answer_line(trial::Verdict verdict, double until) {
  if (verdict == trial::Verdict::Continue) {
    return fmt::format("{{\"decision\": \"continue\", \"until\": {}}}\n", until);
  }
  return fmt::format("{{\"decision\": \"{}\"}}\n",
                     verdict == trial::Verdict::Pause ? "pause" : "stop");
}

std::string printable(std::string_view bytes) {
  std::string cleaned;
  while (!bytes.empty()) {
    const auto first = static_cast<std::uint8_t>(bytes.front());
    const bool is_control = (first < 0x20u && first != '\n' && first != '\t') || first == 0x7fu;
    const std::size_t length = is_control ? 0 : sequence_length(bytes);
    cleaned += length > 0 ? bytes.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return cleaned;
}

}  // namespace wattune::runners
