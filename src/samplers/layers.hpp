#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace wattune::samplers {

/// Loss vectors of trials, by the trial's number.
class LossTable {
 public:
  explicit LossTable(std::size_t num_objectives) : num_objectives_(num_objectives) {}

  [[nodiscard]] std::size_t num_objectives() const { return num_objectives_; }
  [[nodiscard]] std::span<const double> operator[](std::uint32_t number) const {
    return std::span{losses_}.subspan(number * num_objectives_, num_objectives_);
  }
  void set(std::uint32_t number, std::span<const double> losses);

 private:
  std::size_t num_objectives_;
  std::vector<double> losses_;
};

/// Reference point for the hypervolume of a front: a tenth of each objective's range beyond its
/// worst. Requires one point.
[[nodiscard]] std::vector<double> reference_beyond(std::span<const std::vector<double>> points);

/// Trials sorted into fronts, kept sorted while trials come.
///
/// Cost     one objective: O(log n) per trial. Several: a new trial moves those it beats one front
///          back, front after front; a removal sorts all anew at the next question.
/// Source   Li, Deb, Zhang, Suganthan, Swarm Evol. Comput. 35, 2017 (efficient non-dominated level
///          update), doi:10.1016/j.swevo.2016.10.002
class Layers {
 public:
  explicit Layers(std::size_t num_objectives) : losses_(num_objectives) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  void insert(std::uint32_t number, std::span<const double> losses);
  void erase(std::uint32_t number);

  /// The `count` best, ascending by number: whole fronts, and of the front that is too large the
  /// points that add most hypervolume. With one objective the older of equal trials is better.
  [[nodiscard]] std::vector<std::uint32_t> best(std::size_t count);

 private:
  using Front = std::vector<std::uint32_t>;

  void sort_anew();
  void push_down(std::uint32_t number);
  [[nodiscard]] bool has_dominator(const Front& front, std::uint32_t number) const;
  /// `count` of the front, as seen from a reference point a little worse than its worst.
  [[nodiscard]] Front spread_out(Front front, std::size_t count);

  LossTable losses_;
  std::size_t size_ = 0;
  std::set<std::pair<double, std::uint32_t>> by_loss_;  // with one objective
  std::vector<Front> fronts_;                           // with several
  std::vector<std::uint32_t> waiting_;                  // not in a front yet
  bool must_sort_anew_ = false;
  Front last_front_;  // what spread_out was last asked, and its answer
  Front last_chosen_;
};

}  // namespace wattune::samplers
