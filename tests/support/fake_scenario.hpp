#pragma once

#include <stdlib.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "support/temporary_folder.hpp"
#include "wattune/base/clock.hpp"

namespace wattune::fake {

/// What a fake driver library answers, in a file that it reads anew at every call; see
/// fake_scenario/scenario.h for the keys that all have.
///
/// Time in the library and on `clock()` moves by `advance` and by nothing else.
class Scenario {
 public:
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;

  /// From now on device `index` draws so much; its counter and sensors follow.
  void draw(int index, Watts power) {
    std::string& trace = answers_["trace" + std::to_string(index)];
    if (!trace.empty()) trace += ' ';
    trace += std::to_string(time_us_) + ":" +
             std::to_string(static_cast<std::uint64_t>(power.value() * 1e3));
    write();
  }
  void advance(Seconds step) {
    time_us_ += static_cast<std::uint64_t>(step.value() * 1e6 + 0.5);
    clock_.advance(step);
    set("time_us", std::to_string(time_us_));
  }
  [[nodiscard]] const ManualClock& clock() const { return clock_; }
  /// To be handed in where a back end wants to wait.
  [[nodiscard]] std::function<void(Seconds)> wait() {
    return [this](Seconds step) { advance(step); };
  }

  void set(const std::string& key, const std::string& value) {
    answers_[key] = value;
    write();
  }
  void forget(const std::string& key) {
    answers_.erase(key);
    write();
  }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  /// What stands in the file.
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const auto& [key, value] : answers_) text += key + " " + value + "\n";
    return text;
  }

 protected:
  /// Takes    variable  the environment variable by which the library finds the file
  explicit Scenario(const char* variable) : variable_(variable) {
    write();
    ::setenv(variable, (folder_.path() / "scenario").c_str(), 1);
  }
  ~Scenario() { ::unsetenv(variable_); }

 private:
  void write() const { folder_.write("scenario", text()); }

  const char* variable_;
  TemporaryFolder folder_;
  std::map<std::string, std::string> answers_;
  ManualClock clock_;
  std::uint64_t time_us_ = 0;
};

}  // namespace wattune::fake
