#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "good_density.hpp"
#include "kernel_sum.hpp"

namespace wattune::samplers {

/// Density of the many bad trials over some axes, kept while trials come and go.
///
/// As GoodDensity, but its bandwidths depend on the number of kernels alone, and change only when
/// that has grown by a tenth: until then a new trial is one new kernel.
///
/// Cost     one trial O(axes); every tenth more trials, all kernels anew
class BadDensity {
 public:
  BadDensity(std::span<const Axis> axes, std::vector<std::size_t> members, double prior_weight);

  [[nodiscard]] std::span<const std::size_t> members() const { return members_; }

  /// Puts a kernel at the trial's own place in the columns, so that the sum does not depend on the
  /// order in which trials came.
  void add(std::uint32_t number, const Places& places);
  void remove(std::uint32_t number);

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

  void grow_to(std::size_t num_places);
  void settle_bandwidths();
  void fill_table(const Axis& axis, Column& column) const;
  [[nodiscard]] float kernel_norm(std::uint32_t number, const Places& places);
  [[nodiscard]] std::vector<AxisTerm> terms_of(const Places& at) const;
  [[nodiscard]] bool is_conditional(std::size_t member) const;
  [[nodiscard]] Places places_of(std::uint32_t number) const;

  std::span<const Axis> axes_;
  std::vector<std::size_t> members_;
  double prior_weight_;
  std::vector<Column> columns_;  // by member
  std::vector<float> log_norm_;  // kNoKernel where the trial has none
  std::size_t num_kernels_ = 0;
  std::size_t settled_for_ = 0;  // number of kernels that the bandwidths were made for
};

}  // namespace wattune::samplers
