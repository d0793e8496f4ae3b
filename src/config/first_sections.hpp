#pragma once

#include <optional>
#include <vector>

#include "wattune/config/study_file.hpp"
#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// Reads `try_first`: configurations that are tried before the sampler is asked. What an item
/// leaves out takes its default.
std::vector<space::Configuration> read_try_first(ReadContext& context, const MapReader& study,
                                                 const space::Space& space);

/// Reads `warm_start`. A relative path counts from the study file's folder.
std::optional<WarmStartSection> read_warm_start(ReadContext& context, const MapReader& study,
                                                const std::filesystem::path& folder);

}  // namespace wattune::config
