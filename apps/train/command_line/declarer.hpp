#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace wattune::train {

/// The number that is all of the text.
template <typename Number>
std::optional<Number> to_number(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

/// Declares options on one CLI11 application, each with its check, its allowed values in the
/// message, and its default in the help.
class Declarer {
 public:
  explicit Declarer(CLI::App& app) : app_(app) {}

  /// Takes    take  uses the value and gives an empty text, or says what is allowed
  void text(const std::string& name, const std::string& what, const std::string& type,
            std::function<std::string(const std::string&)> take,
            const std::string& by_default = "");

  void integer(const std::string& name, std::int64_t& target, std::int64_t low, std::int64_t high,
               const std::string& what);

  /// A number in (low, high), or in [low, high) where `takes_low`.
  void real(const std::string& name, double& target, double low, bool takes_low, double high,
            const std::string& what);

  template <typename Value>
  void choice(const std::string& name, Value& target,
              const std::vector<std::pair<std::string, Value>>& choices, const std::string& what) {
    std::vector<std::string> names;
    std::string by_default;
    for (const auto& [word, value] : choices) {
      names.push_back(word);
      if (value == target && by_default.empty()) by_default = word;
    }
    text(
        name, what, fmt::format("{}", fmt::join(names, "|")),
        [&target, choices, names](const std::string& value) {
          const auto found =
              std::ranges::find(choices, value, &std::pair<std::string, Value>::first);
          if (found == choices.end()) return fmt::format("allowed: {}", fmt::join(names, ", "));
          target = found->second;
          return std::string();
        },
        by_default);
  }

  void flag(const std::string& name, bool& target, const std::string& what);

  /// Names, separated by commas.
  void names(const std::string& name, std::vector<std::string>& target, const std::string& what);

  template <typename Path>
  void path(const std::string& name, Path& target, const std::string& type, const std::string& what,
            const std::string& by_default = "") {
    text(
        name, what, type,
        [&target](const std::string& value) {
          target = value;
          return std::string();
        },
        by_default);
  }

 private:
  CLI::App& app_;
};

}  // namespace wattune::train
