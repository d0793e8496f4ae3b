#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wattune/base/random.hpp"
#include "wattune/base/result.hpp"
#include "wattune/space/configuration.hpp"
#include "wattune/space/parameter.hpp"

namespace wattune::space {

/// The parameters of a study, their conditions and what is forbidden: every configuration there is.
///
/// A configuration corresponds to a point of the unit cube with one coordinate per parameter,
/// whether active or not. Coordinate 0 is `low` and 1 is `high`, exactly; log domains are linear in
/// the logarithm; integers and choices own equal parts of [0, 1].
///
/// Threads  immutable; any number
class Space {
 public:
  /// Errors   ConfigError  a name twice, an empty or reversed domain, log with low <= 0, a default
  /// outside, a
  ///          condition on a missing or cyclic parent or on a value it cannot have
  explicit Space(std::vector<Parameter> parameters, std::vector<Forbidden> forbidden = {});

  [[nodiscard]] std::span<const Parameter> parameters() const { return parameters_; }
  [[nodiscard]] std::span<const Forbidden> forbidden() const { return forbidden_; }
  [[nodiscard]] std::size_t size() const { return parameters_.size(); }
  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view name) const;
  /// First parameter with the role.
  [[nodiscard]] std::optional<std::size_t> index_of(Role role) const;

  /// The configuration of all defaults, where every parameter that could be active has one and it
  /// is allowed.
  [[nodiscard]] std::optional<Configuration> default_configuration() const;

  /// Decodes a point; coordinates outside [0, 1] are clipped. Inactive parameters become Inactive.
  /// The result may be forbidden.
  ///
  /// Takes    point  [size()]
  [[nodiscard]] Configuration from_unit(std::span<const double> point) const;

  /// Encodes a configuration so that from_unit gives it back. Inactive parameters get their
  /// default's coordinate, or 0.5.
  [[nodiscard]] std::vector<double> to_unit(const Configuration& configuration) const;

  /// The value that a coordinate means for one parameter, as if it were active.
  [[nodiscard]] Value decode(std::size_t parameter_index, double coordinate) const;
  [[nodiscard]] double encode(std::size_t parameter_index, const Value& value) const;

  [[nodiscard]] bool is_forbidden(const Configuration& configuration) const;
  /// Every value in its domain, exactly the active parameters set, not forbidden.
  [[nodiscard]] bool contains(const Configuration& configuration) const;

  /// Uniform over the unit cube without what is forbidden.
  ///
  /// Errors   Ended  10,000 draws in a row were forbidden
  [[nodiscard]] Result<Configuration> sample(Rng& rng) const;

  /// How many values a parameter can take; nothing for a continuous one.
  [[nodiscard]] std::optional<std::size_t> num_values(std::size_t parameter_index) const;

  /// Replaces values of a configuration by name and settles activity anew.
  ///
  /// Errors   Invalid  an unknown name, a value outside its domain; names what is allowed
  [[nodiscard]] Result<Configuration> with(
      const Configuration& base, std::span<const std::pair<std::string, Choice>> changes) const;

  /// The value as the command line gets it; the empty string when inactive.
  [[nodiscard]] std::string value_text(std::size_t parameter_index, const Value& value) const;
  /// {"lr": 0.01, "optimizer": "sgd"}: active parameters only.
  [[nodiscard]] nlohmann::json to_json(const Configuration& configuration) const;
  /// Errors   Invalid  as `with`
  [[nodiscard]] Result<Configuration> from_json(const nlohmann::json& object) const;
  /// The parameter's value from a choice as written; nothing if outside the domain.
  [[nodiscard]] std::optional<Value> to_value(std::size_t parameter_index,
                                              const Choice& choice) const;

 private:
  [[nodiscard]] Configuration settle(std::vector<Value> values) const;

  std::vector<Parameter> parameters_;
  std::vector<Forbidden> forbidden_;
  std::vector<std::size_t> order_;  // parents before children
};

/// What a parameter may be, in words: "0.0001 to 0.1, log" or "sgd, adam".
[[nodiscard]] std::string allowed_text(const Parameter& parameter);

/// Description of a space for the event log, and back.
[[nodiscard]] nlohmann::json to_json(const Space& space);
[[nodiscard]] Result<Space> space_from_json(const nlohmann::json& document);

}  // namespace wattune::space
