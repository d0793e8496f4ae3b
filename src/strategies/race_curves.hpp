#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "race_tuning.hpp"
#include "samplers/curve_models.hpp"
#include "wattune/math/curve_process.hpp"

namespace wattune::strategies {

/// One measure of trainings as a process over configuration and resource, kept up to date while
/// values come.
///
/// Hyperparameters are fitted when the number of values has grown by a fifth, on the values of that
/// moment; in between the process grows by a row for each value. All of that follows from the order
/// of the values, so a new object that is given all at once becomes the same.
class RaceCurves {
 public:
  RaceCurves(math::CurveShape shape, samplers::CurveScale::Shape scale, const RaceTuning& tuning);

  /// A value's configuration as features, and where on its curve it is.
  void add(const Eigen::RowVectorXd& row, double place, double value);
  /// Brings the process up to date; nothing may be asked before, nor while there are no values.
  void update();

  [[nodiscard]] std::size_t num_values() const { return values_.size(); }
  [[nodiscard]] const math::CurveProcess& process() const { return *process_; }
  [[nodiscard]] double on_scale(double value) const { return (*scale_)(value); }
  /// The lowest of the values that count, without its noise, on the scale of the process.
  ///
  /// Takes    counts  for every value whether it does
  [[nodiscard]] std::optional<double> best(std::span<const char> counts) const;

 private:
  void refit(std::size_t num_first);
  [[nodiscard]] std::vector<std::size_t> thinned(std::size_t num_first,
                                                 const samplers::CurveScale& scale) const;
  [[nodiscard]] std::size_t last_fit_at(std::size_t num_values) const;

  math::CurveShape shape_;
  samplers::CurveScale::Shape scale_shape_;
  RaceTuning tuning_;
  std::vector<Eigen::RowVectorXd> rows_;
  std::vector<double> places_;
  std::vector<double> values_;
  std::size_t fitted_at_ = 0;            // values there were then
  std::vector<std::size_t> in_process_;  // values of the process, in its order
  std::optional<samplers::CurveScale> scale_;
  std::optional<math::CurveProcess> process_;
};

}  // namespace wattune::strategies
