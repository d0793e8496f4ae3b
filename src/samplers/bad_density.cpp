#include "bad_density.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "bandwidth.hpp"

namespace wattune::samplers {
namespace {

/// The largest number of a fixed ladder with rungs a tenth apart that is not above `count`.
std::size_t rung_below(std::size_t count) {
  std::size_t rung = 1;
  while (true) {
    const std::size_t next = rung + std::max<std::size_t>(1, rung / 10);
    if (next > count) return rung;
    rung = next;
  }
}

bool has_cells(const Axis& axis) {
  return axis.kind() == AxisKind::Cells || axis.kind() == AxisKind::Unordered;
}

}  // namespace

BadDensity::BadDensity(std::span<const Axis> axes, std::vector<std::size_t> members,
                       double prior_weight)
    : axes_(axes),
      members_(std::move(members)),
      prior_weight_(prior_weight),
      columns_(members_.size()) {
}

/// Alone, a conditional axis has no kernels of trials that lack it.
bool BadDensity::is_conditional(std::size_t member) const {
  return members_.size() > 1 && axes_[member].is_conditional();
}

void BadDensity::grow_to(std::size_t num_places) {
  if (num_places <= log_norm_.size()) return;
  const std::size_t size = (num_places + kKernelBlock - 1) / kKernelBlock * kKernelBlock;
  log_norm_.resize(size, kNoKernel);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Axis& axis = axes_[members_[i]];
    if (has_cells(axis)) columns_[i].cell.resize(size);
    if (axis.kind() != AxisKind::Gaussian) continue;
    columns_[i].centre.resize(size);
    if (!is_conditional(members_[i])) continue;
    columns_[i].presence.resize(size);
    columns_[i].axis_norm.resize(size);
  }
}

void BadDensity::add(std::uint32_t number, const Places& places) {
  if (members_.size() == 1 && !places[members_.front()].is_active) return;
  grow_to(number + std::size_t{1});
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Place& place = places[members_[i]];
    const Axis& axis = axes_[members_[i]];
    Column& column = columns_[i];
    if (axis.kind() == AxisKind::Gaussian) {
      column.centre[number] = static_cast<float>(place.coordinate);
      if (!column.presence.empty()) column.presence[number] = place.is_active ? 1.0F : 0.0F;
    } else if (has_cells(axis)) {
      column.cell[number] =
          place.is_active ? place.cell : static_cast<std::uint16_t>(axis.num_cells());
    }
  }
  if (log_norm_[number] == kNoKernel) ++num_kernels_;
  log_norm_[number] = kernel_norm(number, places);
}

void BadDensity::remove(std::uint32_t number) {
  if (number >= log_norm_.size() || log_norm_[number] == kNoKernel) return;
  log_norm_[number] = kNoKernel;
  --num_kernels_;
}

float BadDensity::kernel_norm(std::uint32_t number, const Places& places) {
  double sum = 0.0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Place& place = places[members_[i]];
    const Axis& axis = axes_[members_[i]];
    if (axis.kind() != AxisKind::Gaussian) continue;  // its table holds the norm
    const double norm = place.is_active ? axis.log_norm(place, columns_[i].bandwidth) : 0.0;
    if (columns_[i].axis_norm.empty()) {
      sum += norm;
    } else {
      columns_[i].axis_norm[number] = static_cast<float>(norm);
    }
  }
  return static_cast<float>(sum);
}

/// What of a trial's places the columns still know.
Places BadDensity::places_of(std::uint32_t number) const {
  Places places(axes_.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.centre.empty()) continue;
    Place& place = places[members_[i]];
    place.is_active = column.presence.empty() || column.presence[number] > 0.0F;
    place.coordinate = static_cast<double>(column.centre[number]);
  }
  return places;
}

void BadDensity::settle_bandwidths() {
  const std::size_t rung = rung_below(std::max<std::size_t>(1, num_kernels_));
  if (rung == settled_for_) return;
  settled_for_ = rung;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Axis& axis = axes_[members_[i]];
    columns_[i].bandwidth = bandwidth_of(axis, rung, members_.size(), kUniformVariance);
    if (has_cells(axis)) fill_table(axis, columns_[i]);
  }
  for (std::uint32_t number = 0; number < log_norm_.size(); ++number) {
    if (log_norm_[number] != kNoKernel) log_norm_[number] = kernel_norm(number, places_of(number));
  }
}

void BadDensity::fill_table(const Axis& axis, Column& column) const {
  const std::size_t num_cells = axis.num_cells();
  column.table.resize(num_cells * (num_cells + 1));
  for (std::size_t c = 0; c <= num_cells; ++c) {
    const Place centre = c < num_cells ? axis.place_in(c) : Place{};
    const double norm = c < num_cells ? axis.log_norm(centre, column.bandwidth) : 0.0;
    for (std::size_t a = 0; a < num_cells; ++a) {
      const Place at = axis.place_in(a);
      column.table[a * (num_cells + 1) + c] =
          static_cast<float>(c < num_cells ? norm + axis.log_kernel(at, centre, column.bandwidth)
                                           : axis.log_uniform(at));
    }
  }
}

std::vector<AxisTerm> BadDensity::terms_of(const Places& at) const {
  std::vector<AxisTerm> terms;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Axis& axis = axes_[members_[i]];
    const Place& place = at[members_[i]];
    const Column& column = columns_[i];
    if (!place.is_active || axis.kind() == AxisKind::Fixed) continue;
    AxisTerm term;
    if (has_cells(axis)) {
      term.cell = column.cell.data();
      term.row = column.table.data() + place.cell * (axis.num_cells() + 1);
    } else {
      term.centre = column.centre.data();
      if (!column.presence.empty()) term.presence = column.presence.data();
      if (!column.axis_norm.empty()) term.axis_norm = column.axis_norm.data();
      term.x = static_cast<float>(place.coordinate);
      term.scale = static_cast<float>(1.0 / (std::numbers::sqrt2 * column.bandwidth));
    }
    terms.push_back(term);
  }
  return terms;
}

std::vector<double> BadDensity::log_densities(std::span<const Places> points) {
  settle_bandwidths();
  std::vector<std::vector<AxisTerm>> terms;
  for (const Places& at : points) terms.push_back(terms_of(at));
  std::vector<double> logs = log_kernel_sums(log_norm_, terms);
  for (std::size_t p = 0; p < points.size(); ++p) {
    double prior = std::log(prior_weight_);
    for (const std::size_t member : members_) {
      if (points[p][member].is_active) prior += axes_[member].log_uniform(points[p][member]);
    }
    const double largest = std::max(logs[p], prior);
    logs[p] = largest + std::log(std::exp(logs[p] - largest) + std::exp(prior - largest)) -
              std::log(static_cast<double>(num_kernels_) + prior_weight_);
  }
  return logs;
}

}  // namespace wattune::samplers
