#pragma once

#include <string>
#include <vector>

namespace wattune::cli {

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
