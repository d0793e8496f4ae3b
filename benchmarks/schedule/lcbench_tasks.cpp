#include "schedule/lcbench_tasks.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "wattune/trial/history.hpp"

namespace wattune::bench {
namespace {

constexpr double kMargin = 0.02;

const std::map<std::string, space::Choice>& defaults() {
  static const std::map<std::string, space::Choice> values{{"batch_size", std::int64_t{64}},
                                                           {"learning_rate", 0.02},
                                                           {"momentum", 0.9},
                                                           {"weight_decay", 5e-4},
                                                           {"num_layers", std::int64_t{3}},
                                                           {"max_units", std::int64_t{256}},
                                                           {"max_dropout", 0.2}};
  return values;
}

/// The range between two coordinates of the parameter's own.
space::Domain narrowed(const space::Space& space, std::size_t index) {
  const space::Value low = space.decode(index, kMargin);
  const space::Value high = space.decode(index, 1.0 - kMargin);
  space::Domain domain = space.parameters()[index].domain;
  if (auto* real = std::get_if<space::FloatDomain>(&domain)) {
    real->low = std::get<double>(low);
    real->high = std::get<double>(high);
  } else if (auto* whole = std::get_if<space::IntDomain>(&domain)) {
    whole->low = std::get<std::int64_t>(low);
    whole->high = std::get<std::int64_t>(high);
  }
  return domain;
}

}  // namespace

std::string_view name_of(Variant variant) {
  constexpr std::array<std::string_view, 5> kNames{"plain", "default", "margin", "history",
                                                   "default_and_history"};
  return kNames.at(static_cast<std::size_t>(variant));
}

std::string_view words_for(Variant variant) {
  switch (variant) {
    case Variant::Plain:
      return "";
    case Variant::Default:
      return ", default first";
    case Variant::Margin:
      return ", 2 % off the bounds";
    case Variant::History:
      return ", with history";
    case Variant::DefaultAndHistory:
      return ", default and history";
  }
  return "";
}

space::Space space_of(const space::Space& space, Variant variant) {
  std::vector<space::Parameter> parameters{space.parameters().begin(), space.parameters().end()};
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (variant == Variant::Margin) parameters[i].domain = narrowed(space, i);
    if (has_default(variant)) {
      parameters[i].default_value = defaults().at(parameters[i].name);
    }
  }
  return space::Space{std::move(parameters)};
}

bool has_default(Variant variant) {
  return variant == Variant::Default || variant == Variant::DefaultAndHistory;
}

bool has_history(Variant variant) {
  return variant == Variant::History || variant == Variant::DefaultAndHistory;
}

strategies::PastStudy random_study(const recorded::LcBench& bench, const std::string& task) {
  constexpr std::size_t kNumTrials = 50;
  constexpr std::uint64_t kSeed = 20'261'122;
  trial::Problem problem{"past", kSeed, bench.space(), {}, {}, {}, {}, "random", "true"};
  problem.objectives = {{{trial::MeasureKind::Metric, "val_accuracy"}, trial::Direction::Maximize}};
  problem.resource = {trial::ResourceUnit::Epochs, 1.0, recorded::LcBench::kMaxEpoch};
  trial::History history{problem};
  for (std::uint32_t i = 0; i < kNumTrials; ++i) {
    const TrialId id{i};
    Rng rng{kSeed, i};
    const space::Configuration configuration = bench.space().sample(rng).value();
    const auto training = bench.train(task, configuration, recorded::LcBench::kMaxEpoch);
    history.apply(
        trial::TrialCreated{id, trial::Purpose::Search, trial::Origin::Sampler, configuration});
    trial::Assignment assignment;
    assignment.trial = id;
    assignment.to = recorded::LcBench::kMaxEpoch;
    history.apply(trial::Assigned{assignment});
    history.apply(trial::Reported{id,
                                  recorded::LcBench::kMaxEpoch,
                                  0.0,
                                  training.time,
                                  {},
                                  {{"val_accuracy", training.accuracy_percent}}});
    history.apply(trial::AssignmentEnded{id, trial::Outcome::Completed, "", {}, {}});
  }
  return strategies::past_study_of(history).value();
}

bool is_of_tuning_half(std::string_view task) {
  static constexpr std::array<std::string_view, 12> kTuning{"126025", "146212", "167149", "167168",
                                                            "167185", "167201", "168331", "168868",
                                                            "189354", "189866", "189906", "3945"};
  return std::ranges::find(kTuning, task) != kTuning.end();
}

bool is_asked_for(const std::string& task, const std::vector<std::string>& names) {
  const std::string half = is_of_tuning_half(task) ? "tuning" : "report";
  return names.empty() || std::ranges::count(names, task) > 0 ||
         std::ranges::count(names, half) > 0;
}

}  // namespace wattune::bench
