#include "protocol/terminal_observer.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <utility>

namespace wattune::train {

TerminalObserver::TerminalObserver(std::FILE* output, std::string unit, std::int64_t max,
                                   int end_request)
    : output_(output), unit_(std::move(unit)), max_(max), end_request_(end_request) {
}

void TerminalObserver::info(const Facts& facts) {
  std::string line;
  for (const auto& [name, value] : facts) {
    line += fmt::format("{}{} {}", line.empty() ? "" : "  ", name, value);
  }
  fmt::print(output_, "{}\n", line);
  std::fflush(output_);
}

void TerminalObserver::phase_begin(std::string_view /*name*/) {
  phase_began_ = std::chrono::steady_clock::now();
}

void TerminalObserver::phase_end(std::string_view name, std::int64_t samples) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - phase_began_;
  fmt::print(output_, "{:<9} {:>7} samples  {:7.2f} s  {:8.0f} samples/s\n", name, samples,
             took.count(), static_cast<double>(samples) / took.count());
}

void TerminalObserver::checkpoint(std::int64_t step, const std::filesystem::path& path) {
  fmt::print(output_, "checkpoint at {} {}: {}\n", step, unit_, path.string());
  std::fflush(output_);
}

Answer TerminalObserver::report(const Report& report) {
  std::string line = fmt::format("{} {}/{} ", unit_, report.step, max_);
  for (const auto& [name, value] : report.metrics) line += fmt::format(" {} {:.5g} ", name, value);
  fmt::print(output_, "{}\n", line);
  std::fflush(output_);
  return {.kind = Answer::Kind::Continue, .until = max_};
}

bool TerminalObserver::should_end() {
  pollfd watched{end_request_, POLLIN, 0};
  return ::poll(&watched, 1, 0) > 0;
}

}  // namespace wattune::train
