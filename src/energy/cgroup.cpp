#include "wattune/energy/cgroup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "small_file.hpp"
#include "wattune/energy/process_cpu.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "wattune-";

struct Place {
  fs::path folder;  ///< Of this process's own group.
  bool is_version_2 = false;
};

/// The path after "N:controllers:" of the line that names the controller; "" is version 2.
std::optional<std::string> own_group(std::string_view text, std::string_view controller) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto first = line.find(':');
    const auto second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string names = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    const bool is_named = controller.empty()
                              ? names == ",,"
                              : names.find("," + std::string(controller) + ",") != names.npos;
    if (is_named) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

fs::path below(const fs::path& mount, const std::string& group) {
  return mount / fs::path(group).relative_path();
}

bool is_there(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

/// The group of this process in either version, where it is to be seen.
std::vector<Place> find_places(const CgroupRoots& roots) {
  std::vector<Place> places;
  const std::string text = read_small_file(roots.own_groups).value_or("");
  if (const auto group = own_group(text, "")) {
    for (const fs::path& mount : {roots.mounts, roots.mounts / "unified"}) {
      const fs::path folder = below(mount, *group);
      const bool is_version_2 = is_there(mount / "cgroup.controllers");
      if (is_version_2 && is_there(folder / "cgroup.procs")) places.push_back({folder, true});
    }
  }
  if (const auto group = own_group(text, "cpuacct")) {
    for (const char* mount : {"cpuacct", "cpu,cpuacct"}) {
      const fs::path folder = below(roots.mounts / mount, *group);
      if (is_there(folder / "cpuacct.usage")) {
        places.push_back({folder, false});
        break;
      }
    }
  }
  return places;
}

/// What belongs to root is systemd's to divide, unless it says otherwise.
bool may_divide(const Place& place, const fs::path& systemd) {
  if (::access(place.folder.c_str(), W_OK) != 0) return false;
  if (::access((place.folder / "cgroup.procs").c_str(), W_OK) != 0) return false;
  struct stat info {};
  if (::stat(place.folder.c_str(), &info) != 0) return false;
  if (info.st_uid != 0 || !is_there(systemd)) return true;
  std::array<char, 8> value{};
  for (const char* name : {"trusted.delegate", "user.delegate"}) {
    const ssize_t size = ::getxattr(place.folder.c_str(), name, value.data(), value.size());
    if (size == 1 && value[0] == '1') return true;
  }
  return false;
}

/// "wattune-PID-START": the process that made the group.
std::string own_name() {
  return fmt::format("{}{}-{}", kPrefix, ::getpid(), process_started(::getpid()).value_or(0));
}

bool has_dead_maker(std::string_view name) {
  name.remove_prefix(kPrefix.size());
  std::optional<std::uint64_t> pid = take_number(name);
  if (!pid || !name.starts_with('-')) return false;
  name.remove_prefix(1);
  const std::optional<std::uint64_t> started = take_number(name);
  return started && (name.empty() || name.starts_with('.')) &&
         process_started(static_cast<pid_t>(*pid)) != started;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error)) found.push_back(entry->path());
  }
  return found;
}

/// A folder that was not there before; the name gets a number where it is taken.
std::optional<fs::path> make_folder(const fs::path& parent, const std::string& name) {
  for (int number = 0; number < 100; ++number) {
    const fs::path folder = parent / (number == 0 ? name : fmt::format("{}.{}", name, number));
    if (::mkdir(folder.c_str(), 0755) == 0) return folder;
    if (errno != EEXIST) break;
  }
  return std::nullopt;
}

/// Only what is empty goes; a group cannot be removed while something runs in it.
void remove_group(const fs::path& folder) {
  for (const fs::path& inner : folders_in(folder)) ::rmdir(inner.c_str());
  ::rmdir(folder.c_str());
}

}  // namespace

