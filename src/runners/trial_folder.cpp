#include "trial_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "wattune/runners/protocol.hpp"

namespace wattune::runners {
namespace {

namespace fs = std::filesystem;

long long size_of(const Descriptor& file) {
  struct stat info {};
  return ::fstat(file.number(), &info) == 0 ? info.st_size : 0;
}

Descriptor open_log(const fs::path& file) {
  return Descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
}

tl::unexpected<Error> cannot_write(const fs::path& file, int number) {
  return fail(ErrorKind::Permission,
              fmt::format("cannot write {}: {}", file.string(), ::strerrordesc_np(number)));
}

std::string_view last_lines(std::string_view text, std::size_t num_lines) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t start = text.size();
  for (std::size_t line = 0; line < num_lines && start != std::string_view::npos; ++line) {
    if (start == 0) return text;
    start = text.rfind('\n', start - 1);
  }
  return start == std::string_view::npos ? text : text.substr(start + 1);
}

}  // namespace

std::string TrialFolder::name_of(TrialId trial) {
  return fmt::format("trial-{:06}", trial.number());
}

bool TrialFolder::is_own_file(const fs::path& name) {
  return name == "config.json" || name == "stdout.log" || name == "stderr.log";
}

Result<TrialFolder> TrialFolder::open(const fs::path& files_dir, TrialId trial) {
  TrialFolder folder;
  folder.path_ = files_dir / name_of(trial);
  std::error_code error;
  fs::create_directories(folder.path_, error);
  if (error) return cannot_write(folder.path_, error.value());
  folder.stdout_log_ = open_log(folder.path_ / "stdout.log");
  folder.stderr_log_ = open_log(folder.path_ / "stderr.log");
  if (!folder.stdout_log_.is_open() || !folder.stderr_log_.is_open()) {
    return cannot_write(folder.path_ / "stdout.log", errno);
  }
  folder.stderr_start_ = size_of(folder.stderr_log_);
  return folder;
}

Result<void> TrialFolder::write_config(const nlohmann::ordered_json& config) const {
  const Descriptor file(
      ::open(config_path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  const std::string text = config.dump(2) + "\n";
  const bool is_written = file.is_open() && ::write(file.number(), text.data(), text.size()) ==
                                                static_cast<ssize_t>(text.size());
  if (!is_written) return cannot_write(config_path(), errno);
  return {};
}

long long TrialFolder::logged_bytes() const {
  return size_of(stdout_log_) + size_of(stderr_log_);
}

std::string TrialFolder::stderr_tail() const {
  constexpr long long kMostBytes = 4096;
  constexpr std::size_t kMostLines = 20;
  const long long end = size_of(stderr_log_);
  const long long start = std::max(stderr_start_, end - kMostBytes);
  if (start >= end) return "";
  std::string tail(static_cast<std::size_t>(end - start), '\0');
  const ssize_t count = ::pread(stderr_log_.number(), tail.data(), tail.size(), start);
  tail.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return printable(last_lines(tail, kMostLines));
}

}  // namespace wattune::runners
