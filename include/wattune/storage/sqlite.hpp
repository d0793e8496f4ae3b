#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "wattune/storage/storage.hpp"

namespace wattune::storage {

enum class OpenMode : std::uint8_t {
  Read,    ///< Look at a study, while it is run or afterwards.
  Append,  ///< Run a study; the file is created if it does not exist.
};

struct SqliteOptions {
  OpenMode mode = OpenMode::Append;
  /// Appends survive the loss of power; else only that of the process: for what can be made again.
  bool survives_power_loss = true;
};

/// Opens the log of a study in an SQLite file; docs/storage.md draws its layout.
///
/// Whoever appends holds a lock beside the file until the object goes or its process ends, so that
/// a study is run by one engine only. Appends are on disk when they return.
///
/// Errors   NotFound    the file (to read) or its folder (to append) does not exist
///          Transient   another process runs this study; names it
///          Permission  this user may not read or write the file
///          Invalid     the file is damaged, foreign or of a newer version
/// Threads  one thread per object
[[nodiscard]] Result<std::unique_ptr<Storage>> open_sqlite(const std::filesystem::path& path,
                                                           const SqliteOptions& options);

}  // namespace wattune::storage
