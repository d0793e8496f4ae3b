#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wattune::train {

/// Metrics at one point of a training.
struct Report {
  std::int64_t step = 0;     ///< In the unit of the resource, from the beginning of the trial.
  std::int64_t samples = 0;  ///< Training samples used since the last report.
  std::vector<std::pair<std::string, double>> metrics;  ///< In the order of interest.
};

/// What is known of a training beside its metrics, such as the number of its parameters.
using Facts = std::vector<std::pair<std::string, std::int64_t>>;

struct Answer {
  enum class Kind { Continue, Pause, Stop };
  Kind kind = Kind::Continue;
  std::int64_t until = 0;  ///< Of Continue: the next report is due here at the latest.
};

/// Listens to a training: the engine at the other end of a channel, or a person at a terminal.
class Observer {
 public:
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  /// May come more than once; a later fact replaces one of the same name.
  virtual void info(const Facts& facts) = 0;
  virtual void phase_begin(std::string_view name) = 0;
  virtual void phase_end(std::string_view name, std::int64_t samples) = 0;
  virtual void checkpoint(std::int64_t step, const std::filesystem::path& path) = 0;

  /// The only message that is answered. Waits until the answer comes or `should_end` turns true.
  virtual Answer report(const Report& report) = 0;

  /// Asked between steps: has somebody asked this process to end?
  ///
  /// Errors   EngineGone  nobody listens any more
  virtual bool should_end() = 0;

 protected:
  Observer() = default;
};

}  // namespace wattune::train
