#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/decisions.hpp"
#include "support/event_text.hpp"
#include "support/must.hpp"
#include "support/temporary_folder.hpp"
#include "wattune/base/random.hpp"
#include "wattune/storage/sqlite.hpp"
#include "wattune/trial/history.hpp"

namespace wattune {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr int kNumKills = 200;
constexpr const char* kNumTrials = "18";

struct Ran {
  bool was_killed = false;
  int exit_status = 0;
  std::size_t num_acknowledged = 0;  // the most that was ever said in this session
  microseconds took{};
};

pid_t start(const std::filesystem::path& study, const std::filesystem::path& output) {
  const pid_t process = ::fork();
  if (process != 0) return process;
  const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(out, STDOUT_FILENO);
  ::execl(WATTUNE_RESUMABLE_STUDY, "resumable_study", study.c_str(), kNumTrials, nullptr);
  ::_exit(127);
}

std::size_t last_acknowledged(const std::filesystem::path& output) {
  std::ifstream file(output);
  std::size_t last = 0;
  for (std::string line; std::getline(file, line) && !file.eof();) {
    if (line.starts_with("acknowledged ")) last = std::stoul(line.substr(13));
  }
  return last;
}

/// Runs the program until its end or, where a time is given, until it is killed then.
Ran run(const TemporaryFolder& folder, std::optional<microseconds> kill_after) {
  const auto output = folder / "output.txt";
  const auto begin = steady_clock::now();
  const pid_t process = start(folder / "study.db", output);
  if (kill_after) {
    // The moment of the kill is what is tested; nothing is waited for.
    std::this_thread::sleep_until(begin + *kill_after);
    ::kill(process, SIGKILL);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  return {.was_killed = WIFSIGNALED(status),
          .exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .num_acknowledged = last_acknowledged(output),
          .took = std::chrono::duration_cast<microseconds>(steady_clock::now() - begin)};
}

std::vector<trial::Event> log_of(const TemporaryFolder& folder) {
  std::vector<trial::Event> events;
  const auto storage = storage::open_sqlite(folder / "study.db", {.mode = storage::OpenMode::Read});
  if (!storage) return events;  // killed before there was a study
  must((*storage)->read(0, [&](const trial::LoggedEvent& e) { events.push_back(e.event); }));
  return events;
}

}  // namespace

TEST(Killed, At200RandomMomentsLosesNothingAndEndsWithTheDecisionsOfAnUndisturbedRun) {
  const TemporaryFolder undisturbed;
  const Ran whole = run(undisturbed, std::nullopt);
  ASSERT_EQ(whole.exit_status, 0);
  const auto expected = decisions(log_of(undisturbed));
  ASSERT_GT(expected.size(), 100U);

  // Delays reach from before the study is created to a quarter of a whole run, so that every
  // study is cut several times and still ends.
  Rng rng(20261121);
  int num_kills = 0;
  int num_studies = 0;
  std::set<std::size_t> lengths_at_kill;
  while (num_kills < kNumKills) {
    const TemporaryFolder folder;
    Ran last{.was_killed = true};
    for (int i = 0; last.was_killed; ++i) {
      const auto before = log_of(folder);
      const auto delay = microseconds(static_cast<std::int64_t>(
          rng.uniform() * 0.25 * static_cast<double>(whole.took.count())));
      last = run(folder, num_kills < kNumKills ? std::optional(delay) : std::nullopt);
      const auto after = log_of(folder);
      ASSERT_GE(after.size(), before.size());
      ASSERT_GE(after.size(), last.num_acknowledged) << "an acknowledged event is gone";
      for (std::size_t k = 0; k < before.size(); ++k) {
        ASSERT_EQ(EventText::of(after[k]), EventText::of(before[k]));
      }
      if (last.was_killed) {
        ++num_kills;
        lengths_at_kill.insert(after.size());
      }
      ASSERT_LT(i, 2000) << "no progress";
    }
    ++num_studies;
    ASSERT_EQ(last.exit_status, 0);
    ASSERT_EQ(decisions(log_of(folder)), expected);
  }
  RecordProperty("studies", num_studies);
  EXPECT_GE(lengths_at_kill.size(), 50U) << "the kills hit too few different moments";
}

}  // namespace wattune
