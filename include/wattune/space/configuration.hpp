#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

#include <vector>

namespace wattune::space {

/// The parameter does not apply under its condition.
struct Inactive {
  auto operator<=>(const Inactive&) const = default;
};

/// Position in a parameter's list of choices.
struct ChoiceIndex {
  std::uint32_t index = 0;
  auto operator<=>(const ChoiceIndex&) const = default;
};

/// Value of one parameter: a float, an integer, a choice (constants are choice 0), or none.
using Value = std::variant<Inactive, double, std::int64_t, ChoiceIndex>;

/// One value per parameter of a space, in the order of its parameters.
class Configuration {
 public:
  Configuration() = default;
  explicit Configuration(std::vector<Value> values) : values_(std::move(values)) {
    values_.shrink_to_fit();
  }

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] const Value& operator[](std::size_t parameter_index) const {
    return values_[parameter_index];
  }
  [[nodiscard]] const std::vector<Value>& values() const { return values_; }
  [[nodiscard]] bool is_active(std::size_t parameter_index) const {
    return !std::holds_alternative<Inactive>(values_[parameter_index]);
  }
  auto operator<=>(const Configuration&) const = default;

 private:
  std::vector<Value> values_;
};

}  // namespace wattune::space
