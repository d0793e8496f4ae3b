#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "optimizer.hpp"
#include "schedule.hpp"

namespace wattune::train {

enum class Model { Mlp, Cnn };
enum class DeviceChoice { Auto, Cpu, Cuda };

/// What the command line says, checked.
struct Options {
  Model model = Model::Cnn;
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";

  std::int64_t blocks = 2;
  std::int64_t width = 16;
  std::int64_t kernel = 3;
  bool batch_norm = false;
  std::vector<std::int64_t> hidden = {128};
  std::int64_t depth = 1;
  double dropout = 0;

  OptimizerOptions optimizer;
  double learning_rate = 0.05;
  ScheduleKind schedule = ScheduleKind::Cosine;
  std::int64_t batch_size = 64;

  std::int64_t epochs = 4;
  std::int64_t report_every = 0;  ///< Samples; 0 is once an epoch.
  std::int64_t validation_samples = 10'000;
  std::int64_t inference_batch = 256;
  std::optional<std::uint64_t> seed;
  std::int64_t threads = 0;  ///< 0 leaves the choice to OMP_NUM_THREADS or the machine.
  DeviceChoice device = DeviceChoice::Auto;
  std::optional<std::filesystem::path> checkpoint_dir;
  std::optional<std::filesystem::path> resume;
};

/// Reads the command line.
///
/// An option whose value is empty (`--momentum=`) keeps its default: so a study file can pass a
/// parameter that is not active in every configuration.
///
/// Gives    nothing where help was asked for; it has been written to `help`
/// Errors   UsageError  naming option, value and what is allowed
std::optional<Options> parse_options(std::vector<std::string> arguments, std::string& help);

}  // namespace wattune::train
