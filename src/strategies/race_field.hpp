#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include "race_record.hpp"

namespace wattune::strategies {

/// Who is still in the race: a trial that very many others have beaten at the rung where it paused
/// is let go for good, and its checkpoint with it.
///
/// Beaten is who is not better in any loss, worse in one, and keeps the constraints no better. More
/// can only become ahead, so nobody who is let go comes back.
///
/// Cost     O(n) for each value, n values of its rung
class RaceField {
 public:
  /// Takes    most_ahead  how many may be ahead of a trial that stays
  explicit RaceField(std::size_t most_ahead) : most_ahead_(most_ahead) {}

  /// Takes    values  as in the last call, and perhaps more
  void update(const trial::Problem& problem, std::span<const CurveValue> values);

  [[nodiscard]] bool is_let_go(std::uint32_t trial) const;

 private:
  struct Stand {
    std::vector<double> losses;
    double violation = 0.0;
    std::size_t num_ahead = 0;
  };
  [[nodiscard]] static bool beats(const Stand& left, const Stand& right);

  std::size_t most_ahead_;
  std::vector<Stand> stands_;                           // of every value
  std::map<double, std::vector<std::size_t>> at_rung_;  // values, by their step
  std::vector<std::size_t> last_;                       // [trials] its last value
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
};

}  // namespace wattune::strategies
