#include "wattune/samplers/auto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "num_varying.hpp"
#include "wattune/samplers/gp.hpp"
#include "wattune/samplers/grid.hpp"
#include "wattune/samplers/multi_fidelity.hpp"
#include "wattune/samplers/nsga3.hpp"
#include "wattune/samplers/tpe.hpp"

namespace wattune::samplers {
namespace {

/// A Gaussian process costs the cube of its trials; beyond so many the other model is as good.
constexpr std::size_t kMaxModelled = 250;
/// With more parameters that vary, length scales can no longer be told from so few trials.
constexpr std::size_t kMaxModelledParameters = 25;
/// From so many objectives on, and so many trials, nearly every trial is on the front.
constexpr std::size_t kManyObjectives = 4;

/// Configurations of the space, conditions and forbidden ones not looked at; nothing where there
/// are more than `limit`, or no end of them.
std::optional<std::size_t> num_configurations(const space::Space& space, std::size_t limit) {
  std::size_t product = 1;
  for (std::size_t i = 0; i < space.size(); ++i) {
    const auto count = space.num_values(i);
    if (!count || *count > limit / product) return std::nullopt;
    product *= *count;
  }
  return product;
}

std::string plural(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string facts(const trial::Problem& problem, const AutoOptions& options) {
  std::string text = fmt::format("{}, {}", plural(num_varying(problem.space), "parameter"),
                                 plural(problem.objectives.size(), "objective"));
  if (!problem.constraints.empty()) {
    text += ", " + plural(problem.constraints.size(), "constraint");
  }
  if (options.stops_early) text += ", trials of different lengths";
  return text + (options.num_trials ? ", " + plural(*options.num_trials, "trial")
                                    : std::string{", an open number of trials"});
}

std::string_view name_of(AutoModel model) {
  switch (model) {
    case AutoModel::Grid:
      return "grid";
    case AutoModel::Gp:
      return "gp";
    case AutoModel::MultiFidelity:
      return "multi_fidelity";
    case AutoModel::Tpe:
      return "tpe";
    case AutoModel::Nsga3:
      return "nsga3";
  }
  return "";
}

std::unique_ptr<Sampler> make(AutoModel model, const trial::Problem& problem,
                              const AutoOptions& options) {
  switch (model) {
    case AutoModel::Grid: {
      const std::size_t every_value = options.num_trials.value_or(1);
      return make_grid(problem.space, {.points_per_float = std::max<std::size_t>(every_value, 2)});
    }
    case AutoModel::Gp:
      return make_gp(problem, {.budget_j = options.budget_j,
                               .budget_trials = options.num_trials,
                               .seed = options.seed});
    case AutoModel::MultiFidelity:
      return make_multi_fidelity(problem, {.seed = options.seed});
    case AutoModel::Tpe:
      return make_tpe(problem.space, {.seed = options.seed});
    case AutoModel::Nsga3:
      return make_nsga3(problem.space, problem.objectives.size(), {.seed = options.seed});
  }
  return nullptr;
}

class Auto final : public Sampler {
 public:
  Auto(const trial::Problem& problem, const AutoOptions& options)
      : choice_(choose_sampler(problem, options)), first_(make(choice_.first, problem, options)) {
    if (choice_.first_trials) then_ = make(choice_.then, problem, options);
  }

  std::optional<space::Configuration> suggest(const trial::History& history, Rng& rng) override {
    const bool is_later = then_ && history.trials().size() >= *choice_.first_trials;
    return (is_later ? then_ : first_)->suggest(history, rng);
  }

  std::string describe() const override { return "auto: " + choice_.reason; }

 private:
  AutoChoice choice_;
  std::unique_ptr<Sampler> first_;
  std::unique_ptr<Sampler> then_;
};

}  // namespace

AutoChoice choose_sampler(const trial::Problem& problem, const AutoOptions& options) {
  const std::string known = facts(problem, options);
  const auto alone = [&](AutoModel model, std::string_view why) {
    return AutoChoice{.first = model,
                      .reason = fmt::format("{}, because {} ({})", name_of(model), why, known)};
  };
  if (options.num_trials && !options.stops_early &&
      num_configurations(problem.space, *options.num_trials)) {
    return alone(AutoModel::Grid, "every configuration can be tried");
  }
  const AutoModel later =
      problem.objectives.size() >= kManyObjectives ? AutoModel::Nsga3 : AutoModel::Tpe;
  if (num_varying(problem.space) > kMaxModelledParameters) {
    return alone(later, "there are more parameters than a Gaussian process can tell apart");
  }
  AutoChoice choice;
  choice.first = options.stops_early ? AutoModel::MultiFidelity : AutoModel::Gp;
  choice.then = later;
  const std::string_view why = options.stops_early ? "it learns from trials that were cut short"
                                                   : "it needs the fewest trials";
  if (options.num_trials && *options.num_trials <= kMaxModelled) return alone(choice.first, why);
  choice.first_trials = kMaxModelled;
  choice.reason = fmt::format("{}, because {}, and {} after {} trials, because it costs less ({})",
                              name_of(choice.first), why, name_of(later), kMaxModelled, known);
  return choice;
}

std::unique_ptr<Sampler> make_auto(const trial::Problem& problem, const AutoOptions& options) {
  return std::make_unique<Auto>(problem, options);
}

}  // namespace wattune::samplers
