// A checkpoint file:
//
//   8 bytes   "WATTUNE1"
//   8 bytes   length L of the header, least significant byte first
//   L bytes   header: JSON {"meta": {...}, "tensors": [{"name", "type", "sizes"}, ...]}
//   then      the tensors' numbers in the header's order, as they lie in memory
//   4 bytes   CRC-32 of everything before, least significant byte first
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "models/named_tensor.hpp"

namespace wattune::train {

struct Checkpoint {
  nlohmann::json meta;
  std::vector<NamedTensor> tensors;
};

/// Writes a file that is either complete or absent: written beside, synchronised, renamed.
///
/// Errors   std::runtime_error  naming the file and the system's reason
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Errors   UsageError  missing, truncated, corrupt, or not a checkpoint; naming the file
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// Removes all but the `keep` checkpoints of the highest step from a trial's folder.
void remove_old_checkpoints(const std::filesystem::path& folder, std::size_t keep);

/// Name of the checkpoint at `step` in a trial's folder.
std::filesystem::path checkpoint_path(const std::filesystem::path& folder, std::int64_t step);

}  // namespace wattune::train
