#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace wattune::train {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

}  // namespace wattune::train
