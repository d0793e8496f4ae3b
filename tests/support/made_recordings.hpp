#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wattune/recorded/recording.hpp"

namespace wattune::fake {

/// Trainings by formula: a step takes `per_step` and draws `power`; the accuracy comes from the
/// configuration's first value.
struct MadeTrainingOptions {
  double max_step = 4.0;
  Seconds per_step{2.0};
  Watts power{3.0};
  std::function<double(const space::Configuration&, std::uint32_t seed, double step)> accuracy =
      [](const space::Configuration& configuration, std::uint32_t, double step) {
        const auto* value = std::get_if<double>(&configuration[0]);
        return (value != nullptr ? *value : 0.5) * (1.0 - std::exp(-step));
      };
  /// Configurations that were not recorded.
  std::function<bool(const space::Configuration&)> is_missing = [](const space::Configuration&) {
    return false;
  };
};

class MadeTrainings final : public recorded::RecordedTrainings {
 public:
  explicit MadeTrainings(MadeTrainingOptions options = {}) : options_(std::move(options)) {}

  [[nodiscard]] Result<std::unique_ptr<recorded::Recording>> open(
      const space::Configuration& configuration, std::uint32_t seed) const override {
    if (options_.is_missing(configuration)) {
      return fail(ErrorKind::NotFound, "this configuration was not recorded");
    }
    return std::make_unique<Made>(options_, configuration, seed);
  }
  [[nodiscard]] std::vector<std::string> metrics() const override { return {"val_accuracy"}; }
  [[nodiscard]] double last_step() const override { return options_.max_step; }
  [[nodiscard]] std::string describe() const override { return "made up"; }

 private:
  class Made final : public recorded::Recording {
   public:
    Made(const MadeTrainingOptions& options, space::Configuration configuration, std::uint32_t seed)
        : options_(options), configuration_(std::move(configuration)), seed_(seed) {}
    [[nodiscard]] std::optional<recorded::RecordedStep> next(double after) override {
      const double step = std::floor(after) + 1.0;
      if (step > options_.max_step) return std::nullopt;
      recorded::RecordedStep record;
      record.step = step;
      record.time = options_.per_step * step;
      record.energy = options_.power * record.time;
      const double accuracy = options_.accuracy(configuration_, seed_, step);
      if (std::isfinite(accuracy)) {
        record.metrics = {{"val_accuracy", accuracy}};
      } else {
        record.not_finite = "val_accuracy";
      }
      return record;
    }

   private:
    const MadeTrainingOptions& options_;
    space::Configuration configuration_;
    std::uint32_t seed_;
  };

  MadeTrainingOptions options_;
};

}  // namespace wattune::fake
