#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "wattune/base/ids.hpp"
#include "wattune/trial/trial.hpp"

namespace wattune::runners {

/// Where the checkpoints of a study lie.
///
/// Threads  one thread
class CheckpointFiles {
 public:
  CheckpointFiles(const CheckpointFiles&) = delete;
  CheckpointFiles& operator=(const CheckpointFiles&) = delete;
  virtual ~CheckpointFiles() = default;

  /// Is there something a trial can go on from?
  [[nodiscard]] virtual bool exists(const std::string& path) const = 0;
  /// Bytes that a checkpoint of a trial takes; nothing where there is none that could be removed.
  [[nodiscard]] virtual std::optional<std::uintmax_t> size(TrialId trial,
                                                           const std::string& path) const = 0;
  /// Deletes a checkpoint. What lies outside the trial's folder is not ours and stays, and so do
  /// the files in it that Wattune writes itself.
  virtual void remove(TrialId trial, const std::string& path) = 0;

 protected:
  CheckpointFiles() = default;
};

/// Those of a local runner with the same `files_dir`.
[[nodiscard]] std::unique_ptr<CheckpointFiles> make_local_checkpoint_files(
    const std::filesystem::path& files_dir);

}  // namespace wattune::runners
