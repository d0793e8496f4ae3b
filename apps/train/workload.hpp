#pragma once

#include <memory>

#include "options.hpp"
#include "tasks/task.hpp"
#include "training/trainer.hpp"

namespace wattune::train {

/// A model and what it is to learn.
struct Workload {
  std::unique_ptr<Task> task;
  std::unique_ptr<Model> model;
};

/// Reads the data and builds the model that the options name, begun with `--init-from`.
///
/// Errors   UsageError  naming the option, or the file and what is wrong with it
Workload make_workload(const Options& options, std::uint64_t seed, at::Device device);

TrainerOptions to_trainer_options(const Options& options, std::uint64_t seed, at::Device device);

/// Errors   UsageError  a GPU is asked for and none is there, or a precision that the device lacks
at::Device chosen_device(DeviceChoice choice, Precision precision);

}  // namespace wattune::train
