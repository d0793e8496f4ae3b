#include "tactics/sparse.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "tactics/dense_layers.hpp"
#include "tactics/sparse_linear.hpp"

namespace wattune::train {
namespace {

namespace jit = torch::jit;

constexpr int kTimings = 5;

/// Seconds of the fastest of a few calls, after one that does not count.
template <typename Call>
double fastest(Call call) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= kTimings; ++i) {
    const auto began = std::chrono::steady_clock::now();
    call();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (i > 0) best = std::min(best, took.count());
  }
  return best;
}

bool is_faster(const DenseLayer& layer, const SparseMatrix& sparse, std::int64_t num_samples) {
  const at::Tensor x = at::ones({num_samples, layer.weight.size(1)}, at::kFloat);
  c10::optional<at::Tensor> bias;
  if (layer.bias) bias = *layer.bias;
  const double dense_s = fastest([&] { at::linear(x, layer.weight, bias); });
  const double sparse_s = fastest([&] { static_cast<void>(sparse_linear(x, sparse, layer.bias)); });
  return sparse_s < dense_s;
}

void rewrite(const DenseLayer& layer, const SparseMatrix& sparse) {
  jit::Graph& graph = *layer.node->owningGraph();
  const jit::WithInsertPoint here(layer.node);
  const c10::IValue bias = layer.bias ? c10::IValue(layer.bias->detach()) : c10::IValue();
  replace_layer(
      layer, "wattune::sparse_linear",
      {layer.input(), graph.insertConstant(sparse.row_starts), graph.insertConstant(sparse.columns),
       graph.insertConstant(sparse.values), graph.insertConstant(bias)});
}

}  // namespace

SparseRewrite use_sparse_kernels(const jit::Module& module, const std::vector<c10::IValue>& example,
                                 SparsePolicy policy) {
  const at::NoGradGuard no_grad;
  SparseRewrite result{.module = freeze_only(module)};
  const std::int64_t num_samples = example.at(0).toTensor().size(0);
  for (const DenseLayer& layer : find_dense_layers(result.module)) {
    ++result.num_dense_layers;
    const SparseMatrix sparse = to_sparse_matrix(layer.weight);
    if (policy == SparsePolicy::WhereFaster && !is_faster(layer, sparse, num_samples)) continue;
    rewrite(layer, sparse);
    ++result.num_sparse;
  }
  clean_up(result.module);
  return result;
}

}  // namespace wattune::train
