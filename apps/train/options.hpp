#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/data_order.hpp"
#include "data/image_data.hpp"
#include "models/parameters.hpp"
#include "training/optimizer.hpp"
#include "training/schedule.hpp"
#include "training/stop_rules.hpp"

namespace wattune::train {

enum class ModelKind { Mlp, Cnn, ResNet18, Lstm, Transformer, DensePoly, DenseLinear, SimpleCnn };
enum class DeviceChoice { Auto, Cpu, Cuda };

/// What the command line says, checked.
struct Options {
  ModelKind model = ModelKind::Cnn;
  std::optional<std::filesystem::path> data;  ///< Absent: the model's own default.
  std::vector<std::string> heads;             ///< Empty: the task's first one.
  Scaling scaling = Scaling::Standard;

  std::int64_t blocks = 2;
  std::int64_t width = 16;
  std::int64_t kernel = 3;
  bool batch_norm = false;
  std::vector<std::int64_t> hidden = {128};
  std::int64_t depth = 1;
  double dropout = 0;
  std::int64_t dense_layers = 3;
  std::int64_t convolution_layers = 2;
  bool has_relu = true;
  std::int64_t window = 24;
  std::int64_t minutes_per_step = 60;
  std::int64_t context = 64;
  std::int64_t attention_heads = 4;
  std::int64_t vocabulary = 256;

  OptimizerOptions optimizer;
  double learning_rate = 0.05;
  ScheduleKind schedule = ScheduleKind::Cosine;
  std::int64_t batch_size = 64;
  OrderKind order = OrderKind::Shuffled;
  Precision precision = Precision::Float32;
  std::vector<std::string> frozen;
  std::optional<std::filesystem::path> init_from;
  std::optional<double> sparsity_penalty;
  double sparsity_sigma = 1e-4;
  StopOptions stop;

  std::int64_t epochs = 4;
  std::int64_t report_every = 0;  ///< Samples; 0 is once an epoch.
  std::int64_t validation_samples = 10'000;
  std::int64_t inference_batch = 256;
  std::optional<std::uint64_t> seed;
  std::int64_t threads = 0;  ///< 0 leaves the choice to OMP_NUM_THREADS or the machine.
  DeviceChoice device = DeviceChoice::Auto;
  std::optional<std::filesystem::path> checkpoint_dir;
  std::optional<std::filesystem::path> resume;
  std::optional<std::filesystem::path> save;
  std::optional<std::filesystem::path> export_to;
};

/// Reads the command line.
///
/// Gives    nothing where help was asked for; it has been written to `help`
/// Errors   UsageError  naming option, value and what is allowed
std::optional<Options> parse_options(std::vector<std::string> arguments, std::string& help);

}  // namespace wattune::train
