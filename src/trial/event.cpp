#include "wattune/trial/event.hpp"

#include <array>

#include "wattune/base/require.hpp"

namespace wattune::trial {
namespace {

template <typename Enum, std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  WATTUNE_REQUIRE(index < N);
  return names[index];
}

}  // namespace

std::string_view to_text(Purpose purpose) {
  constexpr std::array<std::string_view, 3> kNames{"search", "probe", "finalist"};
  return name_in(kNames, purpose);
}

std::string_view to_text(Origin origin) {
  constexpr std::array<std::string_view, 6> kNames{"default", "sampler",  "probe",
                                                   "sm2",     "finalist", "enqueued"};
  return name_in(kNames, origin);
}

std::string_view to_text(Stage stage) {
  constexpr std::array<std::string_view, 4> kNames{"probe", "exploration", "final", "finalist"};
  return name_in(kNames, stage);
}

std::string_view to_text(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames{"continue", "pause", "stop"};
  return name_in(kNames, verdict);
}

std::string_view to_text(Outcome outcome) {
  constexpr std::array<std::string_view, 15> kNames{
      "completed",       "paused",       "stopped",       "failed_exit",    "failed_signal",
      "failed_memory",   "failed_start", "failed_metric", "failed_timeout", "failed_silent",
      "failed_protocol", "cut_budget",   "interrupted",   "lost",           "stopped_budget"};
  return name_in(kNames, outcome);
}

std::string_view to_text(EndReason reason) {
  constexpr std::array<std::string_view, 3> kNames{"finished", "budget", "interrupted"};
  return name_in(kNames, reason);
}

bool is_failure(Outcome outcome) {
  return outcome >= Outcome::FailedExit && outcome <= Outcome::FailedProtocol;
}

}  // namespace wattune::trial
