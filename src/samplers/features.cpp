#include "features.hpp"

#include <numbers>

namespace wattune::samplers {
namespace {

constexpr double kSet = 1.0 / std::numbers::sqrt2;

}  // namespace

Features::Features(const space::Space& space) : space_(&space) {
  std::size_t num_groups = 0;
  for (std::size_t i = 0; i < space.size(); ++i) {
    const space::Parameter& parameter = space.parameters()[i];
    const auto* choices = std::get_if<space::ChoiceDomain>(&parameter.domain);
    Block block;
    block.first = group_of_column_.size();
    block.is_conditional = !parameter.when.empty();
    block.is_constant = space.num_values(i) == 1 && !block.is_conditional;
    if (choices != nullptr && !choices->ordered) block.values = choices->choices.size();
    blocks_.push_back(block);
    if (block.is_constant) continue;
    const std::size_t own = block.values > 0 ? block.values : 1;
    group_of_column_.insert(group_of_column_.end(), own + (block.is_conditional ? 1 : 0),
                            num_groups++);
  }
}

Eigen::RowVectorXd Features::row(const space::Configuration& configuration) const {
  Eigen::RowVectorXd row =
      Eigen::RowVectorXd::Zero(static_cast<Eigen::Index>(group_of_column_.size()));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (block.is_constant) continue;
    const bool is_active = configuration.is_active(i);
    const std::size_t own = block.values > 0 ? block.values : 1;
    if (block.is_conditional && !is_active)
      row[static_cast<Eigen::Index>(block.first + own)] = kSet;
    if (block.values == 0) {
      row[static_cast<Eigen::Index>(block.first)] =
          is_active ? space_->encode(i, configuration[i]) : 0.5;
    } else if (is_active) {
      const auto chosen = std::get<space::ChoiceIndex>(configuration[i]).index;
      row[static_cast<Eigen::Index>(block.first + chosen)] = kSet;
    }
  }
  return row;
}

Eigen::MatrixXd Features::rows(std::span<const space::Configuration> configurations) const {
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(configurations.size()),
                         static_cast<Eigen::Index>(num_columns()));
  for (std::size_t i = 0; i < configurations.size(); ++i) {
    matrix.row(static_cast<Eigen::Index>(i)) = row(configurations[i]);
  }
  return matrix;
}

std::optional<std::size_t> Features::ordered_column(std::size_t parameter_index) const {
  const Block& block = blocks_[parameter_index];
  if (block.is_constant || block.values > 0) return std::nullopt;
  return block.first;
}

}  // namespace wattune::samplers
