#include "data/text_corpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "errors.hpp"

namespace wattune::train {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
  throw UsageError(fmt::format("text {}: {}", path.string(), what));
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) fail(path, "no such file or folder");
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (!entry.is_symlink() && entry.is_regular_file()) files.push_back(entry.path());
  }
  if (files.empty()) fail(path, "a folder without a file");
  std::ranges::sort(files);
  return files;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path, std::strerror(errno));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (const std::size_t zero = text.find('\0'); zero != std::string::npos) {
    fail(path, fmt::format("not text: byte {} is 0", zero));
  }
  return text;
}

}  // namespace

TextCorpus read_text_corpus(const std::filesystem::path& path) {
  TextCorpus corpus;
  for (const std::filesystem::path& file : files_of(path)) {
    const std::string text = read_text(file);
    const std::size_t first_cut = text.size() * 8 / 10;
    const std::size_t second_cut = text.size() * 9 / 10;
    corpus.train += text.substr(0, first_cut);
    corpus.validation += text.substr(first_cut, second_cut - first_cut);
    corpus.test += text.substr(second_cut);
  }
  if (corpus.train.empty()) fail(path, "empty");
  return corpus;
}

}  // namespace wattune::train
