#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace wattune::recorded {

// The network of the surrogate, for several epochs of one training at a time:
//
//   stream [128]  = first_layer [128 x inputs] * (embedding of the task, scaled inputs)
//   3 blocks: both [910] = linear0 * batchnorm(stream); stream += linear1 * (both[0..455) *
//             relu(both[455..910)))
//   heads [6]     = sigmoid(head * relu(batchnorm(stream)))
//
// Columns are epochs, four to a vector register. Every sum is taken in the order of its terms, so
// an output does not depend on which epochs are evaluated beside it, or on the machine.

/// Four neighbouring columns of one row.
struct FourColumns {
  float values __attribute__((vector_size(16)));
};

/// Rows of columns: [num_rows x num_groups] groups of four.
struct Columns {
  std::size_t num_groups = 0;
  std::vector<FourColumns> groups;

  [[nodiscard]] FourColumns* row(std::size_t index) { return groups.data() + index * num_groups; }
  [[nodiscard]] const FourColumns* row(std::size_t index) const {
    return groups.data() + index * num_groups;
  }
};

/// Weights of the network, lent by whoever has read them.
class ResidualNetwork {
 public:
  static constexpr std::size_t kEmbedding = 24;
  static constexpr std::size_t kNumHeads = 6;

  using Array = std::function<std::span<const float>(const std::string& name, std::size_t size)>;
  /// Takes    array  gives one array of the manifest
  ///          num_inputs  besides the embedding
  ResidualNetwork(const Array& array, std::size_t num_inputs, std::size_t num_tasks);

  /// Outputs after the sigmoid, one entry per column.
  ///
  /// Takes    columns  [num_columns x num_inputs] scaled inputs
  [[nodiscard]] std::vector<std::array<float, kNumHeads>> run(
      std::size_t task_code, std::span<const std::vector<float>> columns) const;

 private:
  struct Affine {
    std::span<const float> weights;  // [num_rows x num_inputs]
    std::span<const float> bias;     // [num_rows]
  };
  struct Scaling {  // a batch normalisation in use
    std::vector<float> factor;
    std::vector<float> shift;
  };
  struct Block {
    Scaling norm;
    Affine widen;
    Affine narrow;
  };

  static Affine affine_of(const Array& array, const std::string& name, std::size_t rows,
                          std::size_t inputs);
  static Scaling scaling_of(const Array& array, const std::string& name);
  static Columns multiply(const Affine& affine, const Columns& inputs);
  static Columns scale(const Scaling& scaling, const Columns& inputs);
  [[nodiscard]] Columns first_inputs(std::size_t task_code,
                                     std::span<const std::vector<float>> columns) const;

  std::span<const float> embeddings_;
  Affine first_;
  std::vector<Block> blocks_;
  Scaling last_norm_;
  Affine head_;
};

}  // namespace wattune::recorded
