#include "wattune/energy/node_sampler.hpp"

#include <utility>

#include "node_sampler_core.hpp"
#include "node_view.hpp"

namespace wattune::energy {

NodeSampler::NodeSampler(std::vector<std::unique_ptr<Meter>> meters, const Clock& clock,
                         NodeSamplerOptions options)
    : clock_(clock), core_(std::make_unique<Core>(std::move(meters), clock, std::move(options))) {
}

NodeSampler::~NodeSampler() = default;

std::vector<std::unique_ptr<Meter>> NodeSampler::views() {
  const MonotonicTime now = clock_.now();
  std::vector<std::unique_ptr<Meter>> views;
  for (std::size_t i = 0; i < core_->size(); ++i) {
    views.push_back(std::make_unique<View>(*core_, i, now));
  }
  return views;
}

NodeSampler::Hold::Hold(Hold&& other) noexcept : sampler_(std::exchange(other.sampler_, nullptr)) {
}

NodeSampler::Hold::~Hold() {
  if (sampler_ != nullptr) sampler_->core_->count_hold(-1);
}

NodeSampler::Hold NodeSampler::hold_fast() {
  core_->count_hold(+1);
  return Hold(this);
}

const SampleRing& NodeSampler::ring() const {
  return core_->ring();
}

std::vector<Channel> NodeSampler::channels() const {
  std::vector<Channel> channels;
  for (std::size_t i = 0; i < core_->size(); ++i) channels.push_back(core_->channel(i).channel());
  return channels;
}

SamplerReport NodeSampler::report() const {
  return core_->report();
}

NodeClaims* NodeSampler::claims() {
  return core_->shared();
}

const std::optional<std::string>& NodeSampler::sharing_problem() const {
  return core_->sharing_problem();
}

MonotonicTime NodeSampler::poll() {
  return core_->round();
}

}  // namespace wattune::energy
