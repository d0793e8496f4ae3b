#include "shared_node.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "fork_guard.hpp"
#include "small_file.hpp"
#include "wattune/base/require.hpp"
#include "wattune/energy/process_cpu.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

/// Changes with every change of `NodeBoard`; part of the file's name, so that programs of two
/// layouts do not meet on one board.
constexpr std::uint64_t kLayout = 2;
constexpr off_t kOwnerByte = 0;
constexpr off_t kTableByte = 1;
constexpr int kMostTries = 200;
constexpr useconds_t kPauseBetweenTries = 200;

bool lock_byte(int file, off_t byte, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  int result = -1;
  do {
    result = ::fcntl(file, F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

std::int64_t to_milli(double cores) {
  return std::llround(std::max(0.0, cores) * 1000.0);
}

std::array<std::int64_t, kMaxParts> to_milli(const std::vector<double>& cores) {
  std::array<std::int64_t, kMaxParts> parts{};
  for (std::size_t i = 0; i < std::min(cores.size(), kMaxParts); ++i) parts[i] = to_milli(cores[i]);
  return parts;
}

/// Processes of another namespace have other numbers, so they get another board.
std::string file_name() {
  struct stat info {};
  const auto space = ::stat("/proc/self/ns/pid", &info) == 0 ? info.st_ino : 0;
  return fmt::format("node-{}-{}", kLayout, space);
}

/// Another user who owned the folder could put anything in the place of the board.
std::optional<Error> why_not_trusted(const fs::path& folder) {
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0) {
    return Error{ErrorKind::Permission,
                 fmt::format("{}: {}", folder.string(), std::strerror(errno))};
  }
  if (!S_ISDIR(info.st_mode) || (info.st_uid != ::geteuid() && info.st_uid != 0)) {
    return Error{ErrorKind::Permission,
                 fmt::format("{} does not belong to this user", folder.string())};
  }
  return std::nullopt;
}

}  // namespace

/// Holds the lock of the reservations, which is only ever held for microseconds. A process that was
/// stopped just then must not stop all others: after a while they go on without it.
class SharedNode::Guard {
 public:
  explicit Guard(SharedNode& node) : lock_(node.mutex_), file_(node.file_) {
    for (int i = 0; i < kMostTries && !lock_byte(file_, kTableByte, F_WRLCK); ++i) {
      ::usleep(kPauseBetweenTries);
    }
  }
  ~Guard() { lock_byte(file_, kTableByte, F_UNLCK); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
  int file_;
};

Result<std::unique_ptr<SharedNode>> SharedNode::open(const fs::path& folder,
                                                     const NodeClaim& capacity, MonotonicTime now) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(ErrorKind::Permission,
                fmt::format("cannot make {}: {}", folder.string(), std::strerror(errno)));
  }
  if (auto reason = why_not_trusted(folder)) return tl::unexpected(std::move(*reason));
  const fs::path path = folder / file_name();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
  if (file < 0) {
    return fail(ErrorKind::Permission, fmt::format("{}: {}", path.string(), std::strerror(errno)));
  }
  void* memory = MAP_FAILED;
  if (::ftruncate(file, sizeof(NodeBoard)) == 0) {
    memory = ::mmap(nullptr, sizeof(NodeBoard), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  if (memory == MAP_FAILED) {
    const int number = errno;
    ::close(file);
    return fail(ErrorKind::Transient, fmt::format("{}: {}", path.string(), std::strerror(number)));
  }
  close_in_forked_children(file);
  std::unique_ptr<SharedNode> node(new SharedNode(file, static_cast<NodeBoard*>(memory)));
  if (!node->enter(capacity, now)) {
    return fail(ErrorKind::Transient,
                fmt::format("{}: {} processes share it already", path.string(), kMaxClaims));
  }
  return node;
}

/// Finds a place in the table of reservations.
bool SharedNode::enter(const NodeClaim& capacity, MonotonicTime now) {
  reap(now);
  const Guard guard(*this);
  const std::string boot = read_word("/proc/sys/kernel/random/boot_id").value_or("unknown");
  const std::string_view known(board_->boot_id.data());
  if (board_->layout.load() != kLayout || known != boot.substr(0, board_->boot_id.size() - 1)) {
    begin_anew();
    std::copy_n(boot.begin(), std::min(boot.size(), board_->boot_id.size() - 1),
                board_->boot_id.begin());
    board_->capacity_milli = to_milli(capacity.cores);
    board_->changed_at_ns = to_ns(now);
    board_->layout.store(kLayout);
  }
  for (claim_ = 0; claim_ < kMaxClaims; ++claim_) {
    BoardClaim& claim = board_->claims[claim_];
    if (claim.is_used.load() != 0) continue;
    claim.pid = ::getpid();
    claim.started = process_started(::getpid()).value_or(0);
    claim.milli_cores = {};
    claim.num_gpus = 0;
    claim.is_used.store(1);
    return true;
  }
  return false;
}

void SharedNode::begin_anew() {
  static_assert(std::is_trivially_destructible_v<NodeBoard>);
  std::memset(static_cast<void*>(board_), 0, sizeof(NodeBoard));
}

SharedNode::~SharedNode() {
  if (claim_ < kMaxClaims && !is_forked_copy(file_)) {
    const Guard guard(*this);
    settle(SystemClock().now());
    board_->claims[claim_].is_used.store(0);
    add_up();
    if (is_owner_) board_->owner_pid.store(0);
  }
  ::munmap(board_, sizeof(NodeBoard));
  if (forget_in_forked_children(file_)) ::close(file_);
}

bool SharedNode::try_to_own() {
  const std::lock_guard lock(mutex_);
  if (is_owner_) return true;
  is_owner_ = lock_byte(file_, kOwnerByte, F_WRLCK);
  if (is_owner_) board_->owner_pid.store(::getpid());
  return is_owner_;
}

/// Brings the core time up to now with the reservations as they have been.
void SharedNode::settle(MonotonicTime now) {
  const std::int64_t length = std::max<std::int64_t>(0, to_ns(now) - board_->changed_at_ns);
  for (std::size_t part = 0; part < kMaxParts; ++part) {
    const std::int64_t milli = std::max(board_->capacity_milli[part], board_->reserved_milli[part]);
    board_->core_ns[part] += length / 1000 * milli + length % 1000 * milli / 1000;
  }
  board_->changed_at_ns += length;
}

/// Sums the claims anew, so that one that was cut off in the middle leaves no trace.
void SharedNode::add_up() {
  board_->reserved_milli = {};
  for (const BoardClaim& claim : board_->claims) {
    if (claim.is_used.load() == 0) continue;
    for (std::size_t part = 0; part < kMaxParts; ++part) {
      board_->reserved_milli[part] += claim.milli_cores[part];
    }
  }
  board_->claims_version.fetch_add(1);
}

void SharedNode::reap(MonotonicTime now) {
  const Guard guard(*this);
  bool has_dead = false;
  for (BoardClaim& claim : board_->claims) {
    if (claim.is_used.load() == 0) continue;
    if (process_started(claim.pid) == std::optional(claim.started)) continue;
    if (!has_dead) settle(now);
    has_dead = true;
    claim.is_used.store(0);
  }
  if (has_dead) add_up();
}

std::size_t SharedNode::num_others() {
  const Guard guard(*this);
  std::size_t count = 0;
  for (std::size_t i = 0; i < kMaxClaims; ++i) {
    if (i != claim_ && board_->claims[i].is_used.load() != 0) ++count;
  }
  return count;
}

void SharedNode::set(const NodeClaim& claim, MonotonicTime now) {
  const Guard guard(*this);
  settle(now);
  BoardClaim& own = board_->claims[claim_];
  own.milli_cores = to_milli(claim.cores);
  own.num_gpus = static_cast<std::uint32_t>(std::min(claim.gpu_uuids.size(), kMaxGpus));
  for (std::size_t i = 0; i < own.num_gpus; ++i) {
    const std::string& uuid = claim.gpu_uuids[i];
    own.gpus[i].fill('\0');
    std::copy_n(uuid.begin(), std::min(uuid.size(), own.gpus[i].size() - 1), own.gpus[i].begin());
  }
  add_up();
}

NodeUse SharedNode::use(MonotonicTime now) {
  const Guard guard(*this);
  settle(now);
  NodeUse use;
  use.core_ns.assign(board_->core_ns.begin(), board_->core_ns.end());
  for (std::size_t i = 0; i < kMaxClaims; ++i) {
    const BoardClaim& claim = board_->claims[i];
    if (i == claim_ || claim.is_used.load() == 0) continue;
    for (std::size_t k = 0; k < std::min<std::size_t>(claim.num_gpus, kMaxGpus); ++k) {
      use.gpus_of_others.emplace_back(claim.gpus[k].data());
    }
  }
  return use;
}

}  // namespace wattune::energy
