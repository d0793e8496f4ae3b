#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runners/local_study.hpp"
#include "support/fake_runner.hpp"
#include "support/must.hpp"
#include "support/problems.hpp"
#include "wattune/runners/checkpoint_files.hpp"
#include "wattune/samplers/random.hpp"
#include "wattune/schedulers/successive_halving.hpp"
#include "wattune/storage/memory.hpp"
#include "wattune/strategies/compose.hpp"
#include "wattune/study/study.hpp"

namespace wattune::study {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

trial::Problem problem_of(double max) {
  trial::Problem problem = accuracy_problem({float_parameter("x", 0.0, 1.0, false, 0.5)},
                                            {trial::ResourceUnit::Steps, 1.0, max});
  problem.objectives = {{trial::measure_from_text("val_accuracy"), trial::Direction::Maximize}};
  return problem;
}

std::unique_ptr<strategies::Strategy> halving(const trial::Problem& problem,
                                              std::size_t num_trials) {
  return strategies::compose(
      samplers::make_random(problem.space),
      schedulers::make_successive_halving(problem.resource, {.eta = 2, .num_trials = num_trials}));
}

/// Checkpoints that exist on paper.
class PaperFiles final : public runners::CheckpointFiles {
 public:
  bool exists(const std::string& path) const override { return !removed.contains(path); }
  std::optional<std::uintmax_t> size(TrialId, const std::string& path) const override {
    return exists(path) ? std::optional<std::uintmax_t>(10) : std::nullopt;
  }
  void remove(TrialId trial, const std::string& path) override { removed.emplace(path, trial); }

  std::map<std::string, TrialId> removed;
};

/// One bracket of eight on paper: from 1 to 8 steps, the higher x the better.
class OnPaper : public ::testing::Test {
 protected:
  OnPaper() {
    options_.max_step = 8.0;
    options_.metrics = [](const runners::Launch& launch, double step) {
      const double x = std::get<double>(launch.configuration[0]);
      return std::vector<trial::MetricValue>{{"val_accuracy", x * step / 8.0}};
    };
  }

  StudyEnd run(trial::Budgets budgets = {.trials = 8}) {
    FakeRunner runner(clock_, options_);
    runner.before_wait = before_wait_;
    const auto strategy = halving(problem_, 8);
    Observer observer;
    const StudyParts parts{.problem = problem_,
                           .strategy = *strategy,
                           .runner = runner,
                           .storage = log_,
                           .clock = clock_,
                           .observer = observer,
                           .budgets = budgets,
                           .checkpoints = &files_};
    const StudyEnd end = must(run_study(parts, StopSignal{}));
    launches_ = runner.launches();
    return end;
  }

  [[nodiscard]] trial::History history() const {
    trial::History folded(problem_);
    must(log_.read(0, [&](const trial::LoggedEvent& e) { folded.apply(e.event, e.at); }));
    return folded;
  }
  [[nodiscard]] std::size_t num_deleted() const { return files_.removed.size(); }

  trial::Problem problem_ = problem_of(8.0);
  ManualClock clock_;
  FakeRunnerOptions options_;
  storage::MemoryStorage log_;
  PaperFiles files_;
  std::function<void()> before_wait_;
  std::vector<runners::Launch> launches_;
};

/// A halving study of four real processes that save and load a file.
class OfProcesses : public ::testing::Test {
 protected:
  struct LaterClock final : Clock {
    Seconds shift;
    [[nodiscard]] MonotonicTime now() const override { return SystemClock().now(); }
    [[nodiscard]] WallTime wall_now() const override {
      return SystemClock().wall_now() +
             std::chrono::microseconds(static_cast<std::int64_t>(shift.value() * 1e6));
    }
  };
  struct Watching final : Observer {
    std::function<void(const trial::Event&)> then;
    void on_event(const trial::Event& event, const trial::History&) override {
      if (then) then(event);
    }
  };

  OfProcesses() {
    study_.options.slots.workers = 1;
    study_.options.resource = problem_.resource;
  }

  StudyEnd run(trial::Budgets budgets, Seconds later = Seconds{}) {
    study_.parameters.assign(problem_.space.parameters().begin(),
                             problem_.space.parameters().end());
    LaterClock clock;
    clock.shift = later;
    const auto files = runners::make_local_checkpoint_files(study_.options.files_dir);
    const auto strategy = halving(problem_, 4);
    const StudyParts parts{.problem = problem_,
                           .strategy = *strategy,
                           .runner = study_.runner(),
                           .storage = log_,
                           .clock = clock,
                           .observer = observer_,
                           .budgets = budgets,
                           .checkpoints = files.get(),
                           .deletes_checkpoints = !keeps_all_};
    const StudyEnd end = must(run_study(parts, *stop_));
    study_.drop_runner();
    return end;
  }

