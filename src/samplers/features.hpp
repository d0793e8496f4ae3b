#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "wattune/math/gaussian_process.hpp"
#include "wattune/space/space.hpp"

namespace wattune::samplers {

/// How a Gaussian process sees configurations: rows of numbers.
///
/// An ordered parameter is one column, the unit coordinate of the value it really has. A choice is
/// one column per value, the chosen one at 1 / sqrt 2, so that two values are 1 apart. A parameter
/// under a condition has one more column, which is set while it is inactive; its own then is in the
/// middle, or empty for a choice. A constant has none. The columns of a parameter are one group.
///
/// Threads  immutable; any number
class Features {
 public:
  explicit Features(const space::Space& space);

  [[nodiscard]] std::size_t num_columns() const { return group_of_column_.size(); }
  [[nodiscard]] math::KernelShape shape(math::KernelFamily family) const {
    return {family, group_of_column_};
  }
  /// Gives    [1 x num_columns]
  [[nodiscard]] Eigen::RowVectorXd row(const space::Configuration& configuration) const;
  /// Gives    [configurations x num_columns]
  [[nodiscard]] Eigen::MatrixXd rows(std::span<const space::Configuration> configurations) const;

  /// The column that follows a parameter's coordinate while it is active; nothing for choices and
  /// constants.
  [[nodiscard]] std::optional<std::size_t> ordered_column(std::size_t parameter_index) const;

 private:
  struct Block {
    std::size_t first = 0;   // column
    std::size_t values = 0;  // of a choice; 0 for an ordered parameter
    bool is_constant = false;
    bool is_conditional = false;
  };

  const space::Space* space_;  // outlives the object
  std::vector<Block> blocks_;  // [parameters]
  std::vector<std::size_t> group_of_column_;
};

}  // namespace wattune::samplers
