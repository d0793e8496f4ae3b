#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "models/model.hpp"
#include "tasks/task.hpp"
#include "training/checkpoint.hpp"

namespace wattune::train {

/// Everything a model has learnt: parameters as "parameters.<name>", statistics as
/// "buffers.<name>". Writing into them, and then `publish`, changes the model.
std::vector<NamedTensor> learnt_tensors(const Model& model);

/// What a model is and what is needed beside it to use it.
nlohmann::json model_facts(const Model& model, const Task& task);

/// Writes a model alone, as a checkpoint without the state of a training.
///
/// Errors   std::runtime_error  naming the file and the system's reason
void save_model(const std::filesystem::path& path, const Model& model, const Task& task);

/// Does the file begin as those of TorchScript do?
bool is_torchscript(const std::filesystem::path& path);

/// How much of a model another one could be begun with.
struct Initialised {
  std::size_t taken = 0;  ///< Tensors.
  std::size_t left = 0;   ///< Tensors of the model that the file has not, or in another size.
};

/// Begins a model with the parameters and statistics of a checkpoint, a saved model or a
/// TorchScript file, wherever name and size are the same; the rest keeps its random numbers.
///
/// Errors   UsageError  unreadable, or nothing in it fits
Initialised init_from(const std::filesystem::path& path, Model& model);

}  // namespace wattune::train
