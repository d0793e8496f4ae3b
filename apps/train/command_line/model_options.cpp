#include "command_line/model_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr const char* kImages = "/usr/share/datasets/fashion-mnist";

void declare_images(Declarer declare, Options& options, Scaling scaling) {
  options.data = kImages;
  options.heads = {"label"};
  options.scaling = scaling;
  declare.path("--data", options.data, "DIR",
               "folder of the four IDX files, gzipped or plain, or of the binary CIFAR-10",
               kImages);
  declare.names("--heads", options.heads,
                "what is told of an image, each by a head of its own: label, parity (of the "
                "label), brightness (quarter of the training images)");
  declare.choice<Scaling>("--scaling", options.scaling,
                          {{"standard", Scaling::Standard}, {"unit", Scaling::Unit}},
                          "pixels by mean and deviation of the training split, or in [0, 1]");
}

void declare_dropout(Declarer declare, Options& options, const std::string& what) {
  declare.real("--dropout", options.dropout, 0, true, 1, "probability of dropping " + what);
}

void declare_cnn(Declarer declare, Options& options) {
  declare_images(declare, options, Scaling::Standard);
  declare_dropout(declare, options, "an input of a dense layer");
  declare.integer("--blocks", options.blocks, 1, 6, "convolution blocks; each halves the image");
  declare.integer("--width", options.width, 1, 1024,
                  "channels of the first block; each further block has twice as many");
  declare.choice<std::int64_t>("--kernel", options.kernel, {{"1", 1}, {"3", 3}, {"5", 5}, {"7", 7}},
                               "side of the convolution kernels");
  declare.flag("--batch-norm", options.batch_norm, "batch normalisation in every block");
}

std::string take_widths(const std::string& value, std::vector<std::int64_t>& widths) {
  widths.clear();
  std::istringstream list(value);
  for (std::string item; std::getline(list, item, ',');) {
    const auto width = to_number<std::int64_t>(item);
    if (!width || *width < 1 || *width > 65'536) {
      widths.clear();
      break;
    }
    widths.push_back(*width);
  }
  return widths.empty() ? "widths from 1 to 65536 are needed, separated by commas" : "";
}

void declare_mlp(Declarer declare, Options& options) {
  declare_images(declare, options, Scaling::Standard);
  declare_dropout(declare, options, "an input of a dense layer");
  declare.text(
      "--hidden", "width of the hidden layers; or one width for each, as in 256,128",
      "INT[,INT...]",
      [&options](const std::string& value) { return take_widths(value, options.hidden); },
      fmt::format("{}", fmt::join(options.hidden, ",")));
  declare.integer("--depth", options.depth, 1, 64, "hidden layers, where --hidden is one width");
}

void declare_resnet(Declarer declare, Options& options) {
  declare_images(declare, options, Scaling::Standard);
  declare.integer("--width", options.width, 1, 1024,
                  "channels of the first stage; 64 is the published network");
}

/// The study that the three networks are from uses Adam and a constant rate.
void declare_green(Declarer declare, Options& options) {
  declare_images(declare, options, Scaling::Unit);
  options.optimizer.kind = OptimizerKind::Adam;
  options.learning_rate = 0.001;
  options.schedule = ScheduleKind::Constant;
  options.batch_size = 512;
  declare.integer("--layers", options.dense_layers, 1, 64, "dense layers, with the output");
}

void declare_simple_cnn(Declarer declare, Options& options) {
  declare_green(declare, options);
  declare.integer("--conv-layers", options.convolution_layers, 1, 6,
                  "convolution layers; each halves the image and triples the channels");
  declare.flag("--relu", options.has_relu, "ReLU after each convolution");
}

