#pragma once

#include <compare>
#include <cstdint>

namespace wattune {

/// Number of a trial within its study: 0, 1, 2, ... in the order of creation.
class TrialId {
 public:
  constexpr TrialId() = default;
  constexpr explicit TrialId(std::uint32_t number) : number_(number) {}
  [[nodiscard]] constexpr std::uint32_t number() const { return number_; }
  constexpr auto operator<=>(const TrialId&) const = default;

 private:
  std::uint32_t number_ = 0;
};

}  // namespace wattune
