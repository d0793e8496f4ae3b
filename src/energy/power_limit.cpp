#include "wattune/energy/power_limit.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace wattune::energy {
namespace {

/// One line of the journal: "GPU-… 700000 350000", what was found and what was set, in milliwatts.
struct Change {
  long long found_mw = 0;
  long long set_mw = 0;

  /// Nothing is to be put back; this is also how a change is crossed out.
  [[nodiscard]] bool is_settled() const { return found_mw == set_mw; }
};
using Changes = std::map<std::string, Change>;

long long milliwatts(Watts power) {
  return std::llround(power.value() * 1e3);
}

Watts from_milliwatts(long long milliwatts) {
  return Watts{static_cast<double>(milliwatts) * 1e-3};
}

ErrorKind kind_of_errno(int code) {
  return code == EACCES || code == EPERM || code == EROFS ? ErrorKind::Permission
         : code == ENOENT || code == ENOTDIR              ? ErrorKind::NotFound
                                                          : ErrorKind::Transient;
}

/// The last entry per GPU. A line that was cut off belongs to a change that was never made.
Changes read_changes(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (::off_t at = 0;;) {
    const ::ssize_t length = ::pread(file, buffer.data(), buffer.size(), at);
    if (length <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(length));
    at += length;
  }
  text.resize(text.find_last_of('\n') + 1);  // npos + 1 is 0
  std::istringstream lines(text);
  Changes changes;
  std::string uuid;
  Change change;
  while (lines >> uuid >> change.found_mw >> change.set_mw) changes[uuid] = change;
  std::erase_if(changes, [](const auto& each) { return each.second.is_settled(); });
  return changes;
}

/// A file that is only appended to, locked while it is open.
class Journal {
 public:
  static Result<Journal> open(const std::filesystem::path& path) {
    Journal journal;
    journal.path_ = path;
    journal.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (journal.file_ < 0) return journal.failed("cannot be opened");
    if (::flock(journal.file_, LOCK_EX | LOCK_NB) != 0) {
      return fail(ErrorKind::Transient,
                  path.string() + ": another process is changing power limits");
    }
    return journal;
  }
  ~Journal() {
    if (file_ >= 0) ::close(file_);
  }
  Journal(Journal&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  Journal& operator=(Journal&&) = delete;

  [[nodiscard]] Changes read() const { return read_changes(file_); }

  [[nodiscard]] Result<void> append(const std::string& uuid, const Change& change) const {
    const std::string line = fmt::format("{} {} {}\n", uuid, change.found_mw, change.set_mw);
    const bool is_written =
        ::write(file_, line.data(), line.size()) == static_cast<::ssize_t>(line.size());
    if (!is_written || ::fdatasync(file_) != 0) return failed("cannot be written");
    return {};
  }

  /// Forgets everything.
  [[nodiscard]] Result<void> clear() const {
    if (::ftruncate(file_, 0) != 0 || ::fdatasync(file_) != 0) return failed("cannot be emptied");
    return {};
  }

 private:
  Journal() = default;
  [[nodiscard]] tl::unexpected<Error> failed(const char* what) const {
    return fail(kind_of_errno(errno),
                fmt::format("{}: {}: {}", path_.string(), what, std::strerror(errno)));
  }

  std::filesystem::path path_;
  int file_ = -1;
};

/// Puts one limit back. Gives what is to be told; `is_settled` says whether it can be forgotten.
std::string put_back(const Nvml& nvml, const std::string& uuid, const Change& change,
                     bool& is_settled) {
  const Result<PowerLimit> limit = nvml.power_limit(uuid);
  is_settled = false;
  if (!limit) return fmt::format("{}: {}", uuid, limit.error().message);
  const long long now = milliwatts(limit->now);
  is_settled = true;
  if (now == change.found_mw) return {};
  if (now != change.set_mw) {
    return fmt::format("{}: the limit of {:g} W is not ours and stays; before us it was {:g} W",
                       uuid, limit->now.value(), from_milliwatts(change.found_mw).value());
  }
  const Result<void> done = nvml.set_power_limit(uuid, from_milliwatts(change.found_mw));
  is_settled = done.has_value();
  return done ? std::string() : fmt::format("{}: {}", uuid, done.error().message);
}

}  // namespace

struct PowerLimitControl::State {
  State(Nvml library, Journal opened) : nvml(std::move(library)), journal(std::move(opened)) {}

