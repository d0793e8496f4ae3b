#pragma once

#include <filesystem>
#include <vector>

#include "models/named_tensor.hpp"

namespace wattune::train {

/// Parameters ("parameters.<name>") and buffers ("buffers.<name>") of a TorchScript file.
///
/// Errors   UsageError  the file cannot be read or is no TorchScript; naming it
std::vector<NamedTensor> read_scripted_tensors(const std::filesystem::path& path);

}  // namespace wattune::train
