#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace wattune::space {

/// One value a categorical, ordinal or constant parameter can take, as the study file wrote it.
using Choice = std::variant<bool, std::int64_t, double, std::string>;

/// The choice as a command line shows it: true, 3, 0.5, adam.
[[nodiscard]] std::string to_text(const Choice& choice);

struct FloatDomain {
  double low = 0.0;
  double high = 1.0;
  bool log = false;
  std::optional<double> step;  ///< Values are low + k step; excludes log.
};

struct IntDomain {
  std::int64_t low = 0;
  std::int64_t high = 1;
  bool log = false;
  std::int64_t step = 1;  ///< Values are low + k step; 1 where log.
};

/// Values without order, or with one (`ordered`): models may use the order of an ordinal.
struct ChoiceDomain {
  std::vector<Choice> choices;
  bool ordered = false;
};

struct ConstantDomain {
  Choice value;
};

using Domain = std::variant<FloatDomain, IntDomain, ChoiceDomain, ConstantDomain>;

struct NumberRange {
  double low = 0.0;
  double high = 0.0;
};

/// The smallest and the largest value; nothing where a value is no number.
[[nodiscard]] std::optional<NumberRange> number_range(const Domain& domain);

/// What a parameter means to others than the program: batch size and learning rate to a strategy
/// that cares (SM2 does), the power limit to the runner, which sets it on the trial's GPUs, in
/// watts.
enum class Role : std::uint8_t { None, BatchSize, LearningRate, GpuPowerLimit };

enum class Comparison : std::uint8_t { In, Less, LessEqual, Greater, GreaterEqual };

/// A parameter is active only while another one is active and has such a value.
struct Condition {
  std::string parent;
  Comparison comparison = Comparison::In;
  std::vector<Choice> values;  ///< One number unless the comparison is In.
};

/// One knob of the program that is tuned.
struct Parameter {
  std::string name;
  Domain domain;
  std::optional<Choice> default_value;
  std::vector<Condition> when;  ///< All of them must hold.
  Role role = Role::None;
};

/// A combination that must not be tried: every named parameter has one of its listed values.
struct Forbidden {
  struct Clause {
    std::string parameter;
    std::vector<Choice> values;
  };
  std::vector<Clause> clauses;
};

}  // namespace wattune::space
