#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wattune::config {

/// One key that a map of a study file may hold.
struct SchemaKey {
  std::string_view section;  ///< Kind of map: "study", "parameter.float", "runner", ...
  std::string_view key;
  std::string_view type;      ///< As the manual shows it.
  std::string_view fallback;  ///< The default as the manual shows it; "required" where none.
};

/// Every key of every section: the reader accepts these and no others, and docs/study-file.md
/// describes them.
[[nodiscard]] std::span<const SchemaKey> schema();

[[nodiscard]] std::vector<std::string> keys_of(std::string_view section);

/// The key that another common word stands for: "choices" for "values".
[[nodiscard]] std::optional<std::string> key_meant_by(std::string_view section,
                                                      std::string_view word);

}  // namespace wattune::config
