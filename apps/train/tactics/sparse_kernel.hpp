#pragma once

#include <cstdint>

namespace wattune::train {

/// A matrix by its rows, without its zeros, as the kernels read it.
struct SparseRows {
  const std::int32_t* starts;   ///< [count + 1]
  const std::int32_t* columns;  ///< [starts[count]]
  const float* values;          ///< alike
  const float* bias;            ///< [count], or null
  std::int64_t count;
};

inline constexpr std::int64_t kSparseBlock = 32;  ///< Samples at once.

/// Takes    block  [columns x kSparseBlock], one sample in each column
///          out    [kSparseBlock x rows.count]
void multiply_block(const SparseRows& rows, const float* block, float* out);

/// Takes    sample  [columns]
///          out     [rows.count]
void multiply_sample(const SparseRows& rows, const float* sample, float* out);

}  // namespace wattune::train
