#include "small_file.hpp"

#include <fmt/format.h>

#include <charconv>

namespace wattune::energy {

Result<std::string> read_word(const std::filesystem::path& path) {
  return read_small_file(path).map([](std::string text) {
    const auto last = text.find_last_not_of(" \t\r\n");
    text.resize(last == std::string::npos ? 0 : last + 1);
    return text;
  });
}

Result<std::uint64_t> read_number(const std::filesystem::path& path) {
  const Result<std::string> word = read_word(path);
  if (!word) return tl::unexpected(word.error());
  std::string_view rest = *word;
  const std::optional<std::uint64_t> number = take_number(rest);
  if (!number || !rest.empty()) {
    return fail(ErrorKind::Transient,
                fmt::format("{}: \"{}\" is not a number", path.string(), *word));
  }
  return *number;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + first, text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace wattune::energy
