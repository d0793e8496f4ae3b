#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// A further source of the same energy, opened when it is needed. Its provenance and gain error
/// replace those of the source before it.
using OpenFallback = std::function<Result<std::unique_ptr<Meter>>(MonotonicTime now)>;

/// A meter that goes on with the next source of its channel where its own fails while it runs.
///
/// A source has failed for good where its device has gone, or where nothing new was read of it for
/// 10 s and it says itself that it cannot be read: errors, or a counter that has stood still for
/// too long. What was drawn in between is filled with the power on either side, and the
/// reading says how unsure that is. A source that was left is not gone back to.
///
/// Source   docs/metering.md, "Counters"
class FailoverMeter final : public Meter {
 public:
  FailoverMeter(std::unique_ptr<Meter> first, std::vector<OpenFallback> others);

  /// The first source's, but with the provenance and gain error of the one that is read now.
  [[nodiscard]] const Channel& channel() const override { return channel_; }
  [[nodiscard]] Seconds longest_safe_gap() const override { return current_->longest_safe_gap(); }
  [[nodiscard]] Seconds preferred_gap() const override { return current_->preferred_gap(); }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return current_->idle_power(); }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  /// What was lost between two sources.
  struct Hole {
    MonotonicTime from;
    MonotonicTime to;
    Microjoules first_total;  ///< Of the new source, at `to`.
  };

  [[nodiscard]] Result<Reading> accept(Reading reading);
  [[nodiscard]] bool has_failed(const Error& error, MonotonicTime now) const;
  [[nodiscard]] Result<void> go_on(MonotonicTime now);
  void fill(const Hole& hole, Reading& reading);
  void follow_power(const Reading& reading);

  std::unique_ptr<Meter> current_;
  std::vector<OpenFallback> others_;  ///< The next one last.
  Channel channel_;
  Microjoules base_;  ///< Of all sources before; added to the current one's total.
  std::optional<Hole> hole_;
  bool has_fallen_back_ = false;

  bool has_reading_ = false;
  Microjoules total_;       ///< As last given.
  MonotonicTime grown_at_;  ///< When it last grew, or the first attempt.
  bool was_tried_ = false;
  std::optional<Watts> power_;
  Microjoules power_total_;
  MonotonicTime power_at_;
};

}  // namespace wattune::energy
