#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace wattune::replication {

/// What is written behind a key.
enum class OptionType : std::uint8_t {
  Text,
  Number,
  Flag,
  Texts,        ///< One text, or a list of them.
  Expression,   ///< A formula over columns, or over the cells of analyses.
  Expressions,  ///< A map of names to formulas.
};

/// A key of a kind of analysis, figure or check.
struct KindKey {
  std::string_view key;
  OptionType type = OptionType::Text;
  bool is_required = false;
};

/// A kind of analysis, figure or check by its name in a manifest.
struct Kind {
  std::string_view name;
  std::string_view about;
  std::vector<KindKey> keys;
  bool needs_rows = true;  ///< Works on tables named in `of`.
};

/// Everything that a manifest may ask for; docs/studies.md describes it.
[[nodiscard]] std::span<const Kind> analysis_kinds();
[[nodiscard]] std::span<const Kind> figure_kinds();
[[nodiscard]] std::span<const Kind> check_kinds();

}  // namespace wattune::replication
