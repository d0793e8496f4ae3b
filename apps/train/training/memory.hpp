#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace wattune::train {

/// Most memory that this process has held at once: resident memory of the process for a CPU, what
/// LibTorch has taken from the GPU otherwise.
///
/// Gives    bytes; 0 where the system does not tell
std::int64_t peak_memory_bytes(at::Device device);

}  // namespace wattune::train
