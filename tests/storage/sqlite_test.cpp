#include "wattune/storage/sqlite.hpp"

#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "contracts/storage_contract.hpp"
#include "support/temporary_folder.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::storage {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Storage> writer_of(const std::filesystem::path& path) {
  return must(open_sqlite(path, {.mode = OpenMode::Append}));
}

Error error_of_opening(const std::filesystem::path& path, OpenMode mode) {
  const auto opened = open_sqlite(path, {.mode = mode});
  return opened ? Error{ErrorKind::Ended, "it opened"} : opened.error();
}

/// Runs SQL as any other program would; the rows as text, columns by name.
using Row = std::map<std::string, std::optional<std::string>>;
std::vector<Row> query(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  sqlite3_open(path.c_str(), &handle);
  std::vector<Row> rows;
  const auto keep = [](void* out, int count, char** values, char** names) {
    Row row;
    for (int i = 0; i < count; ++i) {
      row[names[i]] = values[i] == nullptr ? std::nullopt : std::optional<std::string>(values[i]);
    }
    static_cast<std::vector<Row>*>(out)->push_back(std::move(row));
    return 0;
  };
  char* message = nullptr;
  if (sqlite3_exec(handle, sql.c_str(), keep, &rows, &message) != SQLITE_OK) {
    ADD_FAILURE() << message << " in " << sql;
  }
  sqlite3_free(message);
  sqlite3_close(handle);
  return rows;
}

double number(const Row& row, const std::string& column) {
  return std::stod(row.at(column).value());
}

// As text, SQLite gives 15 significant digits of a number.
void expect_same(double shown, double exact) {
  EXPECT_NEAR(shown, exact, 1e-14 * std::abs(exact));
}

trial::History fold(const std::vector<trial::Event>& events) {
  trial::History history(std::get<trial::StudyCreated>(events.front()).problem);
  for (const trial::Event& event : events) history.apply(event);
  return history;
}

/// A file with every kind of event in it, closed.
class SqliteFile : public ::testing::Test {
 protected:
  SqliteFile() {
    must(writer_of(path_)->append(every_kind_of_event(), WallTime{std::chrono::seconds{86400}}));
  }
  std::size_t num_events() {
    std::size_t count = 0;
    must(
        must(open_sqlite(path_, {.mode = OpenMode::Read}))->read(0, [&](const trial::LoggedEvent&) {
          ++count;
        }));
    return count;
  }
  Error error_of_reading() {
    const auto done =
        must(open_sqlite(path_, {.mode = OpenMode::Read}))->read(0, [](const trial::LoggedEvent&) {
        });
    return done ? Error{ErrorKind::Ended, "it could be read"} : done.error();
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "study.db";
};

}  // namespace

class SqliteWorld final : public StorageWorld {
 public:
  Storage& writer() override { return *writer_; }
  std::unique_ptr<Storage> open_reader() override {
    return must(open_sqlite(path_, {.mode = OpenMode::Read}));
  }
  void reopen() override {
    writer_.reset();
    writer_ = writer_of(path_);
  }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "study.db";
  std::unique_ptr<Storage> writer_ = writer_of(path_);
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StorageContract, SqliteWorld);

TEST_F(SqliteFile, ASecondEngineIsToldWhichProcessRunsTheStudy) {
  const auto first = writer_of(path_);

  const Error error = error_of_opening(path_, OpenMode::Append);

  EXPECT_EQ(error.kind, ErrorKind::Transient);
  EXPECT_THAT(error.message, HasSubstr(path_.string()));
  EXPECT_THAT(error.message, HasSubstr("process " + std::to_string(::getpid())));
}

TEST_F(SqliteFile, TheRightToAppendIsFreeAgainWhenTheWriterGoes) {
  writer_of(path_).reset();

  EXPECT_TRUE(open_sqlite(path_, {.mode = OpenMode::Append}).has_value());
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".lock"));
}

TEST_F(SqliteFile, ALockFileThatAKilledProcessLeftIsNoObstacle) {
  std::ofstream(path_.string() + ".lock") << "4194304\n";

  EXPECT_TRUE(open_sqlite(path_, {.mode = OpenMode::Append}).has_value());
}

TEST_F(SqliteFile, ReadersNeedNoLock) {
  const auto writer = writer_of(path_);

  EXPECT_EQ(num_events(), every_kind_of_event().size());
}

