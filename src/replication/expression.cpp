#include "wattune/replication/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::replication {

/// A constant, a name, or an operation on other nodes.
struct Expression::Node {
  using Operation = Cell (*)(const std::vector<Cell>& operands);

  Cell constant;
  std::string name;               ///< Empty for what is no name.
  Operation operation = nullptr;  ///< None for a constant or a name.
  std::vector<std::shared_ptr<const Node>> operands = {};

  [[nodiscard]] Cell value(const Lookup& lookup) const {
    if (!name.empty()) return lookup(name);
    if (operation == nullptr) return constant;
    std::vector<Cell> values;
    values.reserve(operands.size());
    for (const auto& operand : operands) values.push_back(operand->value(lookup));
    return operation(values);
  }
};

namespace {

using Node = Expression::Node;
using NodePointer = std::shared_ptr<const Node>;
using Operation = Node::Operation;
using Cells = std::vector<Cell>;

Cell finite(double number) {
  return cell_if(std::isfinite(number), number);
}

template <auto function>
Cell of_one(const Cells& cells) {
  const auto number = number_of(cells[0]);
  return number ? finite(function(*number)) : Cell{};
}

template <auto function>
Cell of_two(const Cells& cells) {
  const auto left = number_of(cells[0]);
  const auto right = number_of(cells[1]);
  return left && right ? finite(function(*left, *right)) : Cell{};
}

/// Texts are compared as well as numbers, one kind with itself.
template <auto function>
Cell compared(const Cells& cells) {
  if (cells[0].index() != cells[1].index() || is_missing(cells[0])) return {};
  return function(is_less(cells[0], cells[1]), is_less(cells[1], cells[0])) ? 1.0 : 0.0;
}

Cell both(const Cells& cells) {
  const auto left = number_of(cells[0]);
  const auto right = number_of(cells[1]);
  if (left == 0.0 || right == 0.0) return 0.0;
  return cell_if(left && right, 1.0);
}

Cell either(const Cells& cells) {
  const auto left = number_of(cells[0]);
  const auto right = number_of(cells[1]);
  if ((left && *left != 0.0) || (right && *right != 0.0)) return 1.0;
  return cell_if(left && right, 0.0);
}

Cell says_missing(const Cells& cells) {
  return is_missing(cells[0]) ? 1.0 : 0.0;
}

struct Function {
  std::string_view name;
  std::size_t num_operands;
  Operation operation;
};

constexpr std::array kFunctions{
    Function{"abs", 1, of_one<[](double x) { return std::abs(x); }>},
    Function{"exp", 1, of_one<[](double x) { return std::exp(x); }>},
    Function{"log", 1, of_one<[](double x) { return std::log(x); }>},
    Function{"log2", 1, of_one<[](double x) { return std::log2(x); }>},
    Function{"log10", 1, of_one<[](double x) { return std::log10(x); }>},
    Function{"sqrt", 1, of_one<[](double x) { return std::sqrt(x); }>},
    Function{"min", 2, of_two<[](double x, double y) { return std::min(x, y); }>},
    Function{"max", 2, of_two<[](double x, double y) { return std::max(x, y); }>},
    Function{"missing", 1, says_missing}};

struct Operator {
  std::string_view text;
  int level;  ///< What binds tighter has a higher one.
  Operation operation;
};

constexpr int kTightest = 5;
// Of two that begin alike the longer one comes first.
constexpr std::array kOperators{
    Operator{"or", 0, either},
    Operator{"and", 1, both},
    Operator{"==", 2, compared<[](bool less, bool more) { return !less && !more; }>},
    Operator{"!=", 2, compared<[](bool less, bool more) { return less || more; }>},
    Operator{"<=", 2, compared<[](bool, bool more) { return !more; }>},
    Operator{">=", 2, compared<[](bool less, bool) { return !less; }>},
    Operator{"<", 2, compared<[](bool less, bool) { return less; }>},
    Operator{">", 2, compared<[](bool, bool more) { return more; }>},
    Operator{"+", 3, of_two<[](double x, double y) { return x + y; }>},
    Operator{"-", 3, of_two<[](double x, double y) { return x - y; }>},
    Operator{"*", 4, of_two<[](double x, double y) { return x * y; }>},
    Operator{"/", 4, of_two<[](double x, double y) { return x / y; }>},
    Operator{"^", 5, of_two<[](double x, double y) { return std::pow(x, y); }>}};

constexpr Operation kNegation = of_one<[](double x) { return -x; }>;
constexpr Operation kNot = of_one<[](double x) { return x == 0.0 ? 1.0 : 0.0; }>;

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool is_name_part(char c) {
  return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.';
}

NodePointer constant(Cell cell) {
  return std::make_shared<Node>(Node{std::move(cell), {}});
}

NodePointer operation(Operation what, std::vector<NodePointer> operands) {
  return std::make_shared<Node>(Node{{}, {}, what, std::move(operands)});
}

/// Recursive descent; one level of operators after the other.
class Parser {
 public:
  Parser(std::string_view text, std::vector<std::string>& names) : text_(text), names_(names) {}

