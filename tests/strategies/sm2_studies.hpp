#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/problems.hpp"
#include "support/simulated_study.hpp"
#include "support/uniform_sampler.hpp"
#include "wattune/strategies/sm2.hpp"

// Studies of SM2 that exist on paper only: a classifier whose energy per sample falls with the
// batch size, and whose best learning rate grows with it.

namespace wattune::strategies {

using trial::ResourceUnit;

constexpr double kMaxSamples = 64'000.0;

inline space::Parameter batch_size() {
  return int_parameter("batch_size", 16, 512, 64, space::Role::BatchSize);
}
inline space::Parameter learning_rate() {
  return float_parameter("lr", 1e-4, 1.0, true, 0.01, space::Role::LearningRate);
}

inline trial::Problem problem_of(std::vector<space::Parameter> parameters,
                                 trial::Resource resource = {ResourceUnit::Samples, 1'000.0,
                                                             kMaxSamples}) {
  return accuracy_problem(std::move(parameters), resource);
}

inline trial::Problem usual_problem() {
  return problem_of({batch_size(), learning_rate()});
}

/// Short enough for a simulation whose trainings are short.
inline Sm2Options short_options() {
  Sm2Options options;
  options.min_probe_duration = Seconds{0.5};
  options.min_rung_duration = Seconds{0.1};
  return options;
}

inline std::unique_ptr<Strategy> sm2(const trial::Problem& problem, const Sm2Options& options) {
  return make_sm2(problem, std::make_unique<UniformSampler>(), options);
}

inline double number_at(const trial::Problem& problem, const space::Configuration& configuration,
                        std::string_view name) {
  const space::Value& value = configuration[*problem.space.index_of(name)];
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*integer);
  }
  return std::get<double>(value);
}

inline double joules_per_sample(double size) {
  return 1e-3 * (1.0 + 40.0 / size);
}

/// The best learning rate grows with the batch size; large batches and bad rates end lower.
inline double final_accuracy(double size, double rate) {
  const double off = std::log10(rate) - std::log10(0.02 * std::sqrt(size / 64.0));
  return 0.92 - 0.06 * off * off - 0.00005 * size;
}

/// A classifier whose energy per sample falls with the batch size, in this problem's unit.
inline SimulatedTraining classifier(const trial::Problem& problem) {
  const bool counts_steps = problem.resource.unit == ResourceUnit::Steps;
  const bool counts_epochs = problem.resource.unit == ResourceUnit::Epochs;
  const auto size_of = [problem](const space::Configuration& configuration) {
    return problem.space.index_of("batch_size") ? number_at(problem, configuration, "batch_size")
                                                : 64.0;
  };
  const auto samples_of_unit = [=](const space::Configuration& configuration) {
    return counts_steps ? size_of(configuration) : counts_epochs ? 4'000.0 : 1.0;
  };
  SimulatedTraining training;
  training.metrics = [=](const space::Configuration& configuration, TrialId, double step) {
    const double samples = step * samples_of_unit(configuration);
    const double rate =
        problem.space.index_of("lr") ? number_at(problem, configuration, "lr") : 0.02;
    const double learnt = 1.0 - std::exp(-samples / 6'000.0);
    const double accuracy = 0.1 + (final_accuracy(size_of(configuration), rate) - 0.1) * learnt;
    return std::vector<trial::MetricValue>{{"accuracy", accuracy}, {"train_loss", 2.3 - accuracy}};
  };
  training.joules_per_unit = [=](const space::Configuration& configuration) {
    return samples_of_unit(configuration) * joules_per_sample(size_of(configuration));
  };
  training.seconds_per_unit = [=](const space::Configuration& configuration) {
    return samples_of_unit(configuration) * 1e-4 * (0.5 + 8.0 / size_of(configuration));
  };
  training.samples_per_unit = samples_of_unit;
  return training;
}

inline SimulatedStudy finished_study(const trial::Problem& problem,
                                     const SimulatedTraining& training,
                                     const Sm2Options& options = short_options(),
                                     std::size_t num_slots = 1) {
  SimulatedStudy study(problem, training, num_slots);
  EXPECT_TRUE(study.run(*sm2(problem, options)));
  return study;
}

inline std::vector<double> probed_sizes(const SimulatedStudy& study) {
  std::vector<double> sizes;
  for (const trial::Trial& trial : study.history().trials()) {
    if (trial.purpose() != trial::Purpose::Probe) continue;
    sizes.push_back(number_at(study.history().problem(), trial.configuration(), "batch_size"));
  }
  return sizes;
}

inline std::vector<const trial::Trial*> candidates_in(const SimulatedStudy& study) {
  std::vector<const trial::Trial*> candidates;
  for (const trial::Trial& trial : study.history().trials()) {
    if (trial.purpose() == trial::Purpose::Search) candidates.push_back(&trial);
  }
  return candidates;
}

inline std::string notes_of(const SimulatedStudy& study,
                            const Sm2Options& options = short_options()) {
  std::string text;
  for (const std::string& note : sm2(study.history().problem(), options)->notes(study.history())) {
    text += note + "\n";
  }
  return text;
}

inline const trial::Trial* winner_of(const SimulatedStudy& study) {
  for (const trial::Trial* trial : candidates_in(study)) {
    if (trial->stage() == trial::Stage::Final) return trial;
  }
  return nullptr;
}

}  // namespace wattune::strategies
