#include "wattune/storage/sqlite.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event_row.hpp"
#include "schema.hpp"
#include "sqlite_database.hpp"
#include "study_lock.hpp"
#include "wattune/base/require.hpp"

namespace wattune::storage {
namespace {

constexpr const char* kInsertEvent =
    "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
constexpr const char* kSelectEvents =
    "SELECT seq, at_us, kind, trial, code, step, samples, duration_s, idle_uj, dynamic_uj, "
    "uncertainty_j, provenance, body FROM events WHERE seq > ?1 ORDER BY seq";
constexpr std::uint8_t kLastKind = static_cast<std::uint8_t>(EventKind::ConfigurationEnqueued);

tl::unexpected<Error> forward(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

/// Which file a path named when it was opened.
struct FileIdentity {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const FileIdentity&) const = default;
};

std::optional<FileIdentity> identity_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

/// The choices of a parameter as a JSON array; nothing where values are numbers.
std::optional<std::string> choices_text(const space::Parameter& parameter) {
  const auto to_json = [](const space::Choice& choice) {
    return std::visit([](const auto& value) { return nlohmann::json(value); }, choice);
  };
  nlohmann::json list = nlohmann::json::array();
  if (const auto* domain = std::get_if<space::ChoiceDomain>(&parameter.domain)) {
    for (const space::Choice& choice : domain->choices) list.push_back(to_json(choice));
  } else if (const auto* constant = std::get_if<space::ConstantDomain>(&parameter.domain)) {
    list.push_back(to_json(constant->value));
  } else {
    return std::nullopt;
  }
  return list.dump();
}

class SqliteStorage final : public Storage {
 public:
  static Result<std::unique_ptr<Storage>> open(const std::filesystem::path& path, OpenMode mode);

  /// Leaves it to the system when the log is written to the disk.
  Result<void> be_quick() { return database_.run("PRAGMA synchronous = OFF"); }

  Result<void> append(std::span<const trial::Event> events, WallTime at) override;
  Result<void> read(std::uint64_t after_sequence,
                    const std::function<void(const trial::LoggedEvent&)>& visit) const override;

 private:
  SqliteStorage(std::filesystem::path path, Database database, std::optional<StudyLock> lock)
      : path_(std::move(path)), lock_(std::move(lock)), database_(std::move(database)) {}

  Result<void> prepare_for_append();
  Result<void> check_format(OpenMode mode);
  Result<void> renew_views();
  Result<void> insert_all(std::span<const trial::Event> events, WallTime at);
  Result<void> insert(const trial::Event& event, WallTime at);
  Result<void> insert_parameters(const space::Space& space) const;
  Result<void> insert_new_names();
  Result<void> run_to_end(Statement& statement) const;
  Result<void> load_names() const;
  Result<void> read_rows(std::uint64_t after_sequence,
                         const std::function<void(const trial::LoggedEvent&)>& visit) const;
  [[nodiscard]] Error damage(std::uint64_t sequence, const std::string& what) const;

