#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/units.hpp"
#include "wattune/recorded/recording.hpp"
#include "wattune/space/space.hpp"

namespace wattune::recorded {

/// Validation accuracy (in percent), cross-entropy and time of networks on 24 tasks after each of
/// 52 epochs: the surrogate that YAHPO Gym fitted to the real runs of LCBench.
///
/// Time never falls from one epoch to the next, which the surrogate does not promise; the energy is
/// derived from it at a constant power.
///
/// Threads  immutable; any number
/// Cost     about 50 us per epoch of a training
/// Source   Zimmer, Lindauer, Hutter, IEEE TPAMI 43(9), 2021, arXiv:2006.13799; surrogate:
///          Pfisterer et al., AutoML Conf. 2022, arXiv:2109.03670
class LcBench {
 public:
  static constexpr int kMaxEpoch = 52;

  /// Reads lcbench.json and lcbench.f32 and compares the golden evaluations.
  ///
  /// Errors   ConfigError  a file is missing or of another size, or an evaluation differs
  explicit LcBench(const std::filesystem::path& folder);
  ~LcBench();
  LcBench(const LcBench&) = delete;
  LcBench& operator=(const LcBench&) = delete;

  /// Names of the tasks, as in the manifest.
  [[nodiscard]] const std::vector<std::string>& tasks() const;
  /// Seven parameters, without the epoch, which is the resource.
  [[nodiscard]] const space::Space& space() const;

  struct Training {
    double accuracy_percent = 0.0;  ///< Of the validation data.
    Seconds time;                   ///< Of all epochs together.
  };
  /// One evaluation of the surrogate as it is.
  ///
  /// Takes    configuration  of `space()`
  [[nodiscard]] Training train(std::string_view task, const space::Configuration& configuration,
                               int epochs) const;

  /// The trainings of one task, with the metrics val_accuracy and val_cross_entropy at every epoch;
  /// the seed is of no consequence.
  ///
  /// Takes    space  of the study: at least the seven parameters, within the surrogate's ranges;
  ///                 others are ignored
  ///          power  of a training, at every moment
  /// Errors   ConfigError  an unknown task, a parameter that is missing or too wide
  [[nodiscard]] std::unique_ptr<RecordedTrainings> trainings(const std::string& task,
                                                             const space::Space& space,
                                                             Watts power = Watts{100.0}) const;

 private:
  class Network;
  class Trainings;
  std::shared_ptr<const Network> network_;  // owned by this object and its trainings
};

}  // namespace wattune::recorded
