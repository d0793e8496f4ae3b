#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/steady_meter.hpp"
#include "support/temporary_folder.hpp"
#include "wattune/base/clock.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/runners/local.hpp"

namespace wattune::fake {

/// A local runner of test programs, with a machine that draws 10 W, 4 W of them idle.
class LocalStudy {
 public:
  /// `behaviour` is the command after the test program's name.
  explicit LocalStudy(const std::string& behaviour)
      : LocalStudy(runners::CommandTemplate::from_string(std::string(WATTUNE_TEST_CHILD) + " " +
                                                         behaviour)) {}

  explicit LocalStudy(runners::CommandTemplate command)
      : accountant_(meters(), {2.0, "/proc", energy::own_cpu_time}, clock_.now()) {
    options.study = "test";
    options.command = std::move(command);
    options.resource = {trial::ResourceUnit::Steps, 1.0, 4.0};
    options.required_metrics = {"val_accuracy"};
    options.files_dir = folder_.path() / "files";
    options.working_directory = folder_.path();
    options.base_environment = {{"PATH", "/usr/bin:/bin"}};
    options.slots.workers = 2;
    options.slots.cores_per_trial = 0;
    options.grace = Seconds{0.2};
  }

  [[nodiscard]] runners::Runner& runner() {
    if (!runner_) {
      runner_ = runners::make_local_runner(options, accountant_, space::Space(parameters), clock_);
    }
    return *runner_;
  }
  void drop_runner() { runner_.reset(); }

  void start(std::uint32_t trial, double from = 0.0, double to = 4.0,
             std::optional<trial::Checkpoint> resume_from = std::nullopt) {
    runners::Launch launch;
    launch.assignment.trial = TrialId{trial};
    launch.assignment.from = from;
    launch.assignment.to = to;
    launch.seed = 11;
    launch.resume_from = std::move(resume_from);
    launch.configuration = configuration;
    runner().start(launch);
  }

  /// Answers every report with `verdict` until all trials have ended; gives all that happened.
  std::vector<trial::Event> run(trial::Verdict verdict = trial::Verdict::Continue,
                                Seconds patience = Seconds{20.0}) {
    return run_until(
        verdict, [](const trial::Event&) { return false; }, patience);
  }

  /// As `run`, but returns once `enough(event)`.
  template <typename Enough>
  std::vector<trial::Event> run_until(trial::Verdict verdict, Enough enough, Seconds patience) {
    std::vector<trial::Event> all;
    const MonotonicTime begun = clock_.now();
    const std::size_t num_slots = *options.slots.workers;
    bool is_over = false;
    do {
      if (elapsed(begun, clock_.now()) > patience) throw std::runtime_error("nothing happens");
      for (trial::Event& event : runner().wait(Seconds{1.0})) {
        is_over = is_over || enough(event);
        if (const auto* reported = std::get_if<trial::Reported>(&event)) {
          runner().answer(reported->trial, verdict, reported->step + 1.0);
        }
        all.push_back(std::move(event));
      }
    } while (!is_over && runner().num_free_slots() < num_slots);
    return all;
  }

  [[nodiscard]] energy::EnergyAccountant& accountant() { return accountant_; }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_.path() / name).string();
  }
  [[nodiscard]] const SystemClock& clock() const { return clock_; }

 private:
  [[nodiscard]] std::vector<std::unique_ptr<energy::Meter>> meters() const {
    std::vector<std::unique_ptr<energy::Meter>> all;
    all.push_back(std::make_unique<SteadyMeter>(Watts{10.0}, Watts{4.0}, clock_.now()));
    return all;
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  energy::EnergyAccountant accountant_;
  std::unique_ptr<runners::Runner> runner_;

 public:
  runners::LocalRunnerOptions options;
  std::vector<space::Parameter> parameters;
  space::Configuration configuration;
};

/// All events of one type.
template <typename T>
std::vector<T> only(const std::vector<trial::Event>& events) {
  std::vector<T> found;
  for (const trial::Event& event : events) {
    if (const T* one = std::get_if<T>(&event)) found.push_back(*one);
  }
  return found;
}

}  // namespace wattune::fake
