#pragma once

#include <stdlib.h>

#include <cstdint>
#include <map>
#include <string>

#include "support/temporary_folder.hpp"

namespace wattune::fake {

/// What the fake driver library answers; see fake_nvml/fake_nvml.c for the keys.
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
    answers_["energy" + index] = std::to_string(energy_mj);
    answers_["limit" + index] = "700000";
    answers_["memory" + index] = "80000000000";
    set("count", std::to_string(num_gpus_));
  }
  void set(const std::string& key, const std::string& value) {
    answers_[key] = value;
    write();
  }
  void forget(const std::string& key) {
    answers_.erase(key);
    write();
  }

  [[nodiscard]] static std::string library() { return WATTUNE_FAKE_NVML; }
  [[nodiscard]] static std::string old_library() { return WATTUNE_FAKE_NVML_OLD; }

 private:
  void write() const {
    std::string text;
    for (const auto& [key, value] : answers_) text += key + " " + value + "\n";
    folder_.write("scenario", text);
  }

  TemporaryFolder folder_;
  std::map<std::string, std::string> answers_;
  int num_gpus_ = 0;
};

}  // namespace wattune::fake
