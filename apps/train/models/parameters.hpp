#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/named_tensor.hpp"

namespace wattune::train {

enum class Precision { Float32, BFloat16 };

/// What every model is built with, whatever its shape.
struct BuildOptions {
  std::uint64_t seed = 1;
  at::Device device = at::kCPU;
  Precision precision = Precision::Float32;
  std::vector<std::string> frozen = {};  ///< Parts whose name begins like this are not trained.
};

/// One tensor of numbers that are learnt, before it has any.
struct ParameterPlan {
  at::Tensor* target;  ///< Where the model keeps its view.
  std::string name;    ///< Such as "block0.weight".
  std::vector<std::int64_t> sizes;
  double low, high;            ///< Of the uniform initial values.
  bool stays_float32 = false;  ///< Also where the model computes with fewer bits.
};

/// All trained parameters in one flat buffer and all gradients in another, so that an optimiser
/// step is a handful of operations however many layers there are.
struct FlatParameters {
  at::Tensor values;
  at::Tensor gradients;
};

/// The parameters of a model: flat float32 buffers of which layers hold views.
///
/// With fewer bits, layers hold views of a copy in that precision; `publish` fills it from the
/// float32 values and `collect_gradients` brings the gradients back, each in one operation. The
/// buffer's order is  trained float32 | trained lowered | frozen lowered | frozen float32.
///
/// Errors   UsageError  a frozen part that does not exist, or nothing left to train
class Parameters {
 public:
  Parameters() = default;
  Parameters(const std::vector<ParameterPlan>& plans, const BuildOptions& options);

  /// What the optimiser moves.
  [[nodiscard]] FlatParameters& trained() { return trained_; }

  /// Every parameter by name, frozen or not, as a float32 view that may be written to; call
  /// `publish` afterwards.
  [[nodiscard]] const std::vector<NamedTensor>& named() const { return named_; }

  /// The very tensors that the layers compute with, by the same names.
  [[nodiscard]] const std::vector<NamedTensor>& in_use() const { return in_use_; }

  /// Numbers, without the padding between tensors.
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] std::int64_t trained_count() const { return trained_count_; }

  void clear_gradients();
  void collect_gradients();
  void publish();

 private:
  at::Tensor values_;
  FlatParameters trained_;
  std::vector<NamedTensor> named_;
  std::vector<NamedTensor> in_use_;
  at::Tensor lowered_source_;     // of values_; undefined in float32
  at::Tensor lowered_values_;     // the copy
  at::Tensor lowered_gradients_;  // of the trained part of the copy
  at::Tensor lowered_target_;     // where they belong in trained_.gradients
  std::int64_t count_ = 0;
  std::int64_t trained_count_ = 0;
};

}  // namespace wattune::train
