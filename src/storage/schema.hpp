#pragma once

#include <string>

namespace wattune::storage {

inline constexpr int kApplicationId = 0x57617474;  // "Watt", at byte 68 of every study
inline constexpr int kSchemaVersion = 1;

/// Everything that makes an empty SQLite file a study without events; docs/storage.md explains it.
[[nodiscard]] std::string schema_sql();

/// Replaces the views of a study by those of this program; the events stay as they are.
[[nodiscard]] std::string renewed_views_sql();

}  // namespace wattune::storage