  /// Puts back what is in the journal, of one GPU only where one is named.
  std::vector<std::string> restore(std::optional<std::string_view> only = std::nullopt) {
    std::vector<std::string> words;
    const auto note = [&words](const Result<void>& done) {
      if (!done) words.push_back(done.error().message);
    };
    bool is_all_settled = true;
    for (const auto& [uuid, change] : journal.read()) {
      bool is_settled = false;
      if (!only || *only == uuid) {
        std::string told = put_back(nvml, uuid, change, is_settled);
        if (!told.empty()) words.push_back(std::move(told));
      }
      is_all_settled = is_all_settled && is_settled;
      if (is_settled) note(journal.append(uuid, {change.found_mw, change.found_mw}));
    }
    if (is_all_settled) note(journal.clear());
    return words;
  }

  Nvml nvml;
  Journal journal;
  std::vector<std::string> found_at_start;
};

PowerLimitControl::PowerLimitControl(std::unique_ptr<State> state) : state_(std::move(state)) {
}

PowerLimitControl::~PowerLimitControl() {
  if (state_) static_cast<void>(state_->restore());
}

PowerLimitControl::PowerLimitControl(PowerLimitControl&&) noexcept = default;
PowerLimitControl& PowerLimitControl::operator=(PowerLimitControl&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Result<PowerLimitControl> PowerLimitControl::open(Nvml nvml, const std::filesystem::path& journal) {
  Result<Journal> opened = Journal::open(journal);
  if (!opened) return tl::unexpected(opened.error());
  auto state = std::make_unique<State>(std::move(nvml), std::move(*opened));
  state->found_at_start = state->restore();
  return PowerLimitControl{std::move(state)};
}

Result<void> PowerLimitControl::set(std::string_view uuid, Watts limit) {
  const Result<PowerLimit> allowed = state_->nvml.power_limit(uuid);
  if (!allowed) return tl::unexpected(allowed.error());
  if (!(limit >= allowed->least && limit <= allowed->most)) {
    throw ConfigError(fmt::format("power limit of {:g} W: {} allows {:g} to {:g} W", limit.value(),
                                  allowed->gpu, allowed->least.value(), allowed->most.value()));
  }
  const std::string name(uuid);
  const Changes earlier = state_->journal.read();
  const auto ours = earlier.find(name);
  const long long found = ours != earlier.end() ? ours->second.found_mw : milliwatts(allowed->now);
  if (auto done = state_->journal.append(name, {found, milliwatts(limit)}); !done) return done;
  return state_->nvml.set_power_limit(uuid, limit);
}

Result<PowerLimit> PowerLimitControl::try_out(std::string_view uuid) const {
  Result<PowerLimit> limit = state_->nvml.power_limit(uuid);
  if (!limit) return limit;
  const Result<void> done = state_->nvml.set_power_limit(uuid, limit->now);
  if (!done) return tl::unexpected(done.error());
  return limit;
}

std::string PowerLimitControl::restore(std::string_view uuid) {
  const std::vector<std::string> words = state_->restore(uuid);
  return fmt::format("{}", fmt::join(words, "; "));
}

std::vector<std::string> PowerLimitControl::restore() {
  return state_->restore();
}

const std::vector<std::string>& PowerLimitControl::found_at_start() const {
  return state_->found_at_start;
}

Result<PowerLimitJournal> read_power_limit_journal(const std::filesystem::path& journal) {
  const int file = ::open(journal.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (kind_of_errno(errno) == ErrorKind::NotFound) return PowerLimitJournal{};
    return fail(kind_of_errno(errno),
                fmt::format("{}: {}", journal.string(), std::strerror(errno)));
  }
  PowerLimitJournal found;
  found.is_in_use = ::flock(file, LOCK_SH | LOCK_NB) != 0;
  for (const auto& [uuid, change] : read_changes(file)) {
    found.changes.push_back(
        {uuid, from_milliwatts(change.found_mw), from_milliwatts(change.set_mw)});
  }
  ::close(file);
  return found;
}

Result<std::vector<std::string>> restore_power_limits(const Nvml& nvml,
                                                      const std::filesystem::path& journal) {
  std::error_code ignored;
  if (!std::filesystem::exists(journal, ignored)) return std::vector<std::string>{};
  const Result<PowerLimitControl> control = PowerLimitControl::open(nvml, journal);
  if (!control) return tl::unexpected(control.error());
  return control->found_at_start();
}

}  // namespace wattune::energy
