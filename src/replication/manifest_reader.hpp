#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/config/yaml_reader.hpp"
#include "wattune/replication/kinds.hpp"
#include "wattune/replication/manifest.hpp"

namespace wattune::replication {

/// Reads a formula, or reports why it is none.
std::optional<Expression> read_expression(config::ReadContext& context,
                                          const config::YamlNode& node, std::string_view path);
/// A map of names to formulas.
std::vector<std::pair<std::string, Expression>> read_expressions(config::ReadContext& context,
                                                                 const config::YamlNode& node,
                                                                 std::string_view path);
/// One text, or a list of them.
std::vector<std::string> read_texts(config::ReadContext& context, const config::YamlNode& node,
                                    std::string_view path);

/// Reads experiments; one with a matrix becomes as many as its axes have combinations.
std::vector<Experiment> read_experiments(config::ReadContext& context,
                                         const config::YamlNode& node);

/// Which entry of a manifest a spec is.
enum class SpecSort : std::uint8_t { Analysis, Figure, Check };

/// What can be named in `of`.
struct TableNames {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> groups;  ///< And the tables that each stands for.
};

/// Reads analyses, figures or checks; the names of analyses are added to the known tables, so that
/// each can use those above it.
std::vector<Spec> read_specs(config::ReadContext& context, const config::YamlNode& node,
                             SpecSort sort, TableNames& tables);

}  // namespace wattune::replication