  [[nodiscard]] std::vector<std::string> saved() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(study_.options.files_dir)) {
      if (entry.path().filename() == "state") {
        found.push_back(entry.path().parent_path().filename().string());
      }
    }
    return found;
  }
  [[nodiscard]] nlohmann::json config_of(int trial) const {
    std::ifstream file(study_.options.files_dir / fmt::format("trial-{:06}/config.json", trial));
    return nlohmann::json::parse(file);
  }

  trial::Problem problem_ = problem_of(4.0);
  fake::LocalStudy study_{"train 4 {checkpoint_dir}"};
  storage::MemoryStorage log_;
  std::optional<StopSignal> stop_{std::in_place};
  bool keeps_all_ = false;
  Watching observer_;
};

}  // namespace

TEST_F(OnPaper, CheckpointsGoAsSoonAsTheirTrialsDropOut) {
  std::vector<std::size_t> held;  // after each end of an assignment
  std::size_t num_ended = 0;
  before_wait_ = [&] {
    const std::size_t now = history().finished_order().size();
    if (now == num_ended) return;
    num_ended = now;
    held.push_back(num_deleted());
  };
  const StudyEnd end = run();

  // Eight pause at 1; with the last of them four drop out, then two at 2 and one at 4. The best of
  // those that have dropped out could be recommended until another one has, or the winner.
  EXPECT_THAT(held, ElementsAre(0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 5, 5, 6));
  EXPECT_EQ(end.checkpoints.num_deleted, 7U);
  EXPECT_EQ(end.checkpoints.num_kept, 1U);
  EXPECT_EQ(end.checkpoints.bytes_kept, 10U);
}

TEST_F(OnPaper, AStudyThatIsGoneOnWithNeverMissesACheckpoint) {
  for (double joules = 3.0; joules < 40.0; joules += 4.0) {
    run({.trials = 8, .energy = Joules{joules}});
    for (const runners::Launch& launch : launches_) {
      EXPECT_TRUE(!launch.resume_from || files_.exists(launch.resume_from->path));
    }
  }
  EXPECT_EQ(run().reason, trial::EndReason::Budget);
  for (const trial::Trial& trial : history().trials()) {
    EXPECT_LE(trial.duration(), Seconds{8.0 + 1e-9}) << "work was done again";
  }
}

TEST_F(OnPaper, TheFrontKeepsItsCheckpoints) {
  problem_.objectives.push_back({trial::measure_from_text("energy"), trial::Direction::Minimize});
  run();

  const trial::History folded = history();
  for (const trial::Trial& trial : folded.trials()) {
    const auto losses = *folded.losses(trial);
    const bool is_beaten = std::ranges::any_of(folded.trials(), [&](const trial::Trial& other) {
      const auto better = *folded.losses(other);
      return better != losses && better[0] <= losses[0] && better[1] <= losses[1];
    });
    EXPECT_EQ(files_.exists("checkpoint-" + std::to_string(trial.id().number())), !is_beaten);
  }
}

TEST_F(OnPaper, ATrialWhoseCheckpointHasGoneBeginsAnewAndItsWorkIsNotDecidedAgain) {
  run({.trials = 8, .time = Seconds{8.5}});  // all have paused at 1
  ASSERT_TRUE(history().trial(TrialId{0}).checkpoint());
  for (int i = 0; i < 8; ++i) files_.remove(TrialId{0}, "checkpoint-" + std::to_string(i));

  EXPECT_EQ(run().reason, trial::EndReason::Budget);

  EXPECT_FALSE(launches_.front().resume_from.has_value());
  EXPECT_EQ(launches_.front().assignment.from, 0.0);
  EXPECT_EQ(
      std::ranges::count(history().trials(), trial::TrialState::Completed, &trial::Trial::state),
      1);
}

TEST_F(OfProcesses, OnlyTheWinnersCheckpointIsLeft) {
  EXPECT_EQ(run({.trials = 4}).checkpoints.num_deleted, 3U);

  EXPECT_THAT(saved(), ElementsAre("trial-000000"));
  EXPECT_TRUE(fs::exists(study_.options.files_dir / "trial-000003/config.json"));
}

TEST_F(OfProcesses, AllCheckpointsAreLeftWhereTheUserWantsThem) {
  keeps_all_ = true;
  const CheckpointUse use = run({.trials = 4}).checkpoints;

  EXPECT_EQ(use.num_kept, 4U);
  EXPECT_GE(use.bytes_kept, 4U);
  EXPECT_EQ(use.num_deleted, 0U);
  EXPECT_THAT(saved(),
              UnorderedElementsAre("trial-000000", "trial-000001", "trial-000002", "trial-000003"));
}