Cgroup::Cgroup(Cgroup&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      is_version_2_(other.is_version_2_),
      entrance_(std::exchange(other.entrance_, -1)) {
}

Cgroup::~Cgroup() {
  if (entrance_ >= 0) ::close(entrance_);
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

Result<Seconds> Cgroup::cpu_time() const {
  if (!is_version_2_) {
    return read_number(folder_ / "cpuacct.usage").map([](std::uint64_t nanoseconds) {
      return Seconds{static_cast<double>(nanoseconds) * 1e-9};
    });
  }
  const Result<std::string> text = read_small_file(folder_ / "cpu.stat");
  if (!text) return tl::unexpected(text.error());
  constexpr std::string_view kUsage = "usage_usec ";
  if (!text->starts_with(kUsage)) {
    return fail(ErrorKind::Invalid, (folder_ / "cpu.stat").string() + ": no usage_usec");
  }
  std::string_view rest = std::string_view(*text).substr(kUsage.size());
  const std::optional<std::uint64_t> microseconds = take_number(rest);
  if (!microseconds) {
    return fail(ErrorKind::Invalid, (folder_ / "cpu.stat").string() + ": usage_usec is no number");
  }
  return Seconds{static_cast<double>(*microseconds) * 1e-6};
}

std::vector<pid_t> Cgroup::members() const {
  std::vector<pid_t> members;
  const std::string text = read_small_file(folder_ / "cgroup.procs").value_or("");
  std::string_view rest = text;
  while (const auto pid = take_number(rest)) {
    members.push_back(static_cast<pid_t>(*pid));
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
  }
  return members;
}

bool Cgroup::kill() const {
  if (!is_version_2_) return false;
  const int file = ::open((folder_ / "cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool is_done = ::write(file, "1", 1) == 1;
  ::close(file);
  return is_done;
}

CgroupParent::CgroupParent(CgroupParent&& other) noexcept
    : folder_(std::exchange(other.folder_, {})), is_version_2_(other.is_version_2_) {
}

CgroupParent::~CgroupParent() {
  if (!folder_.empty()) remove_group(folder_);
}

Result<CgroupParent> CgroupParent::open(const CgroupRoots& roots) {
  const std::vector<Place> places = find_places(roots);
  if (places.empty()) {
    return fail(ErrorKind::NotFound, "no control group that counts CPU time is to be seen");
  }
  for (const Place& place : places) {
    if (!may_divide(place, roots.systemd)) continue;
    for (const fs::path& other : folders_in(place.folder)) {
      const std::string name = other.filename().string();
      if (name.starts_with(kPrefix) && has_dead_maker(name)) remove_group(other);
    }
    const std::optional<fs::path> folder = make_folder(place.folder, own_name());
    if (folder) return CgroupParent(*folder, place.is_version_2);
  }
  return fail(ErrorKind::Permission,
              fmt::format("{} is not delegated to this process (`systemd-run --user --scope -p "
                          "Delegate=yes` delegates one)",
                          places.front().folder.string()));
}

std::string CgroupParent::describe() const {
  return fmt::format("cgroup v{} below {}", is_version_2_ ? 2 : 1, folder_.string());
}

Result<Cgroup> CgroupParent::make(const std::string& name) const {
  const std::optional<fs::path> made = make_folder(folder_, name);
  if (!made) {
    return fail(ErrorKind::Transient,
                fmt::format("{}: {}", (folder_ / name).string(), std::strerror(errno)));
  }
  const fs::path& folder = *made;
  // The kernel has put the file there; one is made only in the trees of tests.
  const int entrance =
      ::open((folder / "cgroup.procs").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (entrance < 0) {
    const int number = errno;
    ::rmdir(folder.c_str());
    return fail(ErrorKind::Transient,
                fmt::format("{}: {}", folder.string(), std::strerror(number)));
  }
  return Cgroup(folder, is_version_2_, entrance);
}

}  // namespace wattune::energy
