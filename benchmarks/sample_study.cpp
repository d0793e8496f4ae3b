#include "sample_study.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "bench_folder.hpp"
#include "wattune/storage/sqlite.hpp"

namespace wattune::bench {
namespace {

constexpr std::size_t kNumParameters = 10;
constexpr int kNumReports = 10;

EnergyFigure some_energy(Rng& rng) {
  EnergyFigure figure;
  figure.idle = Microjoules{static_cast<std::int64_t>(rng.index(50'000'000))};
  figure.dynamic = Microjoules{static_cast<std::int64_t>(rng.index(500'000'000))};
  figure.uncertainty = Joules{rng.uniform(0.0, 100.0)};
  figure.provenance = Provenance::Modelled;
  return figure;
}

}  // namespace

trial::Problem problem() {
  std::vector<space::Parameter> parameters(kNumParameters);
  for (std::size_t i = 0; i < kNumParameters; ++i) {
    parameters[i].name = fmt::format("parameter_{}", i);
    switch (i % 3) {
      case 0:
        parameters[i].domain = space::FloatDomain{1e-5, 1.0, true, std::nullopt};
        break;
      case 1:
        parameters[i].domain = space::IntDomain{1, 1024};
        break;
      default:
        parameters[i].domain =
            space::ChoiceDomain{{std::string("sgd"), std::string("adam"), std::string("adamw")}};
    }
  }
  return {.name = "bench",
          .seed = 1,
          .space = space::Space(std::move(parameters)),
          .objectives = {{trial::measure_from_text("val_accuracy"), trial::Direction::Maximize}},
          .constraints = {},
          .resource = {trial::ResourceUnit::Epochs, 1.0, 10.0},
          .tariff = {},
          .strategy = "bench",
          .command = "train"};
}

trial::Reported report(TrialId id, int step, Rng& rng) {
  return {id,
          static_cast<double>(step),
          6250.0,
          Seconds{rng.uniform(1.0, 30.0)},
          some_energy(rng),
          {{"val_accuracy", rng.uniform()}, {"train_loss", rng.uniform()}}};
}

std::vector<trial::Event> life_of(TrialId id, int num_reports, const space::Space& space) {
  Rng rng(1, id.number());
  std::vector<trial::Event> events;
  events.emplace_back(trial::TrialCreated{id, trial::Purpose::Search, trial::Origin::Sampler,
                                          taken(space.sample(rng))});
  trial::Assignment assignment;
  assignment.trial = id;
  assignment.to = 10.0;
  events.emplace_back(trial::Assigned{assignment});
  for (int step = 1; step <= num_reports; ++step) events.emplace_back(report(id, step, rng));
  events.emplace_back(
      trial::AssignmentEnded{id, trial::Outcome::Completed, "", Seconds{0.1}, some_energy(rng)});
  return events;
}

void write_sample_study(const std::filesystem::path& database, std::uint32_t num_trials) {
  auto storage = taken(storage::open_sqlite(database, {}));
  const trial::Problem what = problem();
  taken(storage->append(std::vector<trial::Event>{trial::StudyCreated{what}}, WallTime{}));
  std::vector<trial::Event> batch;
  for (std::uint32_t i = 0; i < num_trials; ++i) {
    const auto life = life_of(TrialId{i}, kNumReports, what.space);
    batch.insert(batch.end(), life.begin(), life.end());
    if (batch.size() < 1000 && i + 1 < num_trials) continue;
    taken(storage->append(batch, WallTime{}));
    batch.clear();
  }
}

}  // namespace wattune::bench
