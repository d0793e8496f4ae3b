#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "descriptor.hpp"
#include "wattune/base/ids.hpp"
#include "wattune/base/result.hpp"

namespace wattune::runners {

/// The folder of one trial: config.json, stdout.log, stderr.log and the program's checkpoints.
class TrialFolder {
 public:
  /// The folder's name below `files_dir`.
  [[nodiscard]] static std::string name_of(TrialId trial);
  /// What Wattune itself writes there.
  [[nodiscard]] static bool is_own_file(const std::filesystem::path& name);

  /// Makes it where it is missing, and opens its logs for appending.
  ///
  /// Errors   Permission  it cannot be written; names it
  [[nodiscard]] static Result<TrialFolder> open(const std::filesystem::path& files_dir,
                                                TrialId trial);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path config_path() const { return path_ / "config.json"; }
  [[nodiscard]] Result<void> write_config(const nlohmann::ordered_json& config) const;

  [[nodiscard]] const Descriptor& stdout_log() const { return stdout_log_; }
  [[nodiscard]] const Descriptor& stderr_log() const { return stderr_log_; }
  /// Bytes in both logs.
  [[nodiscard]] long long logged_bytes() const;
  /// The last 20 lines, at most 4 KiB, of what was written to stderr since `open`.
  [[nodiscard]] std::string stderr_tail() const;

 private:
  std::filesystem::path path_;
  Descriptor stdout_log_;
  Descriptor stderr_log_;
  long long stderr_start_ = 0;
};

}  // namespace wattune::runners
