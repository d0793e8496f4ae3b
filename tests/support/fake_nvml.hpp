#pragma once

#include <dlfcn.h>
#include <stdlib.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "support/temporary_folder.hpp"
#include "wattune/base/clock.hpp"

namespace wattune::fake {

/// What the fake driver library answers; see fake_nvml/fake_nvml.c for the keys.
///
/// Time in the library and on `clock()` moves by `advance` and by nothing else.
class NvmlScenario {
 public:
  NvmlScenario() {
    set("count", "0");
    ::setenv("FAKE_NVML", (folder_.path() / "scenario").c_str(), 1);
  }
  ~NvmlScenario() { ::unsetenv("FAKE_NVML"); }
  NvmlScenario(const NvmlScenario&) = delete;
  NvmlScenario& operator=(const NvmlScenario&) = delete;

  /// A GPU with a counter at `energy_mj`, a limit of 700 W and 80 GB.
  void add_gpu(const std::string& uuid, std::uint64_t energy_mj = 1'000'000) {
    const std::string index = std::to_string(num_gpus_++);
    answers_["uuid" + index] = uuid;
    answers_["name" + index] = "NVIDIA Fake H100";
    answers_["architecture" + index] = "9";
    answers_["energy" + index] = std::to_string(energy_mj);
    answers_["limit" + index] = "700000";
    answers_["memory" + index] = "80000000000";
    set("count", std::to_string(num_gpus_));
  }
  /// From now on GPU `index` draws so much; its counter and sensors follow.
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

  /// What the library does before each answer that takes a driver its time.
  static void set_hook(void (*called)()) {
    using SetHook = void (*)(void (*)());
    reinterpret_cast<SetHook>(::dlsym(handle(), "fake_nvml_set_hook"))(called);
  }
  /// How often the library was started since the program began.
  [[nodiscard]] static int starts() {
    return reinterpret_cast<int (*)()>(::dlsym(handle(), "fake_nvml_starts"))();
  }

  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] static std::string library() { return WATTUNE_FAKE_NVML; }
  [[nodiscard]] static std::string old_library() { return WATTUNE_FAKE_NVML_OLD; }
  [[nodiscard]] static std::string library_without_fields() { return WATTUNE_FAKE_NVML_NO_FIELDS; }

 private:
  /// Stays open to the end of the program, so that the library keeps its memory.
  static void* handle() {
    static void* const kept = ::dlopen(WATTUNE_FAKE_NVML, RTLD_LAZY | RTLD_LOCAL);
    return kept;
  }
  void write() const {
    std::string text;
    for (const auto& [key, value] : answers_) text += key + " " + value + "\n";
    folder_.write("scenario", text);
  }

  TemporaryFolder folder_;
  std::map<std::string, std::string> answers_;
  ManualClock clock_;
  std::uint64_t time_us_ = 0;
  int num_gpus_ = 0;
};

}  // namespace wattune::fake
