#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "wattune/base/ids.hpp"
#include "wattune/base/units.hpp"
#include "wattune/trial/event.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// A quality that was better than all before it, and what the study had drawn by then.
struct AnytimePoint {
  double joules = 0.0;  ///< Of the whole study: probe, failed trials and overhead are in it.
  double elapsed_s = 0.0;
  double quality = 0.0;  ///< The first objective, in its own direction.
  TrialId trial;
  double step = 0.0;
};

/// A point that nothing before it dominated.
struct AnytimeFrontPoint {
  double joules = 0.0;
  std::vector<double> losses;
};

/// Where another part of a study began.
struct AnytimeMark {
  double joules = 0.0;
  std::string name;  ///< "rung 1", "final training", "finalists", "resumed".
};

/// The best that a study knew of as its joules were spent: a fold of its events.
///
/// Every report of a feasible trial of the search counts, as a model that one could have kept.
class Anytime {
 public:
  /// `history` has taken the event in already.
  void apply(const trial::Event& event, const trial::History& history);

  [[nodiscard]] const std::vector<AnytimePoint>& points() const { return points_; }
  [[nodiscard]] const std::vector<AnytimeFrontPoint>& front_points() const { return front_points_; }
  [[nodiscard]] const std::vector<AnytimeMark>& marks() const { return marks_; }

 private:
  void on_report(const trial::Reported& event, const trial::History& history);
  void on_assignment(const trial::Assignment& assignment, const trial::History& history);

  std::vector<AnytimePoint> points_;
  std::vector<AnytimeFrontPoint> front_points_;
  std::vector<std::vector<double>> front_;  // as it is now
  std::vector<AnytimeMark> marks_;
  std::set<std::string> begun_;
  bool has_session_ = false;
};

/// Best quality that was known by then; nothing before the first.
[[nodiscard]] std::optional<double> quality_at(std::span<const AnytimePoint> points, double joules);

/// Joules until the quality was at least as good; nothing where it never was.
[[nodiscard]] std::optional<double> joules_to(std::span<const AnytimePoint> points,
                                              trial::Direction direction, double quality);

/// Mean over a stretch of joules of the best quality so far; nothing where it begins before the
/// first or is empty.
[[nodiscard]] std::optional<double> mean_quality(std::span<const AnytimePoint> points, double from,
                                                 double to);

/// Joules, and the volume that the front dominates from then on.
using HypervolumeCurve = std::vector<std::pair<double, double>>;
[[nodiscard]] HypervolumeCurve hypervolume_curve(std::span<const AnytimeFrontPoint> points,
                                                 std::span<const double> reference);
[[nodiscard]] double hypervolume_at(const HypervolumeCurve& curve, double joules);

/// A reference point for several studies: of each objective the worst loss on any front, and a
/// tenth of the range beyond. Empty where there is no point.
[[nodiscard]] std::vector<double> reference_of(
    std::span<const std::span<const AnytimeFrontPoint>> studies);

}  // namespace wattune::report
