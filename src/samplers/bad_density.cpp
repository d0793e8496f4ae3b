#include "bad_density.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bandwidth.hpp"
#include "wattune/base/require.hpp"

namespace wattune::samplers {
namespace {

bool has_cells(const Axis& axis) {
  return axis.kind() == AxisKind::Cells || axis.kind() == AxisKind::Unordered;
}

/// Moves what stands at `row` and behind it one back; the last place must be free.
template <typename T>
void open(std::vector<T>& values, std::size_t row, std::size_t num_rows) {
  if (values.empty()) return;
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row);
  const auto end = values.begin() + static_cast<std::ptrdiff_t>(num_rows);
  std::copy_backward(begin, end, end + 1);
}

template <typename T>
void close(std::vector<T>& values, std::size_t row, std::size_t num_rows) {
  if (values.empty()) return;
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row);
  std::copy(begin + 1, values.begin() + static_cast<std::ptrdiff_t>(num_rows), begin);
}

}  // namespace

BadDensity::BadDensity(std::span<const Axis> axes, double prior_weight)
    : axes_(axes), prior_weight_(prior_weight), columns_(axes.size()) {
}

void BadDensity::open_row(std::size_t row) {
  const std::size_t num_rows = numbers_.size();
  if (num_rows == log_norm_.size()) {
    const std::size_t size = num_rows + kKernelBlock;
    log_norm_.resize(size, kNoKernel);
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      if (has_cells(axes_[a])) columns_[a].cell.resize(size);
      if (axes_[a].kind() != AxisKind::Gaussian) continue;
      columns_[a].centre.resize(size);
      if (!axes_[a].is_conditional()) continue;
      columns_[a].presence.resize(size);
      columns_[a].axis_norm.resize(size);
    }
  }
  open(log_norm_, row, num_rows);
  for (Column& column : columns_) {
    open(column.centre, row, num_rows);
    open(column.presence, row, num_rows);
    open(column.axis_norm, row, num_rows);
    open(column.cell, row, num_rows);
  }
}

void BadDensity::close_row(std::size_t row) {
  const std::size_t num_rows = numbers_.size();
  close(log_norm_, row, num_rows);
  log_norm_[num_rows - 1] = kNoKernel;
  for (Column& column : columns_) {
    close(column.centre, row, num_rows);
    close(column.presence, row, num_rows);
    close(column.axis_norm, row, num_rows);
    close(column.cell, row, num_rows);
  }
}

void BadDensity::add(std::uint32_t number, const Places& places) {
  const auto after = std::ranges::lower_bound(numbers_, number);
  WATTUNE_REQUIRE(after == numbers_.end() || *after != number);
  const auto row = static_cast<std::size_t>(after - numbers_.begin());
  open_row(row);
  numbers_.insert(after, number);
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const Place& place = places[a];
    const Axis& axis = axes_[a];
    Column& column = columns_[a];
    if (axis.kind() == AxisKind::Gaussian) {
      column.centre[row] = static_cast<float>(place.coordinate);
      if (!column.presence.empty()) column.presence[row] = place.is_active ? 1.0F : 0.0F;
    } else if (has_cells(axis)) {
      column.cell[row] =
          place.is_active ? place.cell : static_cast<std::uint16_t>(axis.num_cells());
    }
  }
  log_norm_[row] = kernel_norm(row, places);
}

void BadDensity::remove(std::uint32_t number) {
  const auto found = std::ranges::lower_bound(numbers_, number);
  WATTUNE_REQUIRE(found != numbers_.end() && *found == number);
  close_row(static_cast<std::size_t>(found - numbers_.begin()));
  numbers_.erase(found);
}

float BadDensity::kernel_norm(std::size_t row, const Places& places) {
  double sum = 0.0;
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const Axis& axis = axes_[a];
    if (axis.kind() != AxisKind::Gaussian) continue;  // its table holds the norm
    const double norm = places[a].is_active ? axis.log_norm(places[a], columns_[a].bandwidth) : 0.0;
    if (columns_[a].axis_norm.empty()) {
      sum += norm;
    } else {
      columns_[a].axis_norm[row] = static_cast<float>(norm);
    }
  }
  return static_cast<float>(sum);
}

/// What of a trial's places the columns still know.
Places BadDensity::places_of(std::size_t row) const {
  Places places(axes_.size());
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const Column& column = columns_[a];
    if (column.centre.empty()) continue;
    places[a].is_active = column.presence.empty() || column.presence[row] > 0.0F;
    places[a].coordinate = static_cast<double>(column.centre[row]);
  }
  return places;
}

void BadDensity::settle_bandwidths() {
  const std::size_t rung = rung_below(std::max<std::size_t>(1, numbers_.size()));
  if (rung == settled_for_) return;
  settled_for_ = rung;
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    columns_[a].bandwidth = bandwidth_of(axes_[a], rung, axes_.size(), kUniformVariance);
    if (has_cells(axes_[a])) fill_table(axes_[a], columns_[a]);
  }
  for (std::size_t row = 0; row < numbers_.size(); ++row) {
    log_norm_[row] = kernel_norm(row, places_of(row));
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
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const Axis& axis = axes_[a];
    const Column& column = columns_[a];
    if (!at[a].is_active || axis.kind() == AxisKind::Fixed) continue;
    AxisTerm term;
    if (has_cells(axis)) {
      term.cell = column.cell.data();
      term.row = column.table.data() + at[a].cell * (axis.num_cells() + 1);
    } else {
      term.centre = column.centre.data();
      if (!column.presence.empty()) term.presence = column.presence.data();
      if (!column.axis_norm.empty()) term.axis_norm = column.axis_norm.data();
      term.x = static_cast<float>(at[a].coordinate);
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
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      if (points[p][a].is_active) prior += axes_[a].log_uniform(points[p][a]);
    }
    const double largest = std::max(logs[p], prior);
    logs[p] = largest + std::log(std::exp(logs[p] - largest) + std::exp(prior - largest)) -
              std::log(static_cast<double>(numbers_.size()) + prior_weight_);
  }
  return logs;
}

}  // namespace wattune::samplers
