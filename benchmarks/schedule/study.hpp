#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wattune/config/study_file.hpp"
#include "wattune/recorded/recording.hpp"
#include "wattune/strategies/strategy.hpp"
#include "wattune/study/study.hpp"

namespace wattune::bench {

/// What a study file of the bench says besides its parameters.
struct StudyWords {
  std::string strategy;  ///< A name of the command line.
  std::string objectives = "[{maximize: val_accuracy}]";
  std::optional<double> max_epochs = {};  ///< None: programs run as a whole.
  std::optional<Joules> energy_budget = {};
  std::optional<std::size_t> trial_budget = {};
  std::uint64_t seed = 1;
};

/// The study file that a user would write for this space.
[[nodiscard]] std::string study_text(const space::Space& space, const StudyWords& words);

/// A strategy of the command line, and what a study file says for it.
struct NamedSchedule {
  std::string name;
  std::string words;
};
/// The one table of them. Other names are taken as they are, as words of a study file.
[[nodiscard]] const std::vector<NamedSchedule>& named_schedules();
[[nodiscard]] std::string words_of(const std::string& strategy);

/// Why this strategy cannot be had; nothing where it can.
[[nodiscard]] std::optional<std::string> refusal_of(const std::string& strategy);

/// The strategy of this name for the study file, as a user gets it.
///
/// Takes    strategy  a name of the table, words of a study file, or `race KNOB=VALUE ...`: the
/// race
///          with other constants than it has
///          learned  from earlier studies
[[nodiscard]] std::unique_ptr<strategies::Strategy> make_named(
    const std::string& strategy, const config::StudyFile& file,
    std::vector<space::Configuration> learned = {});

/// Watches a study that is played; tells it to end by giving true.
using Watch = std::function<bool(const trial::Event& event, const trial::History& history)>;

/// Plays a study to its end or to the watcher's wish: one worker, nothing on disk, virtual time.
void play_study(const config::StudyFile& file, strategies::Strategy& strategy,
                const recorded::RecordedTrainings& trainings, const Watch& watch,
                std::size_t num_workers = 1);
/// Runs tasks on so many threads; a task that throws ends the whole with its error.
void run_in_parallel(std::size_t num_jobs, std::size_t num_tasks,
                     const std::function<void(std::size_t)>& work);

}  // namespace wattune::bench
