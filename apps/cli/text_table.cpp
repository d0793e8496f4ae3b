#include "text_table.hpp"

#include <algorithm>
#include <cctype>

namespace wattune::cli {
namespace {

bool is_number(const std::string& cell) {
  return !cell.empty() && (std::isdigit(static_cast<unsigned char>(cell.front())) != 0 ||
                           (cell.size() > 1 && cell.front() == '-'));
}

}  // namespace

std::size_t num_columns(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::string cut_to(std::string text, std::size_t width) {
  while (num_columns(text) > width) {
    while ((static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.pop_back();
    text.pop_back();
  }
  return text;
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  std::vector<bool> is_right(widths.size(), true);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < widths.size(); ++c) {
      widths[c] = std::max(widths[c], num_columns(rows_[r][c]));
      const bool is_word = r > 0 && !is_number(rows_[r][c]) && rows_[r][c] != "–";
      if (is_word) is_right[c] = false;
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const std::string gap(widths[c] - num_columns(row[c]), ' ');
      line += (c > 0 ? "  " : "") + (is_right[c] ? gap + row[c] : row[c] + gap);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace wattune::cli
