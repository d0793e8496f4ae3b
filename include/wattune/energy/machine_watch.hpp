#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/energy/accountant.hpp"

namespace wattune::energy {

/// One channel of a machine that is being watched.
struct WatchedChannel {
  Channel channel;
  EnergyFigure energy;  ///< Since the watch began; missing where nothing could tell.
  std::optional<Watts> power =
      {};  ///< Over the last five steps or more; none where it was not read.
  std::optional<Watts> mean = {};  ///< Since the watch began.
};

/// Watches what a whole machine draws, channel by channel, whoever uses it.
///
/// Threads  one thread
class MachineWatch {
 public:
  /// Errors   ConfigError  the channels must not be added up
  MachineWatch(std::vector<std::unique_ptr<Meter>> meters, AccountantOptions options,
               MonotonicTime now);

  /// Reads every channel.
  void tick(MonotonicTime now);

  [[nodiscard]] const std::vector<WatchedChannel>& channels() const { return channels_; }
  [[nodiscard]] EnergyFigure total() const;  ///< Missing if one of the channels is.
  [[nodiscard]] std::optional<Watts> power() const;
  [[nodiscard]] Seconds duration() const { return elapsed(began_, ticked_); }
  [[nodiscard]] Seconds longest_safe_gap() const { return accountant_.longest_safe_gap(); }
  /// What happened to the meters since the last call, in words, one line each.
  [[nodiscard]] std::vector<std::string> take_notes() { return accountant_.take_notes(); }

 private:
  EnergyAccountant accountant_;
  std::vector<EnergyAccountant::Mark> start_;
  std::vector<WatchedChannel> channels_;
  std::vector<Microjoules> moved_total_;  ///< Of each channel when its counter last moved.
  std::vector<MonotonicTime> moved_at_;
  MonotonicTime began_;
  MonotonicTime ticked_;
};

/// What a whole machine has drawn since the marks, channel by channel: the sum over accounts.
///
/// A GPU is left out of accounts that have no part in it. A channel that stood still for the whole
/// window is missing: nothing that is switched on draws 0 W.
[[nodiscard]] std::vector<EnergyFigure> machine_since(
    const EnergyAccountant& accountant, const std::vector<EnergyAccountant::Mark>& marks);

/// Marks of every account given, the engine's and the rest.
[[nodiscard]] std::vector<EnergyAccountant::Mark> mark_machine(
    const EnergyAccountant& accountant, const std::vector<AccountId>& accounts = {});

/// The sum of channels that may be added up; missing if one of them is, or if there is none.
[[nodiscard]] EnergyFigure sum_of(const std::vector<EnergyFigure>& channels);

}  // namespace wattune::energy
