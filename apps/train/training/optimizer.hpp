#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "models/parameters.hpp"

namespace wattune::train {

enum class OptimizerKind { Sgd, Adam, AdamW };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::Sgd;
  double momentum = 0.9;        ///< Of Sgd.
  bool nesterov = false;        ///< Of Sgd.
  double beta1 = 0.9;           ///< Of Adam and AdamW.
  double beta2 = 0.999;         ///< Of Adam and AdamW.
  double epsilon = 1e-8;        ///< Of Adam and AdamW.
  bool is_beta2_inert = false;  ///< beta2 is accepted, and 0.999 is used: as in a published study.
  double weight_decay = 0;
};

/// Moves flat parameters along flat gradients.
///
/// Every function of LibTorch's own optimisers that is used here gives the same numbers; the state
/// is a few tensors by name, which makes checkpoints exact and comparable.
///
/// Source   Sgd: Sutskever et al., ICML 2013. Adam: Kingma and Ba, ICLR 2015, arXiv:1412.6980.
///          AdamW: Loshchilov and Hutter, ICLR 2019, arXiv:1711.05101
class Optimizer {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer() = default;

  /// Takes    step  of the training, from 1
  virtual void step(std::int64_t step, double learning_rate) = 0;

  /// Tensors that a checkpoint must hold; writing into them restores the state.
  [[nodiscard]] virtual std::vector<NamedTensor> state() const = 0;

 protected:
  Optimizer() = default;
};

/// Takes    parameters  must outlive the optimiser
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options,
                                          FlatParameters& parameters);

}  // namespace wattune::train