void declare_lstm(Declarer declare, Options& options) {
  options.heads = {"global_active_power"};
  options.width = 32;
  options.optimizer.kind = OptimizerKind::Adam;
  options.learning_rate = 0.003;
  declare.path("--data", options.data, "FILE",
               "CSV of UCI's household power consumption (';', '?' for missing)",
               "a SYNTHETIC series of the same columns, two years of minutes");
  declare.names("--heads", options.heads, "columns of which the next step is told");
  declare_dropout(declare, options, "a number between layers and before the output");
  declare.integer("--width", options.width, 1, 4096, "units of a layer");
  declare.integer("--depth", options.depth, 1, 16, "layers");
  declare.integer("--window", options.window, 1, 10'000, "steps in time that are looked at");
  declare.integer("--minutes-per-step", options.minutes_per_step, 1, 1440,
                  "lines of the file whose mean is one step");
}

void declare_transformer(Declarer declare, Options& options) {
  options.heads = {"next_token"};
  options.width = 64;
  options.depth = 2;
  options.optimizer.kind = OptimizerKind::AdamW;
  options.learning_rate = 0.003;
  options.batch_size = 32;
  declare.path("--data", options.data, "PATH", "text file, or folder of text files",
               "/usr/share/common-licenses");
  declare.names("--heads", options.heads, "next_token; there is no other");
  declare_dropout(declare, options, "a number of the embedding or of a block's branch");
  declare.integer("--width", options.width, 1, 8192, "numbers per token");
  declare.integer("--depth", options.depth, 1, 64, "blocks");
  declare.integer("--attention-heads", options.attention_heads, 1, 64, "attention heads");
  declare.integer("--context", options.context, 1, 8192, "tokens of a sample");
  declare.integer("--vocabulary", options.vocabulary, 256, 65'536,
                  "tokens: 256 are the bytes; more are learnt as byte pairs");
}

void check_depth(Options& options) {
  const auto depth = static_cast<std::size_t>(options.depth);
  if (options.hidden.size() > 1 && depth != 1 && depth != options.hidden.size()) {
    throw UsageError(fmt::format("--depth: '{}' is not allowed; --hidden names {} layers", depth,
                                 options.hidden.size()));
  }
  if (options.hidden.size() == 1) options.hidden.resize(depth, options.hidden.front());
}

bool has_batch_norm(const Options& options) {
  return options.model == ModelKind::ResNet18 || options.model == ModelKind::SimpleCnn ||
         (options.model == ModelKind::Cnn && options.batch_norm);
}

}  // namespace

const std::vector<ModelEntry>& model_entries() {
  static const std::vector<ModelEntry> entries{
      {ModelKind::Mlp, "mlp", "multi-layer perceptron for images", declare_mlp},
      {ModelKind::Cnn, "cnn", "convolutional network for images", declare_cnn},
      {ModelKind::ResNet18, "resnet18", "ResNet-18 for small images", declare_resnet},
      {ModelKind::Lstm, "lstm", "recurrent network for a power series", declare_lstm},
      {ModelKind::Transformer, "transformer", "language model for text", declare_transformer},
      {ModelKind::DensePoly, "dense-poly", "dense network, each layer half as wide", declare_green},
      {ModelKind::DenseLinear, "dense-linear", "dense network, widths that fall evenly",
       declare_green},
      {ModelKind::SimpleCnn, "simple-cnn", "convolutions, then the layers of dense-poly",
       declare_simple_cnn}};
  return entries;
}

void check_together(Options& options) {
  if (options.model == ModelKind::Mlp) check_depth(options);
  if (options.optimizer.nesterov && options.optimizer.kind == OptimizerKind::Sgd &&
      options.optimizer.momentum == 0) {
    throw UsageError("--nesterov: 'true' is not allowed; it needs a --momentum above 0");
  }
  if (has_batch_norm(options) && options.batch_size == 1) {
    throw UsageError(
        "--batch-size: '1' is not allowed; with batch normalisation at least 2 is needed");
  }
  if (options.model == ModelKind::Transformer && options.width % options.attention_heads != 0) {
    throw UsageError(
        fmt::format("--attention-heads: '{}' is not allowed; it must divide --width {}",
                    options.attention_heads, options.width));
  }
  if (options.sparsity_penalty &&
      (options.model == ModelKind::DensePoly || options.model == ModelKind::DenseLinear ||
       options.model == ModelKind::Lstm ||
       (options.model == ModelKind::SimpleCnn && !options.has_relu))) {
    throw UsageError("--sparsity-penalty: this model has no activations that could be zero");
  }
}

}  // namespace wattune::train
