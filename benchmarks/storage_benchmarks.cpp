#include <fmt/format.h>
#include <malloc.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "benchmark.hpp"
#include "wattune/base/random.hpp"
#include "wattune/storage/sqlite.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t kNumTrials = 10'000;
constexpr std::size_t kNumParameters = 10;
constexpr int kNumReports = 10;

/// A folder on the disk that is measured: where the program was started, not a file system in
/// memory.
class BenchFolder {
 public:
  BenchFolder() {
    std::string name = (std::filesystem::current_path() / "bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    path_ = name;
  }
  ~BenchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  [[nodiscard]] std::filesystem::path study() const { return path_ / "study.db"; }

 private:
  std::filesystem::path path_;
};

template <typename T>
T taken(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

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

EnergyFigure some_energy(Rng& rng) {
  EnergyFigure figure;
  figure.idle = Microjoules{static_cast<std::int64_t>(rng.index(50'000'000))};
  figure.dynamic = Microjoules{static_cast<std::int64_t>(rng.index(500'000'000))};
  figure.uncertainty = Joules{rng.uniform(0.0, 100.0)};
  figure.provenance = Provenance::Modelled;
  return figure;
}

trial::Reported report(TrialId id, int step, Rng& rng) {
  return {id,
          static_cast<double>(step),
          6250.0,
          Seconds{rng.uniform(1.0, 30.0)},
          some_energy(rng),
          {{"val_accuracy", rng.uniform()}, {"train_loss", rng.uniform()}}};
}

/// The life of one trial that goes to its end.
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

std::optional<trial::History> fold(const storage::Storage& storage) {
  std::optional<trial::History> history;
  taken(storage.read(0, [&](const trial::LoggedEvent& logged) {
    if (const auto* created = std::get_if<trial::StudyCreated>(&logged.event)) {
      history.emplace(created->problem);
    }
    history->apply(logged.event);
  }));
  return history;
}

double heap_bytes_per_trial(int num_reports) {
  trial::History history(problem());
  const auto bytes = [] {
    const struct mallinfo2 info = ::mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  };
  const double before = bytes();
  for (std::uint32_t i = 0; i < kNumTrials; ++i) {
    for (const auto& event : life_of(TrialId{i}, num_reports, history.problem().space)) {
      history.apply(event);
    }
  }
  return (bytes() - before) / kNumTrials;
}

}  // namespace

std::vector<Figure> appends_per_s() {
  // The loop appends what has gathered while the last commit was written: with many quick trials
  // that is a few hundred reports, with a few slow ones a single report.
  constexpr int kTotal = 60'000;
  std::vector<Figure> figures;
  for (const int batch_size : {256, 1}) {
    const BenchFolder folder;
    auto storage = taken(storage::open_sqlite(folder.study(), {}));
    taken(storage->append(std::vector<trial::Event>{trial::StudyCreated{problem()}}, WallTime{}));
    Rng rng(1);
    std::vector<trial::Event> batch;
    for (int i = 0; i < batch_size; ++i) batch.emplace_back(report(TrialId{0}, i + 1, rng));
    const int total = batch_size == 1 ? 1000 : kTotal;
    const auto begin = steady_clock::now();
    for (int done = 0; done < total; done += batch_size) taken(storage->append(batch, WallTime{}));
    const double rate = total / seconds_since(begin);
    const std::string key = batch_size == 1 ? "appends_per_s_single" : "appends_per_s";
    figures.push_back({key, rate, fmt::format("{} reports per commit", batch_size)});
  }
  return figures;
}

std::vector<Figure> open_10k_ms() {
  const BenchFolder folder;
  const trial::Problem what = problem();
  {
    auto storage = taken(storage::open_sqlite(folder.study(), {}));
    taken(storage->append(std::vector<trial::Event>{trial::StudyCreated{what}}, WallTime{}));
    std::vector<trial::Event> batch;
    for (std::uint32_t i = 0; i < kNumTrials; ++i) {
      const auto life = life_of(TrialId{i}, kNumReports, what.space);
      batch.insert(batch.end(), life.begin(), life.end());
      if (batch.size() < 1000 && i + 1 < kNumTrials) continue;
      taken(storage->append(batch, WallTime{}));
      batch.clear();
    }
  }
  std::vector<double> times;
  for (int i = 0; i < 7; ++i) {
    const auto begin = steady_clock::now();
    const auto storage =
        taken(storage::open_sqlite(folder.study(), {.mode = storage::OpenMode::Read}));
    const auto history = fold(*storage);
    times.push_back(1e3 * seconds_since(begin));
    if (history->trials().size() != kNumTrials) throw std::runtime_error("trials are missing");
  }
  std::ranges::sort(times);
  return {{"open_10k_ms", times[times.size() / 2],
           fmt::format("median of 7, {:.1f} to {:.1f}; file {:.1f} MB", times.front(), times.back(),
                       static_cast<double>(std::filesystem::file_size(folder.study())) * 1e-6)}};
}

std::vector<Figure> bytes_per_trial() {
  return {{"bytes_per_trial", heap_bytes_per_trial(kNumReports), "heap, 10 parameters, 10 reports"},
          {"bytes_per_trial_1_report", heap_bytes_per_trial(1), "heap, 10 parameters, 1 report"}};
}

}  // namespace wattune::bench
