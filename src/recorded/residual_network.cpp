#include "residual_network.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::recorded {
namespace {

constexpr std::size_t kWidth = 128;   // of the residual stream
constexpr std::size_t kHidden = 455;  // of a block, half of what its first layer gives
constexpr std::size_t kBlocks = 3;
constexpr float kEpsilon = 1e-5F;
constexpr std::size_t kTile = 4;  // rows whose sums are kept in registers together

Columns make_columns(std::size_t num_rows, std::size_t num_groups) {
  return {num_groups, std::vector<FourColumns>(num_rows * num_groups)};
}

FourColumns splat(float value) {
  FourColumns same;
  for (int lane = 0; lane < 4; ++lane) same.values[lane] = value;
  return same;
}

/// A few neighbouring rows of a matrix.
struct Tile {
  const float* weights;
  std::size_t num_inputs;
  std::span<const float> bias;  // one per row, at most kTile
};

/// Rows of a matrix times neighbouring groups of columns. A tile that is not full repeats its last
/// row; what comes of that is not kept.
template <std::size_t kGroups>
void sum_up(const Tile& tile, const Columns& inputs, std::size_t group, std::size_t row,
            Columns& result) {
  std::array<const float*, kTile> weights{};
  std::array<std::array<FourColumns, kGroups>, kTile> sums{};
  for (std::size_t i = 0; i < kTile; ++i) {
    const std::size_t index = std::min(i, tile.bias.size() - 1);
    weights[i] = tile.weights + index * tile.num_inputs;
    sums[i].fill(splat(tile.bias[index]));
  }
  const FourColumns* input = inputs.groups.data() + group;
  for (std::size_t k = 0; k < tile.num_inputs; ++k, input += inputs.num_groups) {
    for (std::size_t i = 0; i < kTile; ++i) {
      for (std::size_t g = 0; g < kGroups; ++g) {
        sums[i][g].values += input[g].values * weights[i][k];
      }
    }
  }
  for (std::size_t i = 0; i < tile.bias.size(); ++i) {
    for (std::size_t g = 0; g < kGroups; ++g) result.row(row + i)[group + g] = sums[i][g];
  }
}

FourColumns positive_part(FourColumns x) {
  for (int lane = 0; lane < 4; ++lane) x.values[lane] = std::max(x.values[lane], 0.0F);
  return x;
}

}  // namespace

ResidualNetwork::ResidualNetwork(const Array& array, std::size_t num_inputs, std::size_t num_tasks)
    : embeddings_(array("embds_fct.0.weight", num_tasks * kEmbedding)),
      first_(affine_of(array, "first_layer", kWidth, kEmbedding + num_inputs)),
      last_norm_(scaling_of(array, "last_normalization")),
      head_(affine_of(array, "head", kNumHeads, kWidth)) {
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const std::string name = "layers." + std::to_string(i) + ".";
    blocks_.push_back({scaling_of(array, name + "norm"),
                       affine_of(array, name + "linear0", 2 * kHidden, kWidth),
                       affine_of(array, name + "linear1", kWidth, kHidden)});
  }
}

ResidualNetwork::Affine ResidualNetwork::affine_of(const Array& array, const std::string& name,
                                                   std::size_t rows, std::size_t inputs) {
  return {array(name + ".weight", rows * inputs), array(name + ".bias", rows)};
}

ResidualNetwork::Scaling ResidualNetwork::scaling_of(const Array& array, const std::string& name) {
  const auto weight = array(name + ".weight", kWidth);
  const auto bias = array(name + ".bias", kWidth);
  const auto mean = array(name + ".running_mean", kWidth);
  const auto variance = array(name + ".running_var", kWidth);
  Scaling scaling;
  for (std::size_t i = 0; i < kWidth; ++i) {
    const float factor = weight[i] / std::sqrt(variance[i] + kEpsilon);
    scaling.factor.push_back(factor);
    scaling.shift.push_back(bias[i] - mean[i] * factor);
  }
  return scaling;
}

Columns ResidualNetwork::multiply(const Affine& affine, const Columns& inputs) {
  const std::size_t num_rows = affine.bias.size();
  const std::size_t num_inputs = affine.weights.size() / num_rows;
  Columns result = make_columns(num_rows, inputs.num_groups);
  for (std::size_t row = 0; row < num_rows; row += kTile) {
    const Tile tile{&affine.weights[row * num_inputs], num_inputs,
                    affine.bias.subspan(row, std::min(kTile, num_rows - row))};
    std::size_t group = 0;
    for (; group + 1 < inputs.num_groups; group += 2) sum_up<2>(tile, inputs, group, row, result);
    if (group < inputs.num_groups) sum_up<1>(tile, inputs, group, row, result);
  }
  return result;
}

Columns ResidualNetwork::scale(const Scaling& scaling, const Columns& inputs) {
  Columns result = make_columns(scaling.factor.size(), inputs.num_groups);
  for (std::size_t row = 0; row < scaling.factor.size(); ++row) {
    for (std::size_t group = 0; group < inputs.num_groups; ++group) {
      result.row(row)[group].values =
          inputs.row(row)[group].values * scaling.factor[row] + scaling.shift[row];
    }
  }
  return result;
}

Columns ResidualNetwork::first_inputs(std::size_t task_code,
                                      std::span<const std::vector<float>> columns) const {
  const std::size_t num_inputs = columns.front().size();
  Columns result = make_columns(kEmbedding + num_inputs, (columns.size() + 3) / 4);
  for (std::size_t i = 0; i < kEmbedding; ++i) {
    const FourColumns same = splat(embeddings_[task_code * kEmbedding + i]);
    for (std::size_t group = 0; group < result.num_groups; ++group) result.row(i)[group] = same;
  }
  for (std::size_t i = 0; i < num_inputs; ++i) {
    for (std::size_t column = 0; column < columns.size(); ++column) {
      result.row(kEmbedding + i)[column / 4].values[column % 4] = columns[column][i];
    }
  }
  return result;
}

std::vector<std::array<float, ResidualNetwork::kNumHeads>> ResidualNetwork::run(
    std::size_t task_code, std::span<const std::vector<float>> columns) const {
  Columns stream = multiply(first_, first_inputs(task_code, columns));
  for (const Block& block : blocks_) {
    const Columns both = multiply(block.widen, scale(block.norm, stream));
    Columns gated = make_columns(kHidden, both.num_groups);
    for (std::size_t i = 0; i < gated.groups.size(); ++i) {
      gated.groups[i].values =
          both.groups[i].values * positive_part(both.groups[i + gated.groups.size()]).values;
    }
    const Columns added = multiply(block.narrow, gated);
    for (std::size_t i = 0; i < stream.groups.size(); ++i) {
      stream.groups[i].values += added.groups[i].values;
    }
  }
  Columns last = scale(last_norm_, stream);
  for (FourColumns& group : last.groups) group = positive_part(group);
  const Columns heads = multiply(head_, last);
  std::vector<std::array<float, kNumHeads>> results(columns.size());
  for (std::size_t column = 0; column < columns.size(); ++column) {
    for (std::size_t i = 0; i < kNumHeads; ++i) {
      results[column][i] = 1.0F / (1.0F + std::exp(-heads.row(i)[column / 4].values[column % 4]));
    }
  }
  return results;
}

}  // namespace wattune::recorded
