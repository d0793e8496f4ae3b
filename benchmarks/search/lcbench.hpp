#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "search/problems.hpp"

namespace wattune::bench {

/// Accuracy and training time of networks on 24 tasks, after each of 52 epochs: the surrogate that
/// YAHPO Gym fitted to the real runs of LCBench.
///
/// Threads  immutable; any number
/// Source   Zimmer, Lindauer, Hutter, IEEE TPAMI 43(9), 2021, arXiv:2006.13799; surrogate:
/// Pfisterer
///          et al., AutoML Conf. 2022, arXiv:2109.03670
class LcBench {
 public:
  static constexpr int kMaxEpoch = 52;

  /// Reads lcbench.json and lcbench.f32 and compares the golden evaluations.
  ///
  /// Errors   std::runtime_error  a file is missing, or an evaluation differs
  explicit LcBench(const std::filesystem::path& folder);

  /// Names of the tasks, as in the manifest.
  [[nodiscard]] const std::vector<std::string>& tasks() const { return tasks_; }
  /// Seven parameters, without the epoch, which is the resource.
  [[nodiscard]] const space::Space& space() const { return *space_; }

  struct Training {
    double accuracy_percent = 0.0;  ///< Of the validation data.
    Seconds time;                   ///< Of all epochs together.
  };
  [[nodiscard]] Training train(std::string_view task, const space::Configuration& configuration,
                               int epochs) const;

 private:
  using Weights = std::span<const float>;
  /// One of the manifest's arrays.
  [[nodiscard]] Weights array(const std::string& name) const;
  /// Outputs of the network after sigmoid, by head.
  [[nodiscard]] std::array<float, 6> run(std::size_t task_code, std::vector<float> inputs) const;
  [[nodiscard]] double output(std::string_view name, const std::array<float, 6>& heads) const;
  [[nodiscard]] std::vector<float> scaled(const nlohmann::json& values) const;
  void compare_golden_evaluations() const;

  nlohmann::json manifest_;
  std::vector<std::string> tasks_;
  std::vector<float> weights_;
  std::unique_ptr<space::Space> space_;
};

/// The error in percent after 52 epochs of one task, to be minimised.
[[nodiscard]] SearchProblem lcbench_problem(std::shared_ptr<const LcBench> bench,
                                            const std::string& task);

}  // namespace wattune::bench
