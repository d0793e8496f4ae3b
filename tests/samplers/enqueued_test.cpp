#include "wattune/samplers/enqueued.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/history_builder.hpp"
#include "support/spaces.hpp"
#include "wattune/base/result.hpp"
#include "wattune/samplers/random.hpp"

namespace wattune::samplers {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using trial::Direction;

}  // namespace

TEST(Enqueued, GoesThroughTheGivenOnesThenAsksTheOther) {
  const space::Space space = fake::unit_cube(1);
  const auto at = [&](double x) { return space.from_unit(std::vector{x}); };
  const auto make = [&] {
    return make_enqueued(space, {at(0.1), at(0.2), at(0.3)}, make_random(space));
  };
  fake::HistoryBuilder builder{fake::make_problem(space, {Direction::Minimize})};
  builder.add_completed(at(0.2), 1.0);  // by hand, before
  Rng rng{1};
  EXPECT_EQ(make()->suggest(builder.history(), rng), at(0.1));
  builder.add_running(at(0.1));
  // The study was stopped; a new program goes on.
  const auto resumed = make();
  EXPECT_EQ(resumed->suggest(builder.history(), rng), at(0.3));
  builder.add_failed(at(0.3));
  Rng one{7};
  Rng same{7};
  EXPECT_EQ(resumed->suggest(builder.history(), one),
            make_random(space)->suggest(builder.history(), same));
  EXPECT_EQ(make()->describe(), "3 given configurations, then random");
}

TEST(Enqueued, RefusesWhatIsNotInTheSpace) {
  const space::Configuration outside{{space::Value{2.0}}};
  EXPECT_THAT(
      [&] {
        static_cast<void>(
            make_enqueued(fake::unit_cube(1), {outside}, make_random(fake::unit_cube(1))));
      },
      ThrowsMessage<ConfigError>(HasSubstr("configuration 0")));
}

}  // namespace wattune::samplers
