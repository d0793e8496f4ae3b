#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "protocol/observer.hpp"

namespace wattune::train {

/// Prints one line per report, for a training that nobody but a person watches.
class TerminalObserver final : public Observer {
 public:
  /// Takes    unit         name of the resource's unit, for the lines
  ///          end_request  descriptor that becomes readable when the process is asked to end
  TerminalObserver(std::FILE* output, std::string unit, std::int64_t max, int end_request);

  void info(const Facts& facts) override;
  void phase_begin(std::string_view name) override;
  void phase_end(std::string_view name, std::int64_t samples) override;
  void checkpoint(std::int64_t step, const std::filesystem::path& path) override;
  Answer report(const Report& report) override;
  bool should_end() override;

 private:
  std::FILE* output_;
  std::string unit_;
  std::int64_t max_;
  int end_request_;
  std::chrono::steady_clock::time_point phase_began_;
};

}  // namespace wattune::train
