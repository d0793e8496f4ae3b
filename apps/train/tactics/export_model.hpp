#pragma once

#include <filesystem>

#include "models/model.hpp"
#include "tasks/task.hpp"

namespace wattune::train {

/// Writes a model as TorchScript (tactics/export.hpp), with what it takes as its task has it.
///
/// Takes    name  of the kind of model, as on the command line
/// Errors   std::runtime_error  the file cannot be written
void export_model(const std::filesystem::path& path, const std::string& name, Model& model,
                  const Task& task);

}  // namespace wattune::train
