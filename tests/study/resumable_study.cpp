// Runs one small study on an SQLite file, in virtual time but with real commits, and prints a line
// after every append that was acknowledged. The kill test ends it with SIGKILL and starts it again.
//
//   resumable_study <file> <num_trials>

#include <unistd.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "support/fake_runner.hpp"
#include "support/forwarding_storage.hpp"
#include "support/sample_events.hpp"
#include "wattune/samplers/tpe.hpp"
#include "wattune/schedulers/successive_halving.hpp"
#include "wattune/storage/sqlite.hpp"
#include "wattune/strategies/compose.hpp"
#include "wattune/study/study.hpp"

namespace wattune {
namespace {

/// Virtual durations, but the time of day goes on from session to session.
class SteppedClock final : public Clock {
 public:
  explicit SteppedClock(const ManualClock& steps) : steps_(steps) {}
  [[nodiscard]] MonotonicTime now() const override { return steps_.now(); }
  [[nodiscard]] WallTime wall_now() const override { return SystemClock().wall_now(); }

 private:
  const ManualClock& steps_;
};

/// A learning curve that depends on configuration and step alone.
std::vector<trial::MetricValue> curve(const runners::Launch& launch, double step) {
  const double lr = std::get<double>(launch.configuration[0]);
  const auto layers = static_cast<double>(std::get<std::int64_t>(launch.configuration[1]));
  const double reachable = 0.95 - 0.03 * std::abs(std::log10(lr) + 2.0) - 0.01 * std::abs(layers);
  return {{"val_accuracy", reachable * (1.0 - std::exp(-step / (2.0 + 0.1 * layers)))}};
}

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::abort();
}

int run(const char* file, std::size_t num_trials) {
  auto sqlite = storage::open_sqlite(file, {.mode = storage::OpenMode::Append});
  if (!sqlite) {
    say("error " + sqlite.error().message + "\n");
    return 1;
  }
  std::size_t num_events = 0;
  static_cast<void>((*sqlite)->read(0, [&](const trial::LoggedEvent&) { ++num_events; }));
  ForwardingStorage storage(**sqlite);
  storage.after_append = [&](std::span<const trial::Event> events) {
    num_events += events.size();
    say("acknowledged " + std::to_string(num_events) + "\n");
  };

  trial::Problem problem = sample_problem();
  problem.objectives.resize(1);
  problem.constraints.clear();
  ManualClock steps;
  const SteppedClock clock(steps);
  FakeRunnerOptions options;
  options.metrics = curve;
  options.report_every = 0.5;
  FakeRunner runner(steps, options);
  const auto strategy = strategies::compose(
      samplers::make_tpe(problem.space, {.num_startup = 6, .seed = problem.seed}),
      schedulers::make_successive_halving(problem.resource, {.num_trials = 9}));
  study::Observer observer;
  const study::StudyParts parts{.problem = problem,
                                .strategy = *strategy,
                                .runner = runner,
                                .storage = storage,
                                .clock = clock,
                                .observer = observer,
                                .budgets = {.trials = num_trials},
                                .environment = "{}",
                                .can_pause = true,
                                .tick = Seconds{1.0}};
  const auto end = study::run_study(parts, study::StopSignal{});
  say(end ? "end " + end->text + "\n" : "error " + end.error().message + "\n");
  return end ? 0 : 1;
}

}  // namespace
}  // namespace wattune

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return wattune::run(argv[1], static_cast<std::size_t>(std::atoi(argv[2])));
}
