#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "axis.hpp"
#include "kernel_arithmetic.hpp"

namespace wattune::samplers {

/// A mixture of kernels over all axes at once and the uniform prior, in single precision.
///
/// A kernel is the product of one kernel for each axis; where it lacks an axis it is uniform. A
/// point that lacks an axis is not judged by it.
///
/// Cost     one kernel O(axes) and a move of what stands behind it, O(cells) on axes of cells;
///          densities O(points x axes x kernels), vectorised
class ProductKernels {
 public:
  ProductKernels(std::span<const Axis> axes, double prior_weight);

  [[nodiscard]] std::size_t size() const { return weights_.size(); }

  /// A kernel before the one that stands at `row`, or as the last.
  void insert(std::size_t row, const Places& places, double weight = 1.0);
  void erase(std::size_t row);
  /// Needed before densities are asked for.
  ///
  /// Takes    bandwidths  [num_axes], of all kernels from here on
  void set_bandwidths(std::span<const double> bandwidths);

  /// Gives    [num_points]
  [[nodiscard]] std::vector<double> log_densities(std::span<const Places> points) const;

 private:
  struct Column {
    std::vector<float> centre;        // Gaussian; 0.5 where inactive
    std::vector<float> presence;      // conditional Gaussian: 1, or 0 where inactive
    std::vector<float> axis_norm;     // conditional Gaussian
    std::vector<std::uint16_t> cell;  // Cells, Unordered; num_cells where inactive
    std::vector<float> table;         // [num_cells x (num_cells + 1)] log density by place, centre
    double bandwidth = 1.0;
  };

  void make_room();
  void settle(std::size_t first, std::size_t count);
  void fill_table(const Axis& axis, Column& column) const;
  void add_terms(const Places& at, std::vector<AxisTerm>& terms) const;

  std::span<const Axis> axes_;
  double prior_weight_;
  bool has_bandwidths_ = false;
  std::vector<std::size_t> cell_axes_;  // on others the uniform density is 1
  std::vector<double> weights_;         // by kernel
  std::vector<Column> columns_;         // by axis; rows by kernel, up to a whole number of blocks
  std::vector<float> log_norm_;         // of kernels times weights; kNoKernel beyond the last
};

}  // namespace wattune::samplers
