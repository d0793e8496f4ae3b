#include "tactics/sparse_linear.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tactics/sparse_kernel.hpp"

namespace wattune::train {
namespace {

constexpr std::int64_t kFewSamples = 8;  ///< Below, a block would mostly be padding.

void multiply_blocks(const SparseRows& rows, const at::Tensor& x, at::Tensor& y) {
  const std::int64_t num_samples = x.size(0);
  const std::int64_t width = x.size(1);
  const auto* input = x.data_ptr<float>();
  auto* output = y.data_ptr<float>();
  const std::int64_t num_blocks = (num_samples + kSparseBlock - 1) / kSparseBlock;
  at::parallel_for(0, num_blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> block(static_cast<std::size_t>(width * kSparseBlock));
    std::vector<float> result(static_cast<std::size_t>(rows.count * kSparseBlock));
    for (std::int64_t b = begin; b < end; ++b) {
      const std::int64_t first = b * kSparseBlock;
      const std::int64_t count = std::min(kSparseBlock, num_samples - first);
      for (std::int64_t i = 0; i < width; ++i) {
        for (std::int64_t lane = 0; lane < count; ++lane) {
          block[static_cast<std::size_t>(i * kSparseBlock + lane)] =
              input[(first + lane) * width + i];
        }
      }
      multiply_block(rows, block.data(), result.data());
      std::copy_n(result.data(), count * rows.count, output + first * rows.count);
    }
  });
}

at::Tensor call_sparse_linear(const at::Tensor& x, const at::Tensor& row_starts,
                              const at::Tensor& columns, const at::Tensor& values,
                              const c10::optional<at::Tensor>& bias) {
  std::optional<at::Tensor> given;
  if (bias) given = *bias;
  return sparse_linear(x, {row_starts, columns, values}, given);
}

}  // namespace

SparseMatrix to_sparse_matrix(const at::Tensor& dense) {
  const at::Tensor matrix = dense.detach().contiguous();
  const at::Tensor places = matrix.nonzero();
  const at::Tensor counts = matrix.ne(0).sum(1);
  at::Tensor starts = at::zeros({matrix.size(0) + 1}, at::kLong);
  starts.narrow(0, 1, matrix.size(0)).copy_(counts.cumsum(0));
  return {.row_starts = starts.to(at::kInt),
          .columns = places.select(1, 1).to(at::kInt).contiguous(),
          .values = matrix.masked_select(matrix.ne(0)).contiguous()};
}

at::Tensor sparse_linear(const at::Tensor& x, const SparseMatrix& weight,
                         const std::optional<at::Tensor>& bias) {
  const at::Tensor samples = x.contiguous().view({-1, x.size(-1)});
  const at::Tensor added = bias ? bias->contiguous() : at::Tensor();
  const SparseRows rows{weight.row_starts.data_ptr<std::int32_t>(),
                        weight.columns.data_ptr<std::int32_t>(), weight.values.data_ptr<float>(),
                        bias ? added.data_ptr<float>() : nullptr, weight.row_starts.size(0) - 1};
  at::Tensor y = at::empty({samples.size(0), rows.count}, samples.options());
  if (samples.size(0) >= kFewSamples) {
    multiply_blocks(rows, samples, y);
  } else {
    for (std::int64_t i = 0; i < samples.size(0); ++i) {
      multiply_sample(rows, samples.data_ptr<float>() + i * samples.size(1),
                      y.data_ptr<float>() + i * rows.count);
    }
  }
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes.back() = rows.count;
  return y.view(sizes);
}

}  // namespace wattune::train

TORCH_LIBRARY(wattune, library) {
  library.def(
      "sparse_linear(Tensor x, Tensor row_starts, Tensor columns, Tensor values, Tensor? bias) -> "
      "Tensor");
}

TORCH_LIBRARY_IMPL(wattune, CPU, library) {
  library.impl("sparse_linear", wattune::train::call_sparse_linear);
}
