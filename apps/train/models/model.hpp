#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/layers.hpp"
#include "models/named_tensor.hpp"
#include "models/parameters.hpp"

namespace wattune::train {

/// One of the things a model tells of a sample, such as its class.
struct Head {
  std::string name;
  std::int64_t size;  ///< Numbers it takes to tell it.
};

/// A function with parameters that are learnt.
///
/// Heads stand side by side in the last dimension of the output. Parameters begin as a function of
/// the seed alone. The forward pass bakes in no batch size, so that it can be recorded and used
/// with another.
class Model {
 public:
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  /// Takes    input  as the model's header says, in float32 or int64
  /// Gives    float32 [... x all heads]
  at::Tensor forward(const at::Tensor& input, bool is_training);

  /// What the model is, as JSON: equal texts are equal models but for their numbers.
  [[nodiscard]] virtual std::string description() const = 0;

  [[nodiscard]] Parameters& parameters() { return parameters_; }
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }
  /// Running statistics: state that is not trained.
  [[nodiscard]] const std::vector<NamedTensor>& buffers() const { return buffers_; }
  [[nodiscard]] Precision precision() const { return precision_; }
  /// Multiply-accumulates of matrix products and convolutions for one sample, forward.
  [[nodiscard]] std::int64_t macs() const { return macs_; }

  /// Where every forward pass adds the outputs of its activation functions; null for nowhere.
  void watch_activations(std::vector<at::Tensor>* seen) { activations_ = seen; }

 protected:
  Model() = default;

  /// Turns the plan into parameters and buffers; the last thing a constructor does.
  void build(const Planner& plan, const BuildOptions& options);

  /// Shows an activation to whoever watches.
  const at::Tensor& activated(const at::Tensor& x) const;

  [[nodiscard]] at::ScalarType compute_type() const;

 private:
  virtual at::Tensor compute(const at::Tensor& input, bool is_training) = 0;

  Parameters parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<at::Tensor>* activations_ = nullptr;
  Precision precision_ = Precision::Float32;
  std::int64_t macs_ = 0;
};

/// One dense layer per head, beside each other.
class Heads {
 public:
  void plan(Planner& planner, const std::vector<Head>& heads, std::int64_t features,
            const Bounds& bounds);
  [[nodiscard]] at::Tensor operator()(const at::Tensor& features) const;

 private:
  std::vector<Dense> layers_;
};

/// A list of heads in a model's description.
std::string to_json(const std::vector<Head>& heads);

}  // namespace wattune::train
