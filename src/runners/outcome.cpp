#include "outcome.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>

#include "wattune/base/text.hpp"

namespace wattune::runners {
namespace {

using trial::Outcome;
using trial::Verdict;

Ending with_tail(Outcome outcome, std::string why, const std::string& tail) {
  if (!tail.empty()) why += "\n" + tail;
  return {outcome, std::move(why)};
}

Ending forced_ending(const EndFacts& facts) {
  const ForcedEnd& forced = *facts.forced;
  const bool is_paused = forced.is_failed_pause && (facts.exit.status == 0 || facts.has_checkpoint);
  if (is_paused) return {Outcome::Paused, ""};
  if (!trial::is_failure(forced.outcome)) return {forced.outcome, forced.why};
  return with_tail(forced.outcome, forced.why, facts.stderr_tail);
}

Ending failed_ending(const EndFacts& facts) {
  // A shell gives 128 + 9 where the program it waited for got SIGKILL.
  const bool was_killed = facts.exit.signal == SIGKILL || facts.exit.status == 128 + SIGKILL;
  if (was_killed && facts.was_out_of_memory) {
    return with_tail(Outcome::FailedMemory, "ended by the kernel: out of memory",
                     facts.stderr_tail);
  }
  if (facts.exit.status) {
    return with_tail(Outcome::FailedExit, fmt::format("exit status {}", *facts.exit.status),
                     facts.stderr_tail);
  }
  if (!facts.exit.signal) {
    return with_tail(Outcome::FailedSignal,
                     "ended, and another part of this process took its "
                     "exit status",
                     facts.stderr_tail);
  }
  const int number = *facts.exit.signal;
  const char* name = ::sigdescr_np(number);
  std::string why = fmt::format("ended by signal {} ({})", number, name ? name : "unknown");
  if (number == SIGKILL) why += "; nobody here sent it: perhaps the kernel, for memory";
  return with_tail(Outcome::FailedSignal, std::move(why), facts.stderr_tail);
}

}  // namespace

Ending decide_ending(const EndFacts& facts) {
  if (facts.forced) return forced_ending(facts);
  if (facts.exit.status != 0) return failed_ending(facts);
  if (facts.told && !facts.is_at_max) {
    return {facts.told == Verdict::Pause ? Outcome::Paused : Outcome::Stopped, ""};
  }
  if (!facts.missing_metrics.empty()) {
    return with_tail(
        Outcome::FailedMetric,
        fmt::format("exit status 0, but {} never came", join_names(facts.missing_metrics)),
        facts.stderr_tail);
  }
  return {Outcome::Completed, ""};
}

}  // namespace wattune::runners
