#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/energy_figure.hpp"
#include "wattune/base/result.hpp"
#include "wattune/trial/event.hpp"

namespace wattune::storage {

/// What the column `kind` says. The numbers are part of the file format.
enum class EventKind : std::uint8_t {
  StudyCreated = 1,
  SessionStarted = 2,
  TrialCreated = 3,
  Assigned = 4,
  Reported = 5,
  PhaseEnded = 6,
  CheckpointSaved = 7,
  InfoGiven = 8,
  Decided = 9,
  AssignmentEnded = 10,
  IdleMeasured = 11,
  OverheadBooked = 12,
  SessionEnded = 13,
  WorkRepeated = 14,
  DevicesSeen = 15,
  AssignmentMetered = 16,
  ConfigurationEnqueued = 17,
};

/// One row of the table `events` without its sequence number and time.
///
///   kind             trial  code     step  samples  duration  energy  body
///   StudyCreated                                                      the problem, JSON
///   SessionStarted                                                    the environment, JSON
///   TrialCreated     x      origin                                    [purpose,[value,...]], and
///                                                                     ,[of,number] of a finalist
///   Assigned         x      stage    to                               [from,rung,bracket,every]
///   Reported         x               x     x        x         x       {"name":value,...}
///   PhaseEnded       x                     x        x         x       the phase
///   CheckpointSaved  x               x                                the path
///   InfoGiven        x                                                {"name":value,...}
///   Decided          x      verdict  x
///   AssignmentEnded  x      outcome                 x         x       the detail
///   IdleMeasured                                    x         x       watts
///   OverheadBooked                                  x         engine  [idle,dynamic,unc.,prov.]
///   SessionEnded            reason                                    text, then notes, a line
///                                                                     each
///   WorkRepeated     x               x              x         x
///   DevicesSeen      x                                                the devices, JSON
///   AssignmentMetered x                                       node    [share or null,note,...]
///   ConfigurationEnqueued                                             [value,...]
///
/// A name is written as its number in the table `names`. A parameter value is null (inactive), a
/// number with a point or exponent (float), one without (integer), or [number] (choice).
struct EventRow {
  EventKind kind = EventKind::StudyCreated;
  std::optional<std::int64_t> trial = {};
  std::optional<std::int64_t> code = {};
  std::optional<double> step = {};
  std::optional<double> samples = {};
  std::optional<double> duration_s = {};
  std::optional<EnergyFigure> energy = {};
  std::string_view body = {};  ///< A loan from the event, the buffer or the statement.
};

/// The numbers of metric and fact names, in the order in which they first came.
class NameTable {
 public:
  [[nodiscard]] std::size_t number_of(std::string_view name);
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// Forgets every name from `size` on.
  void shrink(std::size_t size);

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
};

/// The row of an event; `buffer` keeps what its body needs.
[[nodiscard]] EventRow encode(const trial::Event& event, NameTable& names, std::string& buffer);

/// Reads a row back into `event`, reusing what it has allocated. Gives what is wrong with a row
/// that no event has.
[[nodiscard]] std::optional<std::string> decode(const EventRow& row,
                                                const std::vector<std::string>& names,
                                                trial::Event& event);

}  // namespace wattune::storage