  std::filesystem::path path_;
  std::optional<StudyLock> lock_;  // before the database, so that it goes after it
  mutable Database database_;
  std::optional<FileIdentity> identity_;
  std::optional<Statement> insert_event_;
  std::optional<Statement> insert_name_;
  mutable std::optional<Statement> select_events_;
  mutable NameTable names_;
  std::size_t num_stored_names_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::string buffer_;
};

Result<std::unique_ptr<Storage>> SqliteStorage::open(const std::filesystem::path& path,
                                                     OpenMode mode) {
  const bool is_writer = mode == OpenMode::Append;
  std::error_code ignored;
  if (!is_writer && !std::filesystem::exists(path, ignored)) {
    return fail(ErrorKind::NotFound, path.string() + ": there is no such study");
  }
  std::optional<StudyLock> lock;
  if (is_writer) {
    Result<StudyLock> acquired = StudyLock::acquire(path);
    if (!acquired) return forward(acquired.error());
    lock.emplace(std::move(*acquired));
  }
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (is_writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  Result<Database> database = Database::open(path, flags);
  if (!database) return forward(database.error());
  std::unique_ptr<SqliteStorage> storage(
      new SqliteStorage(path, std::move(*database), std::move(lock)));
  if (auto done = storage->check_format(mode); !done) return forward(done.error());
  if (is_writer) {
    if (auto done = storage->prepare_for_append(); !done) return forward(done.error());
  }
  // Readers take pages as they lie in the kernel's cache; the file never gets shorter.
  if (auto done = storage->database_.run("PRAGMA mmap_size = 1073741824"); !done) {
    return forward(done.error());
  }
  auto select = storage->database_.prepare(kSelectEvents);
  if (!select) return forward(select.error());
  storage->select_events_.emplace(std::move(*select));
  return storage;
}

/// Makes sure that the file is a study of this version; an empty one becomes a study.
Result<void> SqliteStorage::check_format(OpenMode mode) {
  const auto application = database_.integer("PRAGMA application_id");
  if (!application) return forward(application.error());
  const auto version = database_.integer("PRAGMA user_version");
  if (!version) return forward(version.error());
  const auto num_objects = database_.integer("SELECT count(*) FROM sqlite_master");
  if (!num_objects) return forward(num_objects.error());

  if (*num_objects == 0 && *application == 0 && *version == 0) {
    if (mode == OpenMode::Read) {
      return fail(ErrorKind::NotFound, path_.string() + ": the file holds no study yet");
    }
    auto done = database_.run("PRAGMA page_size = 16384; PRAGMA journal_mode = WAL");
    if (done) done = database_.run("BEGIN IMMEDIATE;" + schema_sql() + "COMMIT;");
    if (!done) database_.roll_back();
    return done;
  }
  if (*application != kApplicationId) {
    return fail(ErrorKind::Invalid,
                path_.string() + ": not a Wattune study (an SQLite file of another program)");
  }
  if (*version != kSchemaVersion) {
    return fail(ErrorKind::Invalid,
                fmt::format("{}: a study of format {}, this program reads format {}",
                            path_.string(), *version, kSchemaVersion));
  }
  return mode == OpenMode::Append ? renew_views() : Result<void>{};
}

/// Views of an earlier program lack the words that have come since; a reader looks at them as they
/// are.
Result<void> SqliteStorage::renew_views() {
  const auto num_current = database_.integer(
      "SELECT count(*) FROM sqlite_master WHERE type = 'view' AND sql LIKE '%finalist%'");
  if (!num_current) return forward(num_current.error());
  if (*num_current > 0) return {};
  auto done = database_.run("BEGIN IMMEDIATE;" + renewed_views_sql() + "COMMIT;");
  if (!done) database_.roll_back();
  return done;
}

Result<void> SqliteStorage::prepare_for_append() {
  identity_ = identity_of(path_);
  // FULL: a commit returns when the log is on disk. A longer log between two checkpoints writes
  // fewer pages twice.
  auto done = database_.run("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;");
  if (!done) return done;
  const auto last = database_.integer("SELECT coalesce(max(seq), 0) FROM events");
  if (!last) return forward(last.error());
  last_sequence_ = static_cast<std::uint64_t>(*last);
  if (auto loaded = load_names(); !loaded) return loaded;
  num_stored_names_ = names_.names().size();

  auto event = database_.prepare(kInsertEvent);
  if (!event) return forward(event.error());
  insert_event_.emplace(std::move(*event));
  auto name = database_.prepare("INSERT INTO names VALUES (?1, ?2)");
  if (!name) return forward(name.error());
  insert_name_.emplace(std::move(*name));
  return {};
}

Result<void> SqliteStorage::append(std::span<const trial::Event> events, WallTime at) {
  if (!lock_) return fail(ErrorKind::Permission, path_.string() + ": opened for reading");
  if (events.empty()) return {};
  if (identity_of(path_) != identity_) {
    return fail(ErrorKind::Ended, path_.string() + ": the file was removed or replaced");
  }
  const std::uint64_t sequence_before = last_sequence_;
  auto done = insert_all(events, at);
  if (done) {
    num_stored_names_ = names_.names().size();
    return {};
  }
  database_.roll_back();
  last_sequence_ = sequence_before;
  names_.shrink(num_stored_names_);
  return done;
}

Result<void> SqliteStorage::insert_all(std::span<const trial::Event> events, WallTime at) {
  auto done = database_.run("BEGIN IMMEDIATE");
  for (std::size_t i = 0; done && i < events.size(); ++i) done = insert(events[i], at);
  if (done) done = insert_new_names();
  if (done) done = database_.run("COMMIT");
  return done;
}

Result<void> SqliteStorage::insert(const trial::Event& event, WallTime at) {
  if (const auto* created = std::get_if<trial::StudyCreated>(&event)) {
    if (auto done = insert_parameters(created->problem.space); !done) return done;
  }
  const EventRow row = encode(event, names_, buffer_);
  Statement& statement = *insert_event_;
  statement.bind(1, static_cast<std::int64_t>(last_sequence_ + 1));
  statement.bind(2, static_cast<std::int64_t>(at.time_since_epoch().count()));
  statement.bind(3, static_cast<std::int64_t>(row.kind));
  statement.bind(4, row.trial);
  statement.bind(5, row.code);
  statement.bind(6, row.step);
  statement.bind(7, row.samples);
  statement.bind(8, row.duration_s);
  if (row.energy) {
    statement.bind(9, row.energy->idle.count());
    statement.bind(10, row.energy->dynamic.count());
    statement.bind(11, row.energy->uncertainty.value());
    statement.bind(12, static_cast<std::int64_t>(row.energy->provenance));
  } else {
    for (int column = 9; column <= 12; ++column) statement.bind_null(column);
  }
  statement.bind(13, row.body);
  if (auto done = run_to_end(statement); !done) return done;
  ++last_sequence_;
  return {};
}

Result<void> SqliteStorage::insert_parameters(const space::Space& space) const {
  auto statement = database_.prepare("INSERT INTO parameters VALUES (?1, ?2, ?3)");
  if (!statement) return forward(statement.error());
  for (std::size_t i = 0; i < space.size(); ++i) {
    const space::Parameter& parameter = space.parameters()[i];
    const std::optional<std::string> choices = choices_text(parameter);
    statement->bind(1, static_cast<std::int64_t>(i));
    statement->bind(2, std::string_view(parameter.name));
    if (choices) {
      statement->bind(3, std::string_view(*choices));
    } else {
      statement->bind_null(3);
    }
    if (auto done = run_to_end(*statement); !done) return done;
  }
  return {};
}

Result<void> SqliteStorage::insert_new_names() {
  for (std::size_t i = num_stored_names_; i < names_.names().size(); ++i) {
    insert_name_->bind(1, static_cast<std::int64_t>(i));
    insert_name_->bind(2, std::string_view(names_.names()[i]));
    if (auto done = run_to_end(*insert_name_); !done) return done;
  }
  return {};
}

Result<void> SqliteStorage::run_to_end(Statement& statement) const {
  const int code = statement.step();
  if (code == SQLITE_DONE) {
    statement.reset();
    return {};
  }
  Error error = database_.error(code);
  statement.reset();
  return forward(std::move(error));
}

Result<void> SqliteStorage::load_names() const {
  auto statement = database_.prepare("SELECT number, name FROM names ORDER BY number");
  if (!statement) return forward(statement.error());
  names_.shrink(0);
  while (true) {
    const int code = statement->step();
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return forward(database_.error(code));
    const auto expected = names_.names().size();
    if (statement->integer(0) != static_cast<std::int64_t>(expected) ||
        names_.number_of(statement->text(1)) != expected) {
      return fail(ErrorKind::Invalid, path_.string() + ": its table of names is damaged");
    }
  }
}

Result<void> SqliteStorage::read(
    std::uint64_t after_sequence,
    const std::function<void(const trial::LoggedEvent&)>& visit) const {
  // One transaction: names and events of the same moment, whatever a writer does meanwhile.
  auto done = database_.run("BEGIN");
  if (done && !lock_) done = load_names();
  if (done) done = read_rows(after_sequence, visit);
  select_events_->reset();
  database_.roll_back();
  return done;
}

/// The columns of one row. Nothing where kind or provenance mean nothing.
std::optional<EventRow> row_of(const Statement& statement) {
  EventRow row;
  const std::int64_t kind = statement.integer(2);
  if (kind < 1 || kind > kLastKind) return std::nullopt;
  row.kind = static_cast<EventKind>(kind);
  row.trial = statement.optional_integer(3);
  row.code = statement.optional_integer(4);
  row.step = statement.optional_real(5);
  row.samples = statement.optional_real(6);
  row.duration_s = statement.optional_real(7);
  if (const auto provenance = statement.optional_integer(11)) {
    if (*provenance < 0 || *provenance > static_cast<std::int64_t>(Provenance::Missing)) {
      return std::nullopt;
    }
    row.energy = EnergyFigure{Microjoules{statement.integer(8)}, Microjoules{statement.integer(9)},
                              Joules{statement.real(10)}, static_cast<Provenance>(*provenance)};
  }
  row.body = statement.text(12);
  return row;
}

Result<void> SqliteStorage::read_rows(
    std::uint64_t after_sequence,
    const std::function<void(const trial::LoggedEvent&)>& visit) const {
  trial::LoggedEvent logged{after_sequence, {}, trial::SessionEnded{}};
  select_events_->bind(1, static_cast<std::int64_t>(after_sequence));
  while (true) {
    const int code = select_events_->step();
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return forward(database_.error(code));
    ++logged.sequence;
    if (select_events_->integer(0) != static_cast<std::int64_t>(logged.sequence)) {
      return forward(damage(logged.sequence, "it is missing"));
    }
    const std::optional<EventRow> row = row_of(*select_events_);
    if (!row) return forward(damage(logged.sequence, "its kind or provenance means nothing"));
    logged.at = WallTime{std::chrono::microseconds{select_events_->integer(1)}};
    if (const auto wrong = decode(*row, names_.names(), logged.event)) {
      return forward(damage(logged.sequence, *wrong));
    }
    visit(logged);
  }
}

Error SqliteStorage::damage(std::uint64_t sequence, const std::string& what) const {
  return {ErrorKind::Invalid,
          fmt::format("{}: the study is damaged at event {}: {}", path_.string(), sequence, what)};
}

}  // namespace

Result<std::unique_ptr<Storage>> open_sqlite(const std::filesystem::path& path,
                                             const SqliteOptions& options) {
  auto storage = SqliteStorage::open(path, options.mode);
  if (storage && options.mode == OpenMode::Append && !options.survives_power_loss) {
    if (auto done = static_cast<SqliteStorage&>(**storage).be_quick(); !done) {
      return forward(done.error());
    }
  }
  return storage;
}

}  // namespace wattune::storage
