#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "protocol/observer.hpp"

namespace wattune::train::fake {

/// Keeps what a training says and gives the answers it was given, then `Continue` to the end.
class RecordingObserver final : public Observer {
 public:
  struct Phase {
    std::string name;
    std::int64_t samples;
  };

  std::deque<Answer> answers;
  std::function<bool()> is_end_wanted = [] { return false; };
  std::vector<Report> reports;
  std::vector<Phase> phases;
  std::vector<std::pair<std::int64_t, std::filesystem::path>> checkpoints;
  std::map<std::string, std::int64_t> facts;

  void info(const Facts& told) override {
    for (const auto& [name, value] : told) facts[name] = value;
  }
  void phase_begin(std::string_view name) override { phases.push_back({std::string(name), -1}); }
  void phase_end(std::string_view name, std::int64_t samples) override {
    if (phases.back().name == name) phases.back().samples = samples;
  }
  void checkpoint(std::int64_t step, const std::filesystem::path& path) override {
    checkpoints.emplace_back(step, path);
  }
  Answer report(const Report& report) override {
    reports.push_back(report);
    if (answers.empty()) return {.kind = Answer::Kind::Continue, .until = 1'000'000'000};
    const Answer answer = answers.front();
    answers.pop_front();
    return answer;
  }
  bool should_end() override { return is_end_wanted(); }
};

}  // namespace wattune::train::fake