TEST_F(OfProcesses, APausedTrialHoldsNoSlotAndNoProcess) {
  std::size_t num_paused = 0;
  observer_.then = [&](const trial::Event& event) {
    const auto* ended = std::get_if<trial::AssignmentEnded>(&event);
    if (ended == nullptr || ended->outcome != trial::Outcome::Paused) return;
    ++num_paused;
    EXPECT_EQ(study_.runner().num_free_slots(), 1U);
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream environment(entry.path() / "environ");
      const std::string text{std::istreambuf_iterator<char>(environment), {}};
      EXPECT_EQ(text.find("WATTUNE_TRIAL_DIR=" + study_.options.files_dir.string()),
                std::string::npos);
    }
  };
  run({.trials = 4});
  EXPECT_EQ(num_paused, 4U + 2U);
}

TEST_F(OfProcesses, APausedTrialIsPromotedDaysLaterOnAnotherSlot) {
  const std::vector<int> cores = runners::allowed_cores();
  study_.options.slots.cores_per_trial = 1;
  study_.options.slots.cores = {cores.front()};
  std::size_t num_paused = 0;
  observer_.then = [&](const trial::Event& event) {
    num_paused += std::holds_alternative<trial::AssignmentEnded>(event) ? 1 : 0;
    if (num_paused == 4) stop_->request();
  };
  EXPECT_EQ(run({.trials = 4}).reason, trial::EndReason::Interrupted);
  EXPECT_EQ(config_of(0).at("slot").at("cores").at(0), cores.front());

  stop_.emplace();
  study_.options.slots.cores = {cores.back()};
  observer_.then = nullptr;
  const StudyEnd end = run({.trials = 4}, Seconds{3.0 * 86'400.0});

  EXPECT_EQ(end.reason, trial::EndReason::Budget);
  EXPECT_EQ(config_of(0).at("slot").at("cores").at(0), cores.back());
  trial::History folded(problem_);
  std::size_t num_repeated = 0;
  must(log_.read(0, [&](const trial::LoggedEvent& e) {
    folded.apply(e.event, e.at);
    num_repeated += std::holds_alternative<trial::WorkRepeated>(e.event) ? 1 : 0;
  }));
  EXPECT_EQ(num_repeated, 0U) << "it went on from its checkpoint";
  EXPECT_EQ(folded.trial(TrialId{0}).state(), trial::TrialState::Completed);
  EXPECT_EQ(folded.trial(TrialId{0}).num_assignments(), 3U);
  EXPECT_EQ(folded.trial(TrialId{0}).last_metric(*folded.metric_id("val_accuracy")), 1.0);
}

TEST(LocalCheckpointFiles, NothingOutsideOfTheTrialsFolderIsTouched) {
  const TemporaryFolder folder;
  const auto files = runners::make_local_checkpoint_files(folder / "files");
  const fs::path own = folder / "files/trial-000007";
  fs::create_directories(own / "deep");
  for (const fs::path& path : {own / "config.json", own / "model.pt", own / "deep/model.pt",
                               folder / "precious", folder / "files/trial-000008"}) {
    std::ofstream(path) << "12345";
  }
  fs::create_symlink(folder / "precious", own / "link");
  const TrialId id{7};

  for (const std::string& path :
       {(folder / "precious").string(), (own / "link").string(), (own / "config.json").string(),
        (own / "../trial-000008").string(), (own / "../../precious").string(), std::string("/")}) {
    EXPECT_EQ(files->size(id, path), std::nullopt) << path;
    files->remove(id, path);
  }
  EXPECT_TRUE(fs::exists(folder / "precious"));
  EXPECT_TRUE(fs::exists(folder / "files/trial-000008"));
  EXPECT_TRUE(fs::exists(own / "config.json"));

  EXPECT_EQ(files->size(id, (own / "model.pt").string()), 5U);
  files->remove(id, (own / "model.pt").string());
  EXPECT_FALSE(fs::exists(own / "model.pt"));

  // The whole folder as a checkpoint: all that the program has put there.
  EXPECT_EQ(files->size(id, own.string() + "/"), 10U);
  files->remove(id, own.string());
  EXPECT_FALSE(fs::exists(own / "deep"));
  EXPECT_TRUE(fs::exists(own / "config.json"));
  EXPECT_FALSE(files->exists((own / "deep").string()));
}

}  // namespace wattune::study
