#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/result.hpp"
#include "wattune/base/units.hpp"
#include "wattune/energy/nvml.hpp"

namespace wattune::energy {

/// Sets power limits of GPUs when asked to, and puts back what it found.
///
/// What is found is written to a journal before anything is changed. The journal is locked while
/// the object lives, so that only one process changes limits, and what a process that died has left
/// in it is put back by the next one. A limit that somebody else has changed in the meantime is
/// left as it is.
///
/// Threads  one thread
class PowerLimitControl {
 public:
  /// Opens the journal, made if it is not there, and first puts back what is in it.
  ///
  /// Takes    journal  a file in a folder that exists; the same for all processes on the machine
  /// Errors   Transient   another process holds the journal
  ///          Permission  this user may not write it
  ///          NotFound    its folder does not exist
  [[nodiscard]] static Result<PowerLimitControl> open(Nvml nvml,
                                                      const std::filesystem::path& journal);
  ~PowerLimitControl();
  PowerLimitControl(PowerLimitControl&&) noexcept;
  PowerLimitControl& operator=(PowerLimitControl&&) noexcept;

  /// Errors   ConfigError  outside of what the GPU allows (thrown; nothing was changed)
  ///          NotFound     no such GPU, or its limit cannot be set
  ///          Permission   only root may
  [[nodiscard]] Result<void> set(std::string_view uuid, Watts limit);

  /// What may be set on a GPU. The limit that holds is set once more, so that a user who may set
  /// none is told before anything depends on it.
  ///
  /// Errors   as `set`
  [[nodiscard]] Result<PowerLimit> try_out(std::string_view uuid) const;

  /// Puts back the limit of one GPU if it was changed.
  ///
  /// Gives    why it was left as it is or could not be put back; empty if all is well
  [[nodiscard]] std::string restore(std::string_view uuid);

  /// Puts back every limit that was changed. What could not be put back stays in the journal.
  ///
  /// Gives    what was left as it is or could not be put back, in words
  [[nodiscard]] std::vector<std::string> restore();

  /// What was left of an earlier process's changes, in words; empty if all is well.
  [[nodiscard]] const std::vector<std::string>& found_at_start() const;

 private:
  struct State;
  explicit PowerLimitControl(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// A limit that was changed and not put back yet.
struct ChangedPowerLimit {
  std::string uuid;
  Watts found;
  Watts set;
};

/// What stands in a journal, for those who only look.
struct PowerLimitJournal {
  bool is_in_use = false;  ///< A process that lives will put the limits back.
  std::vector<ChangedPowerLimit> changes;
};

/// Reads a journal and changes nothing; empty without one.
///
/// Errors   Permission  this user may not read it
[[nodiscard]] Result<PowerLimitJournal> read_power_limit_journal(
    const std::filesystem::path& journal);

/// Puts back what a process that died has left changed; nothing to do without a journal.
///
/// Errors   as `PowerLimitControl::open`
/// Gives    what was left as it is or could not be put back, in words
[[nodiscard]] Result<std::vector<std::string>> restore_power_limits(
    const Nvml& nvml, const std::filesystem::path& journal);

}  // namespace wattune::energy
