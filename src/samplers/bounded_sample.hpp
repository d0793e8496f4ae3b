#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

namespace wattune::samplers {

/// A random sample of bounded size of a set of trials that come and go.
///
/// Each trial has a fixed random rank, and the sample is the first ranks of those present: it
/// depends on who is there, not on the order in which they came.
///
/// Cost     O(log n) per change
class BoundedSample {
 public:
  struct Change {
    std::optional<std::uint32_t> entered;
    std::optional<std::uint32_t> left;
  };

  explicit BoundedSample(std::size_t max_size) : max_size_(max_size) {}

  /// Both tell how the sample changed. Requires a trial that is not there, and one that is.
  [[nodiscard]] Change insert(std::uint32_t number);
  [[nodiscard]] Change erase(std::uint32_t number);

 private:
  using Ranked = std::pair<std::uint64_t, std::uint32_t>;

  std::size_t max_size_;
  std::set<Ranked> chosen_;
  std::set<Ranked> others_;
};

}  // namespace wattune::samplers
