#include "wattune/space/space.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/must.hpp"

namespace wattune::space {
namespace {

using ::testing::HasSubstr;

Parameter float_parameter(std::string name, FloatDomain domain) {
  return {std::move(name), domain, std::nullopt, {}, Role::None};
}

Parameter choice_parameter(std::string name, std::vector<Choice> choices) {
  return {std::move(name), ChoiceDomain{std::move(choices), false}, std::nullopt, {}, Role::None};
}

/// One of every kind; momentum belongs to sgd, nesterov to a momentum above 0.5.
Space every_kind() {
  Parameter momentum = float_parameter("momentum", {0.0, 0.99, false, std::nullopt});
  momentum.when = {{"optimizer", Comparison::In, {std::string{"sgd"}}}};
  Parameter nesterov = choice_parameter("nesterov", {false, true});
  nesterov.when = {{"momentum", Comparison::Greater, {0.5}}};
  return Space{{float_parameter("lr", {1e-4, 0.1, true, std::nullopt}),
                float_parameter("dropout", {0.0, 0.5, false, 0.1}),
                {"batch", IntDomain{1, 1024, true, 1}, std::nullopt, {}, Role::BatchSize},
                {"depth", IntDomain{1, 9, false, 2}, std::nullopt, {}, Role::None},
                choice_parameter("optimizer", {std::string{"sgd"}, std::string{"adam"}}),
                momentum,
                nesterov,
                {"classes", ConstantDomain{std::int64_t{10}}, std::nullopt, {}, Role::None}},
               {{{{"optimizer", {std::string{"adam"}}}, {"depth", {std::int64_t{9}}}}}}};
}

template <typename Build>
std::string refusal(Build build) {
  try {
    build();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST(Space, UnitCubeIsExactAtTheBounds) {
  const Space space = every_kind();
  const std::vector<double> zeros(space.size(), 0.0);
  std::vector<double> ones(space.size(), 1.0);
  ones[4] = 0.0;  // sgd, so that momentum is active

  const Configuration low = space.from_unit(zeros);
  const Configuration high = space.from_unit(ones);

  EXPECT_EQ(low[0], Value{1e-4});
  EXPECT_EQ(high[0], Value{0.1});
  EXPECT_EQ(low[1], Value{0.0});
  EXPECT_EQ(high[1], Value{0.5});
  EXPECT_EQ(low[2], Value{std::int64_t{1}});
  EXPECT_EQ(high[2], Value{std::int64_t{1024}});
  EXPECT_EQ(low[3], Value{std::int64_t{1}});
  EXPECT_EQ(high[3], Value{std::int64_t{9}});
  EXPECT_EQ(high[5], Value{0.99});
}

TEST(Space, LogDomainIsLinearInTheLogarithm) {
  const Space space = every_kind();
  EXPECT_NEAR(std::get<double>(space.decode(0, 1.0 / 3.0)), 1e-3, 1e-15);
}

TEST(Space, EveryIntegerAndChoiceRoundTripsExactly) {
  const Space space = every_kind();
  for (std::int64_t batch = 1; batch <= 1024; ++batch) {
    EXPECT_EQ(space.decode(2, space.encode(2, batch)), Value{batch});
  }
  for (std::int64_t depth = 1; depth <= 9; depth += 2) {
    EXPECT_EQ(space.decode(3, space.encode(3, depth)), Value{depth});
  }
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(space.decode(4, space.encode(4, ChoiceIndex{i})), Value{ChoiceIndex{i}});
  }
}

TEST(Space, RandomConfigurationsRoundTrip) {
  const Space space = every_kind();
  Rng rng{1};
  for (int i = 0; i < 1'000; ++i) {
    const Configuration drawn = must(space.sample(rng));
    const Configuration back = space.from_unit(space.to_unit(drawn));
    ASSERT_TRUE(space.contains(drawn));
    for (std::size_t p = 0; p < space.size(); ++p) {
      if (const auto* value = std::get_if<double>(&drawn[p])) {
        EXPECT_NEAR(std::get<double>(back[p]) / (*value == 0.0 ? 1.0 : *value),
                    *value == 0.0 ? 0.0 : 1.0, 1e-12);
      } else {
        EXPECT_EQ(back[p], drawn[p]);
      }
    }
  }
}

TEST(Space, SteppedFloatsAreTheWrittenDecimals) {
  const Space space = every_kind();
  const Configuration configuration =
      must(space.with(must(space.from_json({{"lr", 0.01}})),
                      std::vector<std::pair<std::string, Choice>>{{"dropout", 0.3}}));
  EXPECT_EQ(space.value_text(1, configuration[1]).substr(0, 3), "0.3");
}

TEST(Space, ConditionsReachThroughInactiveParents) {
  const Space space = every_kind();
  const Configuration adam = must(space.from_json({{"optimizer", "adam"}, {"momentum", 0.9}}));
  const Configuration sgd = must(space.from_json({{"optimizer", "sgd"}, {"momentum", 0.9}}));
  const Configuration slow = must(space.from_json({{"optimizer", "sgd"}, {"momentum", 0.1}}));

  EXPECT_FALSE(adam.is_active(5));
  EXPECT_FALSE(adam.is_active(6));
  EXPECT_TRUE(sgd.is_active(6));
  EXPECT_FALSE(slow.is_active(6));
}

TEST(Space, NeverSamplesWhatIsForbidden) {
  const Space space = every_kind();
  Rng rng{2};
  for (int i = 0; i < 2'000; ++i) {
    const auto object = space.to_json(must(space.sample(rng)));
    EXPECT_FALSE(object["optimizer"] == "adam" && object["depth"] == 9);
  }
}

TEST(Space, SaysWhenEverythingIsForbidden) {
  const Space space{{choice_parameter("a", {true})}, {{{{"a", {true}}}}}};
  Rng rng{1};
  EXPECT_EQ(space.sample(rng).error().kind, ErrorKind::Ended);
}

TEST(Space, DefaultConfigurationNeedsADefaultForWhatIsActive) {
  Parameter lr = float_parameter("lr", {0.1, 1.0, false, std::nullopt});
  EXPECT_EQ(Space{{lr}}.default_configuration(), std::nullopt);

  lr.default_value = 0.5;
  const Space space{{lr}};
  EXPECT_EQ(space.default_configuration(), must(space.from_json({{"lr", 0.5}})));
}

TEST(Space, JsonDescribesTheWholeSpace) {
  const Space space = every_kind();
  EXPECT_EQ(to_json(must(space_from_json(to_json(space)))), to_json(space));
}

TEST(Space, JsonOfAConfigurationLeavesInactiveParametersOut) {
  const Space space = every_kind();
  const auto object = space.to_json(must(space.from_json({{"optimizer", "adam"}})));
  EXPECT_FALSE(object.contains("momentum"));
  EXPECT_EQ(object["classes"], 10);
}

TEST(Space, RefusesAValueOutsideAndSaysWhatIsAllowed) {
  const Space space = every_kind();
  EXPECT_THAT(space.from_json({{"lr", 3.0}}).error().message, HasSubstr("0.0001 to 0.1, log"));
  EXPECT_THAT(space.from_json({{"batch", 2.5}}).error().message, HasSubstr("whole numbers"));
  EXPECT_THAT(space.from_json({{"optimiser", "sgd"}}).error().message,
              HasSubstr("did you mean `optimizer`"));
}

TEST(Space, RefusesBadDomains) {
  const auto with = [](FloatDomain domain) {
    return refusal([&] { Space{{float_parameter("x", domain)}}; });
  };
  EXPECT_THAT(with({2.0, 1.0, false, std::nullopt}), HasSubstr("low 2 must be below high 1"));
  EXPECT_THAT(with({0.0, 1.0, true, std::nullopt}), HasSubstr("above 0 on a log scale"));
  EXPECT_THAT(with({0.0, 1.0, false, 0.3}), HasSubstr("does not divide"));
  EXPECT_THAT(with({0.0, 1.0, false, -0.1}), HasSubstr("step -0.1 must be above 0"));
  EXPECT_THAT(refusal([] { Space{{choice_parameter("x", {})}}; }), HasSubstr("at least one value"));
  EXPECT_THAT(refusal([] {
                Space{{choice_parameter("x", {true}), choice_parameter("x", {true})}};
              }),
              HasSubstr("there twice"));
}

TEST(Space, RefusesConditionsThatCannotHold) {
  Parameter a = choice_parameter("a", {true, false});
  Parameter b = choice_parameter("b", {true, false});
  a.when = {{"b", Comparison::In, {true}}};
  b.when = {{"a", Comparison::In, {true}}};
  EXPECT_THAT(refusal([&] { Space{{a, b}}; }), HasSubstr("depends on itself"));

  a.when = {{"bb", Comparison::In, {true}}};
  b.when.clear();
  EXPECT_THAT(refusal([&] { Space{{a, b}}; }), HasSubstr("did you mean `b`"));

  a.when = {{"b", Comparison::In, {std::string{"yes"}}}};
  EXPECT_THAT(refusal([&] { Space{{a, b}}; }), HasSubstr("names yes, but `b` is true or false"));

  a.when = {{"b", Comparison::Less, {1.0}}};
  EXPECT_THAT(refusal([&] { Space{{a, b}}; }), HasSubstr("its values are words"));
}

}  // namespace wattune::space
