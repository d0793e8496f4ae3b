#pragma once

#include <filesystem>

#include "wattune/config/yaml_reader.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::config {

/// `energy:`. Tables that it names are read; a relative name is resolved against `folder`.
trial::Tariff read_tariff(ReadContext& context, MapReader& study,
                          const std::filesystem::path& folder);

}  // namespace wattune::config
