#pragma once

#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <filesystem>
#include <optional>

#include "tactics/facts.hpp"

namespace wattune::train {

/// A TorchScript file in memory, in evaluation mode.
struct ScriptedModel {
  torch::jit::Module module;
  ModelFacts facts;  ///< What the file says of itself; nothing where others wrote it.
  std::uintmax_t file_bytes = 0;
};

/// Errors   UsageError  the file cannot be read or holds no TorchScript; the message says how one
/// is
///                      made
[[nodiscard]] ScriptedModel read_torchscript(const std::filesystem::path& path);

/// Writes a module and its facts; the file is complete whenever it exists.
///
/// Errors   std::runtime_error  naming the file
void write_torchscript(const std::filesystem::path& path, const torch::jit::Module& module,
                       const ModelFacts& facts);

/// Bytes of the module as a file; nothing where some of it has no written form, such as weights in
/// a library's own layout.
[[nodiscard]] std::optional<std::int64_t> bytes_as_file(const torch::jit::Module& module);

/// Numbers that were trained: the module's parameters, or where it has none, for it was frozen, the
/// constants of its code. Buffers, such as running statistics, are not counted.
struct ParameterCount {
  std::int64_t all = 0;
  std::int64_t nonzero = 0;
};
[[nodiscard]] ParameterCount count_parameters(const torch::jit::Module& module);

/// What LibTorch says went wrong, without the traceback behind it.
[[nodiscard]] std::string first_line(const std::exception& error);

}  // namespace wattune::train
