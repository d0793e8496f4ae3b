#include "fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>

namespace wattune::energy {
namespace {

std::atomic<std::uint64_t> depth{0};
/// Descriptor + 1; 0: free. Read in the child between fork and exec, hence no lock.
std::array<std::atomic<int>, 64> files{};

void in_child() {
  depth.fetch_add(1);
  for (std::atomic<int>& file : files) {
    if (const int number = file.exchange(0); number > 0) ::close(number - 1);
  }
}

void watch_forks() {
  static std::once_flag once;
  std::call_once(once, [] { ::pthread_atfork(nullptr, nullptr, in_child); });
}

}  // namespace

std::uint64_t fork_depth() {
  watch_forks();
  return depth.load();
}

void close_in_forked_children(int file) {
  watch_forks();
  for (std::atomic<int>& slot : files) {
    int free = 0;
    if (slot.compare_exchange_strong(free, file + 1)) return;
  }
}

bool forget_in_forked_children(int file) {
  for (std::atomic<int>& slot : files) {
    int number = file + 1;
    if (slot.compare_exchange_strong(number, 0)) return true;
  }
  return false;
}

bool is_forked_copy(int file) {
  for (const std::atomic<int>& slot : files) {
    if (slot.load() == file + 1) return false;
  }
  return true;
}

}  // namespace wattune::energy
