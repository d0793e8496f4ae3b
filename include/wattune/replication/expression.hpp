#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/replication/table.hpp"

namespace wattune::replication {

/// What a name in an expression stands for.
using Lookup = std::function<Cell(std::string_view name)>;

/// A formula over columns: `phase.inference.samples / phase.inference.energy_j * 3600`,
/// `parameter.lr <= 0.01 and outcome == 'completed'`.
///
/// Numbers, 'texts', names, + - * / ^, comparisons, `and`, `or`, `not`, and the functions abs, exp,
/// log, log2, log10, sqrt, min, max and missing. A name is made of letters, digits, `_`, `.` and
/// `-` in brackets: `groups[grid].mean`. What is computed from something missing is missing, and so
/// is a division by 0; only `missing(x)` sees it, and `or` and `and` where the other side decides.
class Expression {
 public:
  /// Errors   ConfigError  what is wrong, and at which letter
  explicit Expression(std::string_view text);

  [[nodiscard]] Cell evaluate(const Lookup& lookup) const;
  /// Is it a number other than 0? Missing is not.
  [[nodiscard]] bool holds(const Lookup& lookup) const;
  /// Names in the order in which they occur, each once.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const std::string& text() const { return text_; }

  struct Node;

 private:
  std::string text_;
  std::vector<std::string> names_;
  std::shared_ptr<const Node> root_;  // shared by copies; never changed
};

}  // namespace wattune::replication
