#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace wattune::cli {

/// How many columns a terminal shows of UTF-8 text; every character we print is one wide.
[[nodiscard]] std::size_t num_columns(const std::string& text);

/// The front of UTF-8 text that fits into so many columns.
[[nodiscard]] std::string cut_to(std::string text, std::size_t width);

/// Rows of text in columns that line up; the first row is the head. Numbers go right, words left.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head) : rows_{std::move(head)} {}

  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace wattune::cli
