#include "tactics/prune.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "tactics/tactic.hpp"

namespace wattune::train {
namespace {

std::vector<at::Tensor> weight_tensors(const torch::jit::Module& module) {
  std::vector<at::Tensor> weights;
  for (const at::Tensor& tensor : module.parameters()) {
    if (tensor.dim() >= 2 && tensor.is_floating_point()) weights.push_back(tensor.detach());
  }
  if (weights.empty()) {
    throw NotSupported(
        "pruning: the model has no weights among its parameters; perhaps it is frozen");
  }
  return weights;
}

std::int64_t share_of(std::int64_t count, double amount) {
  return std::llround(amount * static_cast<double>(count));
}

/// Places of the `count` smallest numbers; of equal ones some, so that the count is exact.
at::Tensor smallest(const at::Tensor& magnitudes, std::int64_t count) {
  return std::get<1>(at::topk(magnitudes, count, 0, false, false));
}

}  // namespace

std::int64_t prune_locally(torch::jit::Module& module, double amount) {
  const at::NoGradGuard no_grad;
  std::int64_t num_pruned = 0;
  for (at::Tensor weight : weight_tensors(module)) {
    const std::int64_t count = share_of(weight.numel(), amount);
    // A copy in any case: what is contiguous already would be written onto itself.
    at::Tensor flat = weight.clone(at::MemoryFormat::Contiguous).flatten();
    flat.index_fill_(0, smallest(flat.abs(), count), 0);
    weight.copy_(flat.view(weight.sizes()));
    num_pruned += count;
  }
  return num_pruned;
}

std::int64_t prune_globally(torch::jit::Module& module, double amount) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> weights = weight_tensors(module);
  std::vector<at::Tensor> pieces;
  for (const at::Tensor& weight : weights) pieces.push_back(weight.contiguous().flatten());
  at::Tensor all = at::cat(pieces);
  const std::int64_t count = share_of(all.numel(), amount);
  all.index_fill_(0, smallest(all.abs(), count), 0);
  std::int64_t first = 0;
  for (at::Tensor& weight : weights) {
    weight.copy_(all.narrow(0, first, weight.numel()).view(weight.sizes()));
    first += weight.numel();
  }
  return count;
}

}  // namespace wattune::train
