#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace wattune::runners {

/// Cuts a stream of bytes into lines and keeps an unfinished one for later.
class LineSplitter {
 public:
  /// Of a longer line only the first `max_bytes` + 1 are kept.
  explicit LineSplitter(std::size_t max_bytes, bool carriage_return_ends = false)
      : max_bytes_(max_bytes), carriage_return_ends_(carriage_return_ends) {}

  /// Calls `use(line)` for every line that is complete now, until it returns false.
  template <typename Use>
  void push(std::string_view bytes, Use use) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find_first_of(carriage_return_ends_ ? "\r\n" : "\n");
      const std::string_view part = bytes.substr(0, end);
      rest_ += part.substr(0, max_bytes_ + 1 - std::min(rest_.size(), max_bytes_ + 1));
      if (end == std::string_view::npos) return;
      bytes.remove_prefix(end + 1);
      const std::string line = std::exchange(rest_, std::string());
      if (!use(std::string_view(line))) return;
    }
  }

  /// What came after the last end of line.
  [[nodiscard]] std::string take_rest() { return std::exchange(rest_, std::string()); }
  /// Whether the unfinished line is already too long.
  [[nodiscard]] bool is_too_long() const { return rest_.size() > max_bytes_; }

 private:
  std::size_t max_bytes_;
  bool carriage_return_ends_;
  std::string rest_;
};

}  // namespace wattune::runners
