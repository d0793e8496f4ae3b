#pragma once

#include <filesystem>
#include <string>

namespace wattune::train {

/// Text in three parts. Of every file the first 80 % are for training, the next 10 % for validation
/// and the last 10 % for the test, so that each part holds something of everything.
struct TextCorpus {
  std::string train;
  std::string validation;
  std::string test;
};

/// Reads a text file, or every file below a folder in the order of their paths. Symbolic links in a
/// folder are passed over, for what they name is mostly there already.
///
/// Errors   UsageError  missing, empty, no file in the folder, or a file with a zero byte, which
///                      no text has; the message names the file
TextCorpus read_text_corpus(const std::filesystem::path& path);

}  // namespace wattune::train