TEST_F(SqliteFile, AFileThatDoesNotExistIsNotFound) {
  EXPECT_EQ(error_of_opening(folder_ / "other.db", OpenMode::Read).kind, ErrorKind::NotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "other.db"));
  EXPECT_EQ(error_of_opening(folder_ / "no-folder/study.db", OpenMode::Append).kind,
            ErrorKind::NotFound);
}

TEST_F(SqliteFile, AFileThatIsNoDatabaseIsRefusedByName) {
  std::ofstream(folder_ / "notes.txt") << std::string(5000, 'a');

  for (const OpenMode mode : {OpenMode::Read, OpenMode::Append}) {
    const Error error = error_of_opening(folder_ / "notes.txt", mode);
    EXPECT_EQ(error.kind, ErrorKind::Invalid);
    EXPECT_THAT(error.message, HasSubstr((folder_ / "notes.txt").string()));
    EXPECT_THAT(error.message, HasSubstr("not a Wattune study"));
  }
}

TEST_F(SqliteFile, ADatabaseOfAnotherProgramIsRefusedAndNotTouched) {
  query(folder_ / "other.db", "CREATE TABLE events (x); INSERT INTO events VALUES (1);");

  EXPECT_EQ(error_of_opening(folder_ / "other.db", OpenMode::Read).kind, ErrorKind::Invalid);
  EXPECT_EQ(error_of_opening(folder_ / "other.db", OpenMode::Append).kind, ErrorKind::Invalid);
  EXPECT_EQ(query(folder_ / "other.db", "SELECT * FROM sqlite_master").size(), 1U);
}

TEST_F(SqliteFile, AStudyOfANewerFormatIsRefused) {
  query(path_, "PRAGMA user_version = 2");

  const Error error = error_of_opening(path_, OpenMode::Append);
  EXPECT_EQ(error.kind, ErrorKind::Invalid);
  EXPECT_THAT(error.message, HasSubstr("format 2"));
}

TEST_F(SqliteFile, AnEmptyFileHoldsNoStudyYetAndMayBecomeOne) {
  std::ofstream(folder_ / "empty.db").flush();

  EXPECT_EQ(error_of_opening(folder_ / "empty.db", OpenMode::Read).kind, ErrorKind::NotFound);
  EXPECT_TRUE(open_sqlite(folder_ / "empty.db", {.mode = OpenMode::Append}).has_value());
}

TEST_F(SqliteFile, ATruncatedFileIsDamaged) {
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);

  const auto opened = open_sqlite(path_, {.mode = OpenMode::Read});
  const Error error = opened ? error_of_reading() : opened.error();

  EXPECT_EQ(error.kind, ErrorKind::Invalid);
  EXPECT_THAT(error.message, HasSubstr(path_.string()));
}

TEST_F(SqliteFile, AMissingEventIsDamageAtItsSequenceNumber) {
  query(path_, "DELETE FROM events WHERE seq = 5");

  EXPECT_EQ(error_of_reading().kind, ErrorKind::Invalid);
  EXPECT_THAT(error_of_reading().message, HasSubstr("at event 5: it is missing"));
}

TEST_F(SqliteFile, ARowThatNoEventHasIsDamageAtItsSequenceNumber) {
  const std::vector<std::string> damages{"kind = 99 WHERE seq = 9",
                                         "kind = 0 WHERE seq = 9",
                                         "provenance = 4 WHERE seq = 9",
                                         "step = NULL WHERE seq = 9",
                                         "body = '{' WHERE seq = 9",
                                         "body = '{\"7\":1}' WHERE seq = 9",
                                         "body = '{\"0\":x}' WHERE seq = 9",
                                         "body = '{\"0\":1}z' WHERE seq = 9",
                                         "trial = NULL WHERE seq = 9",
                                         "code = 15, kind = 10 WHERE seq = 9",
                                         "code = -1, kind = 9 WHERE seq = 9",
                                         "kind = 3 WHERE seq = 9",
                                         "kind = 1 WHERE seq = 9"};
  for (const std::string& damage : damages) {
    query(path_, "UPDATE events SET " + damage);

    EXPECT_EQ(error_of_reading().kind, ErrorKind::Invalid) << damage;
    EXPECT_THAT(error_of_reading().message, HasSubstr("damaged at event 9")) << damage;

    std::filesystem::remove(path_);
    must(writer_of(path_)->append(every_kind_of_event(), WallTime{}));
  }
}

