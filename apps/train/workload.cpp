#include "workload.hpp"

#include <ATen/Context.h>

#include <optional>
#include <utility>

#include "errors.hpp"
#include "models/green_networks.hpp"
#include "models/image_network.hpp"
#include "models/lstm.hpp"
#include "models/resnet.hpp"
#include "models/transformer.hpp"
#include "tasks/classification.hpp"
#include "tasks/next_token.hpp"
#include "tasks/series_regression.hpp"
#include "training/saved_model.hpp"

namespace wattune::train {
namespace {

std::unique_ptr<Model> make_image_model(const Options& options, const ImageShape& image,
                                        const std::vector<Head>& heads, const BuildOptions& build) {
  const auto green = [&](GreenNetwork kind) {
    return make_green_network({.kind = kind,
                               .image = image,
                               .heads = heads,
                               .dense_layers = options.dense_layers,
                               .convolution_layers = options.convolution_layers,
                               .has_relu = options.has_relu},
                              build);
  };
  switch (options.model) {
    case ModelKind::ResNet18:
      return make_resnet18({.image = image, .heads = heads, .width = options.width}, build);
    case ModelKind::DensePoly:
      return green(GreenNetwork::DensePoly);
    case ModelKind::DenseLinear:
      return green(GreenNetwork::DenseLinear);
    case ModelKind::SimpleCnn:
      return green(GreenNetwork::SimpleCnn);
    default:
      break;
  }
  ImageNetworkShape shape{.image = image, .heads = heads, .dropout = options.dropout};
  if (options.model == ModelKind::Mlp) {
    shape.hidden = options.hidden;
  } else {
    for (std::int64_t block = 0; block < options.blocks; ++block) {
      shape.block_channels.push_back(options.width << block);
    }
    shape.kernel = options.kernel;
    shape.batch_norm = options.batch_norm;
  }
  return make_image_network(shape, build);
}

Workload make_image_workload(const Options& options, const BuildOptions& build) {
  auto task = std::make_unique<Classification>(ClassificationOptions{
      .folder = options.data.value(), .scaling = options.scaling, .heads = options.heads});
  auto model = make_image_model(options, task->data().shape, task->heads(), build);
  return {std::move(task), std::move(model)};
}

Workload make_series_workload(const Options& options, const BuildOptions& build) {
  auto task =
      std::make_unique<SeriesRegression>(SeriesOptions{.file = options.data,
                                                       .minutes_per_step = options.minutes_per_step,
                                                       .window = options.window,
                                                       .heads = options.heads});
  auto model = make_lstm({.features = task->num_features(),
                          .window = options.window,
                          .units = options.width,
                          .layers = options.depth,
                          .dropout = options.dropout,
                          .heads = task->heads()},
                         build);
  return {std::move(task), std::move(model)};
}

Workload make_text_workload(const Options& options, const BuildOptions& build) {
  NextTokenOptions text{
      .context = options.context, .vocabulary = options.vocabulary, .heads = options.heads};
  if (options.data) text.path = *options.data;
  auto task = std::make_unique<NextToken>(text);
  auto model = make_transformer({.vocabulary = task->tokenizer().vocabulary(),
                                 .context = options.context,
                                 .width = options.width,
                                 .layers = options.depth,
                                 .attention_heads = options.attention_heads,
                                 .dropout = options.dropout},
                                build);
  return {std::move(task), std::move(model)};
}

}  // namespace

Workload make_workload(const Options& options, std::uint64_t seed, at::Device device) {
  const BuildOptions build{
      .seed = seed, .device = device, .precision = options.precision, .frozen = options.frozen};
  Workload workload = options.model == ModelKind::Lstm ? make_series_workload(options, build)
                      : options.model == ModelKind::Transformer
                          ? make_text_workload(options, build)
                          : make_image_workload(options, build);
  if (options.init_from) init_from(*options.init_from, *workload.model);
  return workload;
}

TrainerOptions to_trainer_options(const Options& options, std::uint64_t seed, at::Device device) {
  TrainerOptions result;
  result.optimizer = options.optimizer;
  result.schedule = options.schedule;
  result.learning_rate = options.learning_rate;
  result.batch_size = options.batch_size;
  result.order = options.order;
  result.report_every_samples = options.report_every;
  result.validation_samples = options.validation_samples;
  result.inference_batch = options.inference_batch;
  result.stop = options.stop;
  if (options.sparsity_penalty) {
    result.sparsity = {.lambda = *options.sparsity_penalty, .sigma = options.sparsity_sigma};
  }
  result.seed = seed;
  result.device = device;
  return result;
}

at::Device chosen_device(DeviceChoice choice, Precision precision) {
  if (choice != DeviceChoice::Cpu && at::hasCUDA()) return at::Device(at::kCUDA, 0);
  if (choice == DeviceChoice::Cuda) {
    throw UsageError(
        "--device: 'cuda' is not allowed; no GPU that this LibTorch can use was found");
  }
#if defined(__x86_64__)
  if (precision == Precision::BFloat16 && __builtin_cpu_supports("avx512bf16") == 0) {
    throw UsageError("--precision: 'bfloat16' is not supported here; this CPU does not compute it");
  }
#endif
  return at::kCPU;
}

}  // namespace wattune::train
