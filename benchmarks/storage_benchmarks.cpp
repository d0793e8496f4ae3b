#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench_folder.hpp"
#include "benchmark.hpp"
#include "sample_study.hpp"
#include "wattune/base/random.hpp"
#include "wattune/storage/sqlite.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t kNumTrials = 10'000;
constexpr int kNumReports = 10;

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
  write_sample_study(folder.study(), kNumTrials);
  std::vector<double> times;
  const std::clock_t cpu_before = std::clock();
  for (int i = 0; i < 7; ++i) {
    const auto begin = steady_clock::now();
    const auto storage =
        taken(storage::open_sqlite(folder.study(), {.mode = storage::OpenMode::Read}));
    const auto history = fold(*storage);
    times.push_back(1e3 * seconds_since(begin));
    if (history->trials().size() != kNumTrials) throw std::runtime_error("trials are missing");
  }
  const double cpu_ms = 1e3 * static_cast<double>(std::clock() - cpu_before) / CLOCKS_PER_SEC;
  std::ranges::sort(times);
  return {{"open_10k_ms", times[times.size() / 2],
           fmt::format("median of 7, {:.1f} to {:.1f}, CPU {:.1f}; file {:.1f} MB", times.front(),
                       times.back(), cpu_ms / 7,
                       static_cast<double>(std::filesystem::file_size(folder.study())) * 1e-6)}};
}

std::vector<Figure> bytes_per_trial() {
  return {{"bytes_per_trial", heap_bytes_per_trial(kNumReports), "heap, 10 parameters, 10 reports"},
          {"bytes_per_trial_1_report", heap_bytes_per_trial(1), "heap, 10 parameters, 1 report"}};
}

}  // namespace wattune::bench
