#include "stop_wait.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace wattune::cli {

StopWait::StopWait() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

StopWait::~StopWait() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> StopWait::wait(Seconds duration) {
  if (stopped_by_) return stopped_by_;
  const double seconds = std::max(0.0, duration.value());
  timespec time{};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  const int number = sigtimedwait(&signals_, nullptr, &time);
  if (number > 0) stopped_by_ = number;
  return stopped_by_;
}

}  // namespace wattune::cli
