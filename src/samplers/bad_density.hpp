#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "axis.hpp"
#include "kernel_sum.hpp"

namespace wattune::samplers {

/// Density of the many bad trials over all axes at once, kept while trials come and go.
///
/// As GoodDensity with equal weights, but its bandwidths depend on the number of kernels alone, and
/// change only when that has grown by a tenth: until then a new trial is one new kernel.
///
/// Cost     one trial O(axes) and a move of what stands behind it; every tenth more trials, all
///          kernels anew
class BadDensity {
 public:
  BadDensity(std::span<const Axis> axes, double prior_weight);

  /// Puts a kernel among the others by its trial's number, so that the sum does not depend on the
  /// order in which trials came. Requires a trial that has none.
  void add(std::uint32_t number, const Places& places);
  void remove(std::uint32_t number);  ///< Requires a trial that has a kernel.

  /// Gives    [num_points]
  [[nodiscard]] std::vector<double> log_densities(std::span<const Places> points);

 private:
  struct Column {
    std::vector<float> centre;        // Gaussian
    std::vector<float> presence;      // conditional Gaussian
    std::vector<float> axis_norm;     // conditional Gaussian
    std::vector<std::uint16_t> cell;  // Cells, Unordered; num_cells where inactive
    std::vector<float> table;         // [num_cells x (num_cells + 1)] log density by place, centre
    double bandwidth = 1.0;
  };

  void open_row(std::size_t row);
  void close_row(std::size_t row);
  void settle_bandwidths();
  void fill_table(const Axis& axis, Column& column) const;
  [[nodiscard]] float kernel_norm(std::size_t row, const Places& places);
  [[nodiscard]] std::vector<AxisTerm> terms_of(const Places& at) const;
  [[nodiscard]] Places places_of(std::size_t row) const;

  std::span<const Axis> axes_;
  double prior_weight_;
  std::vector<Column> columns_;         // by axis; rows by kernel, up to a whole number of blocks
  std::vector<std::uint32_t> numbers_;  // of the kernels' trials, ascending
  std::vector<float> log_norm_;         // kNoKernel beyond the last kernel
  std::size_t settled_for_ = 0;         // number of kernels that the bandwidths were made for
};

}  // namespace wattune::samplers
