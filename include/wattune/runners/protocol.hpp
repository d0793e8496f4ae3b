#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::runners {

/// The longest line a program may send.
inline constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;

/// A metric as sent; no value where it was NaN, Infinity or null.
struct SentMetric {
  std::string name;
  std::optional<double> value;
};

struct ReportMessage {
  double step = 0.0;
  double samples = 0.0;  ///< 0 where the program does not count them.
  std::vector<SentMetric> metrics;

  /// The first metric that is not a finite number.
  [[nodiscard]] std::optional<std::string> first_not_finite() const;
};

struct PhaseMessage {
  std::string name;
  bool begins = true;
  double samples = 0.0;
};

struct CheckpointMessage {
  double step = 0.0;
  std::string path;
};

/// Facts that are numbers; others are for people and not kept.
struct InfoMessage {
  std::vector<trial::MetricValue> values;
};

using Message = std::variant<ReportMessage, PhaseMessage, CheckpointMessage, InfoMessage>;

/// Reads one line of the trial protocol; see docs/protocol.md.
///
/// Errors   Invalid  the line breaks the protocol; says how and shows its beginning
[[nodiscard]] Result<Message> parse_message(std::string_view line);

/// The line that answers a report, with its end of line.
[[nodiscard]] std::string answer_line(trial::Verdict verdict, double until);

/// Text that is valid UTF-8 and has no control characters but line ends and tabs; what is not
/// becomes U+FFFD.
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace wattune::runners
