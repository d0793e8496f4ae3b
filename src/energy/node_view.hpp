#pragma once

#include <cstdint>
#include <optional>

#include "node_sampler_core.hpp"

namespace wattune::energy {

/// A channel of the node, from the moment on at which the view was made.
class NodeSampler::View final : public Meter {
 public:
  View(Core& core, std::size_t index, MonotonicTime now) : core_(core), index_(index) {
    core_.count_view(+1);
    const BoardReading newest = core_.edge(index_, now);
    if (newest.has_reading) base_ = newest.total;
    num_estimated_ = newest.num_estimated;
    guessed_j2_ = newest.guessed_j2;
  }
  ~View() override { core_.count_view(-1); }

  [[nodiscard]] const Channel& channel() const override { return sampled().channel(); }
  /// The sampler reads often enough; this is for whoever divides the energy.
  [[nodiscard]] Seconds longest_safe_gap() const override { return kLongestSamplerPeriod; }
  [[nodiscard]] std::optional<Watts> idle_power() const override { return sampled().idle_power(); }
  [[nodiscard]] Result<Reading> read(MonotonicTime now) override;

 private:
  [[nodiscard]] SampledChannel& sampled() const { return core_.channel(index_); }
  [[nodiscard]] Result<Reading> carry(BoardReading newest, MonotonicTime now);
  Reading give(Microjoules total, MonotonicTime at, bool is_estimated, Seconds carried);

  Core& core_;
  std::size_t index_;
  std::optional<Microjoules> base_;
  Microjoules given_;
  std::uint64_t num_estimated_ = 0;
  double guessed_j2_ = 0.0;
};

}  // namespace wattune::energy
