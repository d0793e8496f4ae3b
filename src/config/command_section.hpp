#pragma once

#include <vector>

#include "wattune/config/study_file.hpp"
#include "wattune/config/yaml_reader.hpp"

namespace wattune::config {

/// Reads `command:`, a list of words or a text that is split into words.
std::vector<CommandWord> read_command(ReadContext& context, MapReader& study);

/// Compares the placeholders of the command with the parameters.
///
/// An unmodified program (`has_capture`) learns of a parameter from its command alone, so one that
/// the command leaves out is worth a warning.
void check_placeholders(ReadContext& context, MapReader& study,
                        const std::vector<CommandWord>& command, bool has_capture);

}  // namespace wattune::config
