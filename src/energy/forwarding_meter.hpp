#pragma once

#include <memory>
#include <utility>

#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// A meter that says what another says; what is built on it changes one thing.
class ForwardingMeter : public Meter {
 public:
  explicit ForwardingMeter(std::unique_ptr<Meter> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] const Channel& channel() const override { return inner_->channel(); }
  [[nodiscard]] Seconds longest_safe_gap() const override { return inner_->longest_safe_gap(); }
  [[nodiscard]] Seconds preferred_gap() const override { return inner_->preferred_gap(); }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return inner_->idle_power(); }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override { return inner_->read(now); }

 protected:
  [[nodiscard]] Meter& inner() { return *inner_; }

 private:
  std::unique_ptr<Meter> inner_;
};

}  // namespace wattune::energy
