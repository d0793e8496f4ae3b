#include "bad_axis_density.hpp"

#include <algorithm>
#include <cmath>

#include "bandwidth.hpp"
#include "kernel_arithmetic.hpp"

namespace wattune::samplers {
namespace {

constexpr std::size_t kNumBins = BinnedKernels::kNumBins;
/// 2^28: hundreds of thousands of kernels of any bandwidth at one place stay below 2^53.
constexpr double kUnit = 268435456.0;

}  // namespace

BadAxisDensity::BadAxisDensity(const Axis& axis, double prior_weight,
                               BinnedKernelsByBandwidth& kernels)
    : axis_(&axis), prior_weight_(prior_weight), shared_kernels_(&kernels) {
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
  const auto bin = static_cast<std::size_t>(place.coordinate * static_cast<float>(kNumBins));
  return std::min(bin, kNumBins - 1);
}

void BadAxisDensity::add_to_table(std::size_t bin, double times) {
  if (has_cells()) {
    add_rounded(table_, masses_[bin], kUnit, times);
    return;
  }
  const std::size_t reach = kernels_->reach;
  const std::size_t first = bin + 1 > reach ? bin + 1 - reach : 0;
  const std::size_t end = std::min(bin + 1 + reach, table_.size());
  const std::size_t skipped = first + reach - (bin + 1);
  add_rounded(std::span{table_}.subspan(first, end - first),
              std::span{kernels_->fall}.subspan(skipped, end - first), kUnit * kernels_->norm[bin],
              times);
}

void BadAxisDensity::settle_bandwidth() {
  if (num_kernels_ < settled_for_ || num_kernels_ >= settled_until_) {
    settled_for_ = rung_below(std::max<std::size_t>(1, num_kernels_));
    settled_until_ = rung_above(settled_for_);
    tabulate_kernels(bandwidth_of(*axis_, settled_for_, 1, kUniformVariance));
    is_table_current_ = false;
  }
  if (is_table_current_) return;
  std::ranges::fill(table_, 0.0);
  for (std::size_t bin = 0; bin < count_.size(); ++bin) {
    if (count_[bin] > 0) add_to_table(bin, count_[bin]);
  }
  is_table_current_ = true;
}

void BadAxisDensity::tabulate_kernels(double bandwidth) {
  if (!has_cells()) {
    kernels_ = shared_kernels_->of(bandwidth);
    return;
  }
  masses_.clear();
  for (std::size_t cell = 0; cell < axis_->num_cells(); ++cell) {
    masses_.push_back(axis_->cell_masses(axis_->place_in(cell), bandwidth));
  }
}

double BadAxisDensity::density(const Place& at) {
  if (axis_->kind() == AxisKind::Fixed) return 1.0;
  settle_bandwidth();
  double sum = 0.0;
  if (has_cells()) {
    sum = table_[at.cell];
  } else {
    const std::size_t bin = bin_of(at);
    const auto part =
        static_cast<double>(at.coordinate * static_cast<float>(kNumBins) - static_cast<float>(bin));
    sum = table_[bin] * (1.0 - part) + table_[bin + 1] * part;
  }
  const double prior = prior_weight_ * axis_->uniform(at);
  return (sum / kUnit + prior) / (static_cast<double>(num_kernels_) + prior_weight_);
}

}  // namespace wattune::samplers
