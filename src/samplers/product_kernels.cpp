#include "product_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "product_log.hpp"
#include "wattune/base/require.hpp"

namespace wattune::samplers {
namespace {

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

ProductKernels::ProductKernels(std::span<const Axis> axes, double prior_weight)
    : axes_(axes), prior_weight_(prior_weight), columns_(axes.size()) {
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].num_cells() > 0) cell_axes_.push_back(a);
  }
}

void ProductKernels::make_room() {
  if (weights_.size() < log_norm_.size()) return;
  const std::size_t size = log_norm_.size() + kKernelBlock;
  log_norm_.resize(size, kNoKernel);
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    if (axes_[a].num_cells() > 0) columns_[a].cell.resize(size);
    if (axes_[a].kind() != AxisKind::Gaussian) continue;
    columns_[a].centre.resize(size);
    if (!axes_[a].is_conditional()) continue;
    columns_[a].presence.resize(size);
    columns_[a].axis_norm.resize(size);
  }
}

void ProductKernels::insert(std::size_t row, const Places& places, double weight) {
  make_room();
  open(log_norm_, row, weights_.size());
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const Place& place = places[a];
    Column& column = columns_[a];
    open(column.centre, row, weights_.size());
    open(column.presence, row, weights_.size());
    open(column.axis_norm, row, weights_.size());
    open(column.cell, row, weights_.size());
    if (!column.centre.empty()) column.centre[row] = place.coordinate;
    if (!column.presence.empty()) column.presence[row] = place.is_active ? 1.0F : 0.0F;
    if (!column.cell.empty()) {
      column.cell[row] =
          place.is_active ? place.cell : static_cast<std::uint16_t>(axes_[a].num_cells());
    }
  }
  weights_.insert(weights_.begin() + static_cast<std::ptrdiff_t>(row), weight);
  if (has_bandwidths_) settle(row, 1);
}

void ProductKernels::erase(std::size_t row) {
  const std::size_t num_rows = weights_.size();
  close(log_norm_, row, num_rows);
  log_norm_[num_rows - 1] = kNoKernel;
  for (Column& column : columns_) {
    close(column.centre, row, num_rows);
    close(column.presence, row, num_rows);
    close(column.axis_norm, row, num_rows);
    close(column.cell, row, num_rows);
  }
  weights_.erase(weights_.begin() + static_cast<std::ptrdiff_t>(row));
}

void ProductKernels::set_bandwidths(std::span<const double> bandwidths) {
  WATTUNE_REQUIRE(bandwidths.size() == axes_.size());
  has_bandwidths_ = true;
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    columns_[a].bandwidth = bandwidths[a];
    if (axes_[a].num_cells() > 0) fill_table(axes_[a], columns_[a]);
  }
  settle(0, weights_.size());
}

/// The norms of some kernels; on cells the table holds them.
void ProductKernels::settle(std::size_t first, std::size_t count) {
  std::vector<ProductLog> norms(count);
  for (std::size_t i = 0; i < count; ++i) norms[i].multiply(weights_[first + i]);
  std::vector<float> below_0(count);
  std::vector<float> below_1(count);
  for (Column& column : columns_) {
    if (column.centre.empty()) continue;
    gaussian_tails(std::span{column.centre}.subspan(first, count),
                   static_cast<float>(column.bandwidth), below_0, below_1);
    for (std::size_t i = 0; i < count; ++i) {
      const double norm = cut_gaussian_height(column.bandwidth, below_0[i], below_1[i]);
      if (column.presence.empty()) {
        norms[i].multiply(norm);
      } else {
        const bool is_active = column.presence[first + i] > 0.0F;
        column.axis_norm[first + i] = is_active ? static_cast<float>(std::log(norm)) : 0.0F;
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    log_norm_[first + i] = static_cast<float>(norms[i].log());
  }
}

void ProductKernels::fill_table(const Axis& axis, Column& column) const {
  const std::size_t num_cells = axis.num_cells();
  column.table.resize(num_cells * (num_cells + 1));
  for (std::size_t c = 0; c <= num_cells; ++c) {
    const std::vector<double> masses = c < num_cells
                                           ? axis.cell_masses(axis.place_in(c), column.bandwidth)
                                           : axis.uniform_masses();
    for (std::size_t a = 0; a < num_cells; ++a) {
      column.table[a * (num_cells + 1) + c] = static_cast<float>(std::log(masses[a]));
    }
  }
}

void ProductKernels::add_terms(const Places& at, std::vector<AxisTerm>& terms) const {
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const Axis& axis = axes_[a];
    const Column& column = columns_[a];
    if (!at[a].is_active || axis.kind() == AxisKind::Fixed) continue;
    AxisTerm& term = terms.emplace_back();
    if (axis.num_cells() > 0) {
      term.cell = column.cell.data();
      term.row = column.table.data() + at[a].cell * (axis.num_cells() + 1);
    } else {
      term.centre = column.centre.data();
      if (!column.presence.empty()) term.presence = column.presence.data();
      if (!column.axis_norm.empty()) term.axis_norm = column.axis_norm.data();
      term.x = at[a].coordinate;
      term.scale = static_cast<float>(1.0 / (std::numbers::sqrt2 * column.bandwidth));
    }
  }
}

std::vector<double> ProductKernels::log_densities(std::span<const Places> points) const {
  WATTUNE_REQUIRE(has_bandwidths_);
  std::vector<AxisTerm> terms;
  std::vector<std::size_t> ends;
  terms.reserve(points.size() * axes_.size());
  ends.reserve(points.size());
  for (const Places& at : points) {
    add_terms(at, terms);
    ends.push_back(terms.size());
  }
  std::vector<double> logs = log_kernel_sums(log_norm_, terms, ends);
  const double log_total =
      std::log(std::accumulate(weights_.begin(), weights_.end(), prior_weight_));
  for (std::size_t p = 0; p < points.size(); ++p) {
    ProductLog prior{prior_weight_};
    for (const std::size_t a : cell_axes_) {
      if (points[p][a].is_active) prior.multiply(axes_[a].uniform(points[p][a]));
    }
    const double log_prior = prior.log();
    const double largest = std::max(logs[p], log_prior);
    const double smallest = std::min(logs[p], log_prior);
    logs[p] = largest + std::log1p(std::exp(smallest - largest)) - log_total;
  }
  return logs;
}

}  // namespace wattune::samplers
