#include "bad_axis_density.hpp"

#include <algorithm>
#include <cmath>

#include "bandwidth.hpp"

namespace wattune::samplers {
namespace {

constexpr std::size_t kNumBins = 256;
constexpr double kUnit = 4294967296.0;  // 2^32: a million kernels of any bandwidth fit in 64 bits

constexpr double kLeastFall = 1e-10;  // less than the unit resolves

double middle_of(std::size_t bin) {
  return (static_cast<double>(bin) + 0.5) / static_cast<double>(kNumBins);
}

}  // namespace

BadAxisDensity::BadAxisDensity(const Axis& axis, double prior_weight)
    : axis_(&axis), prior_weight_(prior_weight) {
  if (axis.kind() == AxisKind::Fixed) return;
  count_.resize(has_cells() ? axis.num_cells() : kNumBins);
  table_.resize(has_cells() ? axis.num_cells() : kNumBins + 1);
  settle_bandwidth();
}

void BadAxisDensity::add(const Place& place) {
  count(place, 1);
}

void BadAxisDensity::remove(const Place& place) {
  count(place, -1);
}

void BadAxisDensity::count(const Place& place, int change) {
  if (!place.is_active || axis_->kind() == AxisKind::Fixed) return;
  const std::size_t bin = bin_of(place);
  count_[bin] += static_cast<std::uint32_t>(change);
  num_kernels_ += static_cast<std::size_t>(change);
  // Between two questions many may come; a table that will be made anew takes no part.
  const bool is_settled = num_kernels_ >= settled_for_ && num_kernels_ < settled_until_;
  is_table_current_ = is_table_current_ && is_settled;
  if (is_table_current_) add_to_table(bin, change);
}

std::size_t BadAxisDensity::bin_of(const Place& place) const {
  if (has_cells()) return place.cell;
  const auto bin = static_cast<std::size_t>(place.coordinate * static_cast<double>(kNumBins));
  return std::min(bin, kNumBins - 1);
}

void BadAxisDensity::add_to_table(std::size_t bin, std::int64_t count) {
  if (has_cells()) {
    for (std::size_t cell = 0; cell < table_.size(); ++cell) {
      table_[cell] += count * mass_[bin * table_.size() + cell];
    }
    return;
  }
  // Edges of bins lie an odd number of half bins from the kernel's middle.
  const double norm = kUnit * norm_[bin];
  for (std::size_t i = 0; 2 * i + 1 < fall_.size(); ++i) {
    const std::int64_t share = count * static_cast<std::int64_t>(norm * fall_[2 * i + 1]);
    if (i <= bin) table_[bin - i] += share;
    if (bin + 1 + i <= kNumBins) table_[bin + 1 + i] += share;
  }
}

void BadAxisDensity::settle_bandwidth() {
  if (num_kernels_ < settled_for_ || num_kernels_ >= settled_until_) {
    settled_for_ = rung_below(std::max<std::size_t>(1, num_kernels_));
    settled_until_ = rung_above(settled_for_);
    tabulate_kernels(bandwidth_of(*axis_, settled_for_, 1, kUniformVariance));
    is_table_current_ = false;
  }
  if (is_table_current_) return;
  std::ranges::fill(table_, 0);
  for (std::size_t bin = 0; bin < count_.size(); ++bin) {
    if (count_[bin] > 0) add_to_table(bin, count_[bin]);
  }
  is_table_current_ = true;
}

void BadAxisDensity::tabulate_kernels(double bandwidth) {
  norm_.clear();
  fall_.clear();
  mass_.clear();
  for (std::size_t bin = 0; bin < count_.size(); ++bin) {
    const Place centre = has_cells() ? axis_->place_in(bin) : Place{true, middle_of(bin), 0};
    const double log_norm = axis_->log_norm(centre, bandwidth);
    norm_.push_back(std::exp(log_norm));
    for (std::size_t cell = 0; cell < axis_->num_cells(); ++cell) {
      const double log_kernel = axis_->log_kernel(axis_->place_in(cell), centre, bandwidth);
      mass_.push_back(static_cast<std::int64_t>(kUnit * std::exp(log_norm + log_kernel)));
    }
  }
  if (has_cells()) return;
  for (std::size_t half_bins = 0; half_bins <= 2 * kNumBins; ++half_bins) {
    const Place at{true, static_cast<double>(half_bins) / (2.0 * kNumBins), 0};
    const double fall = std::exp(axis_->log_kernel(at, Place{true, 0.0, 0}, bandwidth));
    if (fall < kLeastFall) break;
    fall_.push_back(fall);
  }
}

double BadAxisDensity::density(const Place& at) {
  if (axis_->kind() == AxisKind::Fixed) return 1.0;
  settle_bandwidth();
  double sum = 0.0;
  if (has_cells()) {
    sum = static_cast<double>(table_[at.cell]);
  } else {
    const std::size_t bin = bin_of(at);
    const double part = at.coordinate * static_cast<double>(kNumBins) - static_cast<double>(bin);
    sum = static_cast<double>(table_[bin]) * (1.0 - part) +
          static_cast<double>(table_[bin + 1]) * part;
  }
  const double prior = prior_weight_ * axis_->uniform(at);
  return (sum / kUnit + prior) / (static_cast<double>(num_kernels_) + prior_weight_);
}

}  // namespace wattune::samplers
