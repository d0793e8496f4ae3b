#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/ids.hpp"
#include "wattune/base/units.hpp"
#include "wattune/trial/event.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::report {

/// Whose habits are followed.
enum class CarbontrackerRelease : std::uint8_t {
  V1,  ///< v1.2.5: a sample every 10 s, PUE 1.55.
  V2,  ///< v2.0.0 and later: a sample every second, PUE 1.58.
};

struct CarbontrackerOptions {
  CarbontrackerRelease release = CarbontrackerRelease::V2;
  std::optional<double> pue;  ///< The release's where left out.
};

[[nodiscard]] double usual_pue(CarbontrackerRelease release);
[[nodiscard]] Seconds sampling_period(CarbontrackerRelease release);

/// What the trainings of a study would have cost by the books of Carbontracker: of every epoch the
/// mean of the sampled powers times its wall time, times a PUE. A figure of its own beside the
/// ledger, and never mixed with it.
///
/// A fold of the events. The power that is sampled is the mean of each window between two reports,
/// scaled to what the whole machine drew during the assignment, where that was recorded. Where the
/// resource does not count epochs a window counts as one.
///
/// Source   Anthony, Kanding, Selvan, 2020, arXiv:2007.03051; as read from the source of v1.2.5 and
///          v2.0.0
/// Differs  see `carbontracker_differences`
class Carbontracker {
 public:
  struct Sum {
    double joules = 0.0;  ///< Without PUE.
    std::size_t num_epochs = 0;
    std::size_t num_copied = 0;  ///< Epochs without a sample: they have their neighbour's power.
    std::size_t num_unseen = 0;  ///< Epochs of a training without any sample: not in the sum.
  };

  explicit Carbontracker(trial::ResourceUnit unit) : unit_(unit) {}

  void apply(const trial::Event& event);

  /// By stage. Nothing where energy of a training is missing.
  [[nodiscard]] std::optional<std::map<trial::Stage, Sum>> sums(CarbontrackerRelease release) const;
  /// Trainings for which the machine's own energy was not recorded: they count as they were
  /// charged.
  [[nodiscard]] std::size_t num_charged() const { return num_charged_; }

 private:
  struct Epoch {
    double duration_s = 0.0;
    double joules = 0.0;
  };
  struct Training {  // one assignment
    trial::Stage stage = trial::Stage::Exploration;
    std::vector<Epoch> windows;
    std::vector<std::size_t> epoch_of;  // [windows]
    double charged_j = 0.0;
    std::optional<double> node_j;
  };

  void on_window(TrialId trial, double step, Seconds duration, const EnergyFigure& energy);
  void end(const Training& training);
  void add(const Training& training, double scale, double period_s, Sum& sum) const;

  trial::ResourceUnit unit_;
  std::map<TrialId, Training> running_;
  std::array<std::map<trial::Stage, Sum>, 2> sums_;  // by release
  std::size_t num_charged_ = 0;
  bool is_missing_ = false;
};

/// The options as they are kept with every session, and back; nothing for null.
[[nodiscard]] nlohmann::json to_json(const std::optional<CarbontrackerOptions>& options);
[[nodiscard]] std::optional<CarbontrackerOptions> carbontracker_options_from(
    const nlohmann::json& document);

/// In words, one line each.
[[nodiscard]] std::vector<std::string> carbontracker_differences(
    const CarbontrackerOptions& options);

/// "carbontracker" of the report document.
[[nodiscard]] nlohmann::ordered_json carbontracker_json(const Carbontracker& account,
                                                        const CarbontrackerOptions& options);

}  // namespace wattune::report
