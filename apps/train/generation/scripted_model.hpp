#pragma once

#include <filesystem>
#include <memory>

#include "generation/language_model.hpp"

namespace wattune::train {

/// A TorchScript function of [batch x context] tokens that gives [batch x context x vocabulary].
///
/// What it sees is filled up to `context`, for an exported function may take no other length. Its
/// tokens are taken for bytes.
///
/// Errors   UsageError  unreadable, no TorchScript, or the file does not tell context and
/// vocabulary
///                      as exports of this program do
std::unique_ptr<LanguageModel> open_scripted_model(const std::filesystem::path& path,
                                                   at::Device device);

}  // namespace wattune::train
