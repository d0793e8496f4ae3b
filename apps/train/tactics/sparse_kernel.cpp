#include "tactics/sparse_kernel.hpp"

#include <array>
#include <cstddef>

// The loop over a block of samples is compiled for wide vectors too, and chosen when it runs.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WATTUNE_WIDE_VECTORS \
  __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define WATTUNE_WIDE_VECTORS
#endif

namespace wattune::train {

WATTUNE_WIDE_VECTORS void multiply_block(const SparseRows& rows, const float* block, float* out) {
  for (std::int64_t row = 0; row < rows.count; ++row) {
    std::array<float, kSparseBlock> sum{};
    sum.fill(rows.bias != nullptr ? rows.bias[row] : 0);
    for (std::int32_t i = rows.starts[row]; i < rows.starts[row + 1]; ++i) {
      const float value = rows.values[i];
      const float* column = block + std::int64_t{rows.columns[i]} * kSparseBlock;
      for (std::size_t lane = 0; lane < kSparseBlock; ++lane) sum[lane] += value * column[lane];
    }
    for (std::size_t lane = 0; lane < kSparseBlock; ++lane) {
      out[static_cast<std::int64_t>(lane) * rows.count + row] = sum[lane];
    }
  }
}

void multiply_sample(const SparseRows& rows, const float* sample, float* out) {
  for (std::int64_t row = 0; row < rows.count; ++row) {
    float sum = rows.bias != nullptr ? rows.bias[row] : 0;
    for (std::int32_t i = rows.starts[row]; i < rows.starts[row + 1]; ++i) {
      sum += rows.values[i] * sample[rows.columns[i]];
    }
    out[row] = sum;
  }
}

}  // namespace wattune::train
