#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "wattune/base/random.hpp"
#include "wattune/space/space.hpp"

namespace wattune::samplers {

enum class AxisKind : std::uint8_t {
  Fixed,      ///< One value: nothing to model.
  Gaussian,   ///< A coordinate of the unit interval.
  Cells,      ///< Ordered values that each own a part of the unit interval.
  Unordered,  ///< Choices.
};

/// Where a configuration lies on one axis.
struct Place {
  bool is_active = false;
  std::uint16_t cell = 0;   ///< On Cells and Unordered.
  float coordinate = 0.5F;  ///< As precise as the densities are.
};

/// Places of one configuration, by parameter.
using Places = std::vector<Place>;

/// One parameter as a density sees it: kernels of a bandwidth around places.
///
/// Ordered parameters of at most 128 values are integrated over each value's part of the interval;
/// those of more are taken as continuous.
///
/// Symbols  bandwidth: standard deviation of the Gaussian before it is cut off at 0 and 1; on
///          Unordered, the weight that another choice has against the kernel's own
class Axis {
 public:
  Axis(const space::Space& space, std::size_t parameter_index);

  [[nodiscard]] AxisKind kind() const { return kind_; }
  [[nodiscard]] bool is_conditional() const { return is_conditional_; }
  [[nodiscard]] std::size_t num_cells() const { return edges_.empty() ? 0 : edges_.size() - 1; }

  [[nodiscard]] Place place_of(const space::Space& space,
                               const space::Configuration& configuration) const;

  /// Where a coordinate lies, as if the parameter were active.
  [[nodiscard]] Place place_at(double coordinate) const;
  /// The place of a value by its number; on cells.
  [[nodiscard]] Place place_in(std::size_t cell) const;
  /// Ends of a value's part of the interval; on cells.
  [[nodiscard]] double low_edge(std::size_t cell) const { return edges_[cell]; }
  [[nodiscard]] double high_edge(std::size_t cell) const { return edges_[cell + 1]; }

  /// The uniform density: the prior, and what an inactive centre knows.
  [[nodiscard]] double uniform(const Place& at) const;
  /// What every cell has of a kernel, and of the uniform density.
  ///
  /// Gives    [num_cells], above 0
  [[nodiscard]] std::vector<double> cell_masses(const Place& centre, double bandwidth) const;
  [[nodiscard]] std::vector<double> uniform_masses() const;
  /// A choice's coordinate, from the kernel; Unordered.
  [[nodiscard]] double draw_choice(const Place& centre, double bandwidth, Rng& rng) const;

 private:
  std::size_t parameter_index_;
  AxisKind kind_ = AxisKind::Gaussian;
  bool is_conditional_ = false;
  std::vector<double> edges_;  // of the cells
};

}  // namespace wattune::samplers