TEST_F(SqliteFile, AFullDiskIsTransientAndNothingIsHalfAppended) {
  const auto writer = writer_of(path_);
  const std::vector<trial::Event> batch{
      trial::Reported{TrialId{0}, 9.5, 0, {}, {}, {{"a_new_name", 1.0}}},
      trial::SessionStarted{std::string(400'000, 'x')}};
  // A limit on the size of files stands in for a full disk: writing past it fails.
  const auto previous_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{200'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto refused = writer->append(batch, WallTime{});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, previous_handler);

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::Transient);
  EXPECT_EQ(num_events(), every_kind_of_event().size());

  must(writer->append(batch, WallTime{}));
  EXPECT_EQ(num_events(), every_kind_of_event().size() + 2);
}

TEST_F(SqliteFile, AStudyWrittenBeforeThereWereFinalistsIsReadAndItsViewsLearnTheNewWords) {
  query(path_,
        "DROP VIEW trials; CREATE VIEW trials AS SELECT trial, '[\"search\",\"probe\"]' ->> "
        "(body ->> 0) AS purpose FROM events WHERE kind = 3; DROP VIEW energy;"
        "CREATE VIEW energy AS SELECT 1 AS x; DELETE FROM events WHERE seq > 23");
  EXPECT_EQ(num_events(), 23U);

  writer_of(path_);

  EXPECT_EQ(num_events(), 23U);
  const auto rows = query(path_, "SELECT purpose, trial FROM trials");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows.back().at("purpose"), "finalist");
  EXPECT_EQ(query(path_, "SELECT stage FROM energy").front().count("stage"), 1U);
}

TEST_F(SqliteFile, DevicesThatMakeNoSenseAreDamage) {
  for (const std::string body :
       {"{", "[]", "{\"cpu\":{}}", "{\"cpu\":{\"temperature\":\"x\"},\"gpus\":[]}"}) {
    query(path_, "UPDATE events SET body = '" + body + "' WHERE kind = 15 AND trial = 2");

    EXPECT_EQ(error_of_reading().kind, ErrorKind::Invalid) << body;
    EXPECT_THAT(error_of_reading().message, HasSubstr("its devices cannot be read")) << body;
  }
}

TEST_F(SqliteFile, AppendingToARemovedFileIsTheEnd) {
  const auto writer = writer_of(path_);
  std::filesystem::remove(path_);

  const auto refused = writer->append(every_kind_of_event(), WallTime{});

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::Ended);
}

TEST_F(SqliteFile, IsWrittenAheadAndMarkedAsAStudy) {
  EXPECT_EQ(query(path_, "PRAGMA journal_mode").front().at("journal_mode"), "wal");
  EXPECT_EQ(query(path_, "PRAGMA application_id").front().at("application_id"), "1466004596");
  EXPECT_EQ(query(path_, "PRAGMA user_version").front().at("user_version"), "1");
}

TEST_F(SqliteFile, TheTrialsViewSaysWhatTheHistorySays) {
  const trial::History history = fold(every_kind_of_event());
  const auto rows = query(path_, "SELECT * FROM trials");

  ASSERT_EQ(rows.size(), history.trials().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const trial::Trial& trial = history.trials()[i];
    const Row& row = rows[i];
    EXPECT_EQ(row.at("trial"), std::to_string(trial.id().number()));
    EXPECT_EQ(row.at("purpose"), trial::to_text(trial.purpose()));
    EXPECT_EQ(row.at("origin"), trial::to_text(trial.origin()));
    EXPECT_EQ(row.at("state"), trial::to_text(trial.state()));
    EXPECT_EQ(row.at("outcome"), trial::to_text(trial.outcome().value()));
    EXPECT_EQ(row.at("stage"), trial::to_text(trial.stage()));
    EXPECT_EQ(number(row, "rung"), trial.rung());
    EXPECT_EQ(number(row, "bracket"), trial.bracket());
    EXPECT_EQ(number(row, "num_assignments"), trial.num_assignments());
    EXPECT_EQ(number(row, "num_reports"), static_cast<double>(trial.reports().size()));
    EXPECT_EQ(number(row, "step"), trial.step());
    EXPECT_EQ(number(row, "target"), trial.target());
    expect_same(number(row, "duration_s"), trial.duration().value());
    expect_same(number(row, "energy_j"), trial.energy().total().joules().value());
    expect_same(number(row, "idle_j"), trial.energy().idle.joules().value());
    expect_same(number(row, "dynamic_j"), trial.energy().dynamic.joules().value());
    expect_same(number(row, "uncertainty_j"), trial.energy().uncertainty.value());
    EXPECT_EQ(row.at("provenance"), to_text(trial.energy().provenance));
    EXPECT_EQ(row.at("detail"), trial.detail());
    EXPECT_EQ(nlohmann::json::parse(row.at("parameters").value()),
              history.problem().space.to_json(trial.configuration()));
    EXPECT_EQ(row.at("created_at"), "1970-01-02T00:00:00Z");
  }
}

TEST_F(SqliteFile, TheTrialsViewShowsATrialThatRuns) {
  const TrialId fourth{3};
  must(writer_of(path_)->append(
      std::vector<trial::Event>{
          trial::TrialCreated{fourth, trial::Purpose::Search, trial::Origin::Sampler,
                              space::Configuration(std::vector<space::Value>(5))},
          trial::Assigned{{fourth, 0, 9, 0, 0, trial::Stage::Exploration, {}}}},
      WallTime{}));

  const Row row = query(path_, "SELECT * FROM trials WHERE trial = 3").front();
  EXPECT_EQ(row.at("state"), "running");
  EXPECT_EQ(row.at("outcome"), std::nullopt);
  EXPECT_EQ(row.at("parameters"), "{}");
  EXPECT_EQ(number(row, "energy_j"), 0.0);
}

TEST_F(SqliteFile, TheReportsViewHasARowPerMetricWithTheWindowsEnergy) {
  const trial::History history = fold(every_kind_of_event());
  const auto rows = query(path_, "SELECT * FROM reports WHERE trial = 0");

  ASSERT_EQ(rows.size(), 5U);  // three metrics, none, one
  EXPECT_EQ(rows[0].at("metric"), "val_accuracy");
  EXPECT_NEAR(number(rows[0], "value"), 0.3, 1e-12);
  EXPECT_EQ(number(rows[0], "step"), 1.5);
  expect_same(number(rows[0], "energy_j"), 3.0);
  EXPECT_EQ(rows[2].at("metric"), "loss");
  EXPECT_EQ(rows[3].at("metric"), std::nullopt);
  expect_same(number(rows[4], "energy_j"), 13.0);
  const auto reports = history.trials().front().reports();
  expect_same(number(rows[4], "energy_so_far_j"), reports.back().energy.joules().value());
  expect_same(number(rows[0], "energy_so_far_j"), reports.front().energy.joules().value());
}

TEST_F(SqliteFile, TheEnergyViewAddsUpToTheHistorysTotal) {
  const trial::History history = fold(every_kind_of_event());

  const Row sum =
      query(path_, "SELECT sum(energy_j) AS j, sum(uncertainty_j) AS u FROM energy").front();
  expect_same(number(sum, "j"), history.total_energy().total().joules().value());
  expect_same(number(sum, "u"), history.total_energy().uncertainty.value());
}

TEST_F(SqliteFile, TheEnergyViewSplitsByAccountStageAndRung) {
  const auto joules = [&](const std::string& where) {
    const auto rows = query(path_, "SELECT energy_j FROM energy WHERE " + where);
    return rows.size() == 1 ? number(rows.front(), "energy_j") : -1.0;
  };
  expect_same(joules("trial = 0 AND stage = 'final' AND rung = 1"), 2.0 + 13.0);
  expect_same(joules("trial = 1 AND stage = 'probe'"), 9.0);
  expect_same(joules("account = 'engine'"), 0.125);
  expect_same(joules("account = 'rest'"), 42.0);
  expect_same(joules("account = 'idle_measurement'"), 3.7);
  EXPECT_EQ(
      query(path_, "SELECT provenance FROM energy WHERE account = 'rest'").front().at("provenance"),
      "integrated");
}

TEST_F(SqliteFile, TheQueriesInTheDocumentationGiveRows) {
  std::ifstream page(WATTUNE_DOCS_DIR "/storage.md");
  std::stringstream text;
  text << page.rdbuf();
  const std::string document = text.str();
  int num_queries = 0;
  for (std::size_t at = document.find("```sql\n"); at != std::string::npos;
       at = document.find("```sql\n", at + 1)) {
    const std::size_t begin = at + 7;
    const std::string sql = document.substr(begin, document.find("```", begin) - begin);
    EXPECT_FALSE(query(path_, sql).empty()) << sql;
    ++num_queries;
  }
  EXPECT_EQ(num_queries, 3);
}

}  // namespace wattune::storage