  NodePointer whole() {
    NodePointer node = operators(0);
    skip_blanks();
    if (at_ < text_.size()) refuse(fmt::format("`{}` is not understood", text_.substr(at_)));
    return node;
  }

 private:
  [[noreturn]] void refuse(const std::string& words) const {
    throw ConfigError(fmt::format("`{}`: {}, at letter {}", text_, words, at_ + 1));
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  bool take(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    if (is_letter(word.front()) && end < text_.size() && is_name_part(text_[end])) return false;
    at_ = end;
    return true;
  }

  const Operator* take_operator(int level) {
    for (const Operator& each : kOperators) {
      if (each.level == level && take(each.text)) return &each;
    }
    return nullptr;
  }

  NodePointer operators(int level) {
    if (level > kTightest) return operand();
    NodePointer left = operators(level + 1);
    while (const Operator* const found = take_operator(level)) {
      left = operation(found->operation, {left, operators(level + 1)});
    }
    return left;
  }

  NodePointer operand() {
    if (++depth_ > kDeepest) refuse("too many brackets");
    NodePointer node = any_operand();
    --depth_;
    return node;
  }

  NodePointer any_operand() {
    if (take("-")) return operation(kNegation, {operators(kTightest)});
    if (take("not")) return operation(kNot, {operators(2)});
    if (take("(")) {
      NodePointer inside = operators(0);
      if (!take(")")) refuse("`)` is missing");
      return inside;
    }
    skip_blanks();
    if (at_ == text_.size()) refuse("something is missing");
    const char first = text_[at_];
    if (first == '\'') return quoted();
    if (is_letter(first)) return named();
    return number();
  }

  NodePointer quoted() {
    const std::size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos) refuse("the text is not closed");
    std::string inside{text_.substr(at_ + 1, end - at_ - 1)};
    at_ = end + 1;
    return constant(std::move(inside));
  }

  NodePointer number() {
    double value = 0.0;
    const char* const begin = text_.data() + at_;
    const auto [stop, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) refuse(fmt::format("`{}` is not understood", text_[at_]));
    at_ += static_cast<std::size_t>(stop - begin);
    return constant(value);
  }

  std::string name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_name_part(text_[at_]) || text_[at_] == '[')) {
      if (text_[at_] == '[') {
        const std::size_t end = text_.find(']', at_);
        if (end == std::string_view::npos) refuse("`]` is missing");
        at_ = end;
      }
      ++at_;
    }
    return std::string{text_.substr(begin, at_ - begin)};
  }

  NodePointer named() {
    std::string word = name();
    if (take("(")) return call(word);
    if (std::ranges::find(names_, word) == names_.end()) names_.push_back(word);
    return std::make_shared<Node>(Node{{}, std::move(word)});
  }

  NodePointer call(const std::string& word) {
    const auto found = std::ranges::find(kFunctions, word, &Function::name);
    if (found == kFunctions.end()) {
      std::vector<std::string> known;
      for (const Function& each : kFunctions) known.emplace_back(each.name);
      refuse(fmt::format("unknown function `{}`; there are {}", word, join_names(known)));
    }
    std::vector<NodePointer> operands;
    do operands.push_back(operators(0));
    while (take(","));
    if (!take(")")) refuse("`)` is missing");
    if (operands.size() != found->num_operands) {
      refuse(fmt::format("`{}` takes {} value{}", word, found->num_operands,
                         found->num_operands == 1 ? "" : "s"));
    }
    return operation(found->operation, std::move(operands));
  }

  static constexpr int kDeepest = 50;

  std::string_view text_;
  std::vector<std::string>& names_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Expression::Expression(std::string_view text) : text_(text), root_(Parser{text_, names_}.whole()) {
}

Cell Expression::evaluate(const Lookup& lookup) const {
  return root_->value(lookup);
}

bool Expression::holds(const Lookup& lookup) const {
  const auto number = number_of(evaluate(lookup));
  return number && *number != 0.0;
}

}  // namespace wattune::replication
