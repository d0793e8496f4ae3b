#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace wattune::train {

/// A matrix by its rows, without its zeros.
struct SparseMatrix {
  at::Tensor row_starts;  ///< [rows + 1] int32
  at::Tensor columns;     ///< [nonzero] int32
  at::Tensor values;      ///< [nonzero] float
};

[[nodiscard]] SparseMatrix to_sparse_matrix(const at::Tensor& dense);

/// A dense layer whose weights are mostly 0: x W^T + b.
///
/// Takes    x  [... x in] float; in is at least as large as every column of the weights says
/// Gives    [... x out]
/// Cost     2 x samples x nonzero operations, in blocks of samples that fit vector registers
[[nodiscard]] at::Tensor sparse_linear(const at::Tensor& x, const SparseMatrix& weight,
                                       const std::optional<at::Tensor>& bias);

}  // namespace wattune::train
