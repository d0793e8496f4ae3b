#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace wattune::train {

struct Batch {
  at::Tensor input;   ///< What the model is given.
  at::Tensor target;  ///< What it should tell, as the task's loss wants it.
};

/// Samples of one split, made ready for the model in buffers that are used again and again.
class BatchSource {
 public:
  BatchSource(const BatchSource&) = delete;
  BatchSource& operator=(const BatchSource&) = delete;
  virtual ~BatchSource() = default;

  [[nodiscard]] virtual std::int64_t size() const = 0;

  /// The samples named by `indices` [batch] int64, on the source's device. Valid until the next
  /// call.
  virtual Batch gather(const at::Tensor& indices) = 0;

  /// Samples [first, first + count) of the split. Valid until the next call.
  virtual Batch slice(std::int64_t first, std::int64_t count) = 0;

 protected:
  BatchSource() = default;
};

}  // namespace wattune::train
