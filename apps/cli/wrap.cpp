#include "wrap.hpp"

#include <algorithm>
#include <sstream>

#include "text_table.hpp"

namespace wattune::cli {
namespace {

constexpr std::size_t kWidth = 100;

}  // namespace

std::string wrapped(std::string front, const std::string& text, std::size_t indent) {
  std::string line = std::move(front);
  const std::size_t missing = indent - std::min(indent, num_columns(line));
  line.append(std::max<std::size_t>(missing, 1), ' ');
  std::string result;
  bool is_empty = true;
  std::istringstream words{text};
  for (std::string word; words >> word; is_empty = false) {
    if (!is_empty && num_columns(line) + 1 + num_columns(word) > kWidth) {
      result += line + "\n";
      line.assign(indent, ' ');
      is_empty = true;
    }
    line += (is_empty ? "" : " ") + word;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return result + line + "\n";
}

}  // namespace wattune::cli
