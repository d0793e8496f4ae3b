#include "../../src/samplers/acquisition_search.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "support/history_builder.hpp"
#include "support/must.hpp"
#include "support/spaces.hpp"

namespace wattune::samplers {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;

/// Largest at one row: minus the squared distance from it.
class Hill final : public Acquisition {
 public:
  explicit Hill(RowVectorXd top) : top_(std::move(top)) {}

  Eigen::VectorXd values(const MatrixXd& rows) const override {
    return -(rows.rowwise() - top_).rowwise().squaredNorm();
  }
  double value(const RowVectorXd& row, RowVectorXd& gradient) const override {
    gradient = -2.0 * (row - top_);
    return -(row - top_).squaredNorm();
  }

 private:
  RowVectorXd top_;
};

struct Found {
  space::Configuration top;
  std::optional<space::Configuration> best;
};

/// Looks for a hill at a random configuration of the space.
Found find_hill(const space::Space& space, std::uint64_t seed, const Tried& tried = {}) {
  const Features features{space};
  const AcquisitionSearch search{space, features, {}};
  Rng rng{seed};
  Found found;
  found.top = must(space.sample(rng));
  const std::vector<space::Configuration> centres{must(space.sample(rng))};
  found.best = search.find_best(Hill{features.row(found.top)}, centres, tried, rng);
  return found;
}

space::Space integers(std::int64_t high) {
  return space::Space{{fake::parameter("a", space::IntDomain{1, high, false, 1}),
                       fake::parameter("b", space::IntDomain{1, high, false, 1})}};
}

}  // namespace

TEST(AcquisitionSearch, ClimbsToTheTopInContinuousSpaces) {
  const space::Space space = fake::unit_cube(8);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Found found = find_hill(space, seed);
    ASSERT_TRUE(found.best.has_value());
    const auto top = space.to_unit(found.top);
    const auto best = space.to_unit(*found.best);
    for (std::size_t i = 0; i < top.size(); ++i) EXPECT_NEAR(best[i], top[i], 1e-4);
  }
}

TEST(AcquisitionSearch, FindsTheTopAmongEveryKindOfParameter) {
  const space::Space space = fake::every_kind();
  int num_found = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Found found = find_hill(space, seed);
    ASSERT_TRUE(found.best.has_value());
    ASSERT_TRUE(space.contains(*found.best));
    const Features features{space};
    const double distance = (features.row(*found.best) - features.row(found.top)).norm();
    num_found += distance < 0.02 ? 1 : 0;
  }
  EXPECT_GE(num_found, 18);  // a child of a choice may be climbed to under another choice
}

TEST(AcquisitionSearch, LooksAtAllOfASmallSpace) {
  const space::Space space = integers(90);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Found found = find_hill(space, seed);
    EXPECT_EQ(found.best, found.top);
  }
}

TEST(AcquisitionSearch, FindsTheTopOfALargeFiniteSpace) {
  const space::Space space = integers(5000);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Found found = find_hill(space, seed);
    ASSERT_TRUE(found.best.has_value());
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(static_cast<double>(std::get<std::int64_t>((*found.best)[i])),
                  static_cast<double>(std::get<std::int64_t>(found.top[i])), 1.0);
    }
  }
}

TEST(AcquisitionSearch, PassesOverWhatWasTriedWhileSomethingElseIsLeft) {
  const space::Space space = integers(4);
  fake::HistoryBuilder builder{fake::make_problem(space, {trial::Direction::Minimize})};
  const Features features{space};
  const AcquisitionSearch search{space, features, {}};
  std::set<space::Configuration> seen;
  Tried tried;
  Rng rng{1};
  const RowVectorXd top = features.row(space.from_unit(std::vector{0.5, 0.5}));
  for (int i = 0; i < 16; ++i) {
    const auto best = search.find_best(Hill{top}, {}, tried, rng);
    ASSERT_TRUE(best.has_value());
    EXPECT_TRUE(seen.insert(*best).second) << "twice";
    builder.add_completed(*best, 1.0);
    tried.update(builder.history());
  }
  EXPECT_TRUE(search.find_best(Hill{top}, {}, tried, rng).has_value());
}

TEST(AcquisitionSearch, DrawsWhatWasNotTriedToTheLast) {
  const space::Space space = integers(4);
  fake::HistoryBuilder builder{fake::make_problem(space, {trial::Direction::Minimize})};
  const Features features{space};
  const AcquisitionSearch search{space, features, {}};
  Tried tried;
  Rng rng{1};
  for (int i = 0; i < 16; ++i) {
    const auto drawn = search.draw_untried(tried, rng);
    ASSERT_TRUE(drawn.has_value());
    EXPECT_FALSE(tried.contains(*drawn));
    builder.add_completed(*drawn, 1.0);
    tried.update(builder.history());
  }
}

}  // namespace wattune::samplers
