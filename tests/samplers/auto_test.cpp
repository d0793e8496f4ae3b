#include "wattune/samplers/auto.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/samplers/tpe.hpp"

namespace wattune::samplers {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using trial::Direction;

space::Space two_choices_and_a_step() {
  return space::Space{
      {fake::parameter("a", space::ChoiceDomain{{std::string{"p"}, std::string{"q"}}, false}),
       fake::parameter("b", space::FloatDomain{0.0, 1.0, false, 0.25})}};
}

trial::Problem problem_of(space::Space space, std::size_t num_objectives = 1) {
  return fake::make_problem(std::move(space),
                            std::vector<Direction>(num_objectives, Direction::Minimize));
}

TEST(Auto, TriesEveryConfigurationWhereTheBudgetAllowsIt) {
  const trial::Problem problem = problem_of(two_choices_and_a_step());
  EXPECT_EQ(choose_sampler(problem, {.num_trials = 10}).first, AutoModel::Grid);
  EXPECT_EQ(choose_sampler(problem, {.num_trials = 9}).first, AutoModel::Gp);
  EXPECT_EQ(choose_sampler(problem, {}).first, AutoModel::Gp);
  EXPECT_EQ(choose_sampler(problem, {.num_trials = 10, .stops_early = true}).first,
            AutoModel::MultiFidelity);
}

TEST(Auto, ItsGridLacksNoConfiguration) {
  const trial::Problem problem = problem_of(two_choices_and_a_step());
  const auto sampler = make_auto(problem, {.num_trials = 10});
  fake::HistoryBuilder builder{problem};
  std::set<space::Configuration> seen;
  for (int i = 0; i < 10; ++i) {
    Rng rng{1};
    const auto suggestion = sampler->suggest(builder.history(), rng);
    ASSERT_TRUE(suggestion.has_value());
    seen.insert(*suggestion);
    builder.add_completed(*suggestion, 1.0);
  }
  EXPECT_EQ(seen.size(), 10u);
}

TEST(Auto, ModelsFewTrialsOfFewParameters) {
  const AutoChoice choice = choose_sampler(problem_of(fake::unit_cube(5), 2), {.num_trials = 60});
  EXPECT_EQ(choice.first, AutoModel::Gp);
  EXPECT_FALSE(choice.first_trials.has_value());
}

TEST(Auto, LearnsFromTrialsThatWereCutShort) {
  const AutoChoice choice =
      choose_sampler(problem_of(fake::unit_cube(5)), {.num_trials = 60, .stops_early = true});
  EXPECT_EQ(choice.first, AutoModel::MultiFidelity);
}

TEST(Auto, TakesACheaperModelLaterWhereThereMayBeManyTrials) {
  for (const auto& num_trials : {std::optional<std::size_t>{}, std::optional<std::size_t>{251}}) {
    const AutoChoice choice =
        choose_sampler(problem_of(fake::unit_cube(5)), {.num_trials = num_trials});
    EXPECT_EQ(choice.first, AutoModel::Gp);
    EXPECT_EQ(choice.first_trials, 250u);
    EXPECT_EQ(choice.then, AutoModel::Tpe);
  }
  EXPECT_EQ(choose_sampler(problem_of(fake::unit_cube(5), 4), {}).then, AutoModel::Nsga3);
}

TEST(Auto, DoesNotModelManyParameters) {
  EXPECT_EQ(choose_sampler(problem_of(fake::unit_cube(25)), {.num_trials = 60}).first,
            AutoModel::Gp);
  EXPECT_EQ(choose_sampler(problem_of(fake::unit_cube(26)), {.num_trials = 60}).first,
            AutoModel::Tpe);
}

TEST(Auto, SaysInOneLineWhatItTookAndWhy) {
  const std::string text =
      make_auto(problem_of(fake::unit_cube(3), 2), {.num_trials = 40})->describe();
  EXPECT_EQ(text,
            "auto: gp, because it needs the fewest trials (3 parameters, 2 objectives, 40 trials)");
  const std::string open = make_auto(problem_of(fake::unit_cube(1)), {})->describe();
  EXPECT_THAT(open, StartsWith("auto: gp, because"));
  EXPECT_THAT(open, HasSubstr("and tpe after 250 trials"));
  EXPECT_THAT(open, HasSubstr("(1 parameter, 1 objective, an open number of trials)"));
}

TEST(Auto, HandsOverToTheCheaperModel) {
  const trial::Problem problem = problem_of(fake::unit_cube(2));
  fake::HistoryBuilder builder{problem};
  for (int i = 0; i < 250; ++i) builder.add_failed(problem.space.from_unit(std::vector{0.1, 0.2}));
  const auto sampler = make_auto(problem, {.num_trials = 500, .seed = 3});
  Rng rng{9};
  const auto suggestion = sampler->suggest(builder.history(), rng);
  Rng same_rng{9};
  EXPECT_EQ(suggestion, make_tpe(problem.space, {.seed = 3})->suggest(builder.history(), same_rng));
}

}  // namespace
}  // namespace wattune::samplers
