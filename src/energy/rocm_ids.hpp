#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace wattune::energy {

/// What ROCR_VISIBLE_DEVICES takes for AMD's GPUs, by PCI address: "GPU-" and the number that is
/// burnt into the GPU, in 16 hexadecimal digits, or its place among the nodes of the compute driver
/// where it has no such number. One whose partitions are nodes of their own has all their places.
///
/// Source   ROCR-Runtime, core/runtime/amd_filter_device.cpp; ROCm, "GPU isolation techniques"
[[nodiscard]] std::map<std::string, std::string> read_rocm_ids(
    const std::filesystem::path& sysfs_root);

}  // namespace wattune::energy
