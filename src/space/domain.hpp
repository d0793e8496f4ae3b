#pragma once

#include <optional>
#include <string>

#include "wattune/space/configuration.hpp"
#include "wattune/space/parameter.hpp"

namespace wattune::space {

/// What one domain means, without conditions: the unit interval, membership, words.
///
/// All four take a domain that `check_domain` has accepted.
[[nodiscard]] Value decode_domain(const Domain& domain, double coordinate);
[[nodiscard]] double encode_domain(const Domain& domain, const Value& value);
[[nodiscard]] std::optional<Value> value_of_choice(const Domain& domain, const Choice& choice);
[[nodiscard]] Choice choice_of_value(const Domain& domain, const Value& value);
[[nodiscard]] std::optional<std::size_t> count_values(const Domain& domain);
/// The value as a number, for comparisons; nothing for words.
[[nodiscard]] std::optional<double> number_of(const Choice& choice);

/// Errors   ConfigError  naming the parameter, the value and what is allowed
void check_domain(const std::string& name, const Domain& domain);

}  // namespace wattune::space
