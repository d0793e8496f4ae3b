#include "data/power_series.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "errors.hpp"
#include "tasks/series_regression.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class PowerSeriesTest : public testing::Test {
 protected:
  std::string refusal(const std::string& text) {
    fake::write_file(path_, text);
    try {
      read_power_csv(path_, 2);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  fake::Folder folder_;
  std::filesystem::path path_ = folder_.path() / "power.txt";
};

TEST_F(PowerSeriesTest, TakesMeansAndFillsWhatIsMissing) {
  fake::write_file(path_,
                   "Date;Time;Power;Voltage\r\n"
                   "1/1/2007;00:00:00;?;?\n"  // no number yet: the step is left out
                   "1/1/2007;00:01:00;?;240\n"
                   "1/1/2007;00:02:00;1.5;240\n"
                   "1/1/2007;00:03:00;2.5;\n"  // the mean of what is there
                   "1/1/2007;00:04:00;?;?\n"   // nothing: as before
                   "1/1/2007;00:05:00;?;?\n"
                   "1/1/2007;00:06:00;9;9\n");  // half a step: left out

  const Series series = read_power_csv(path_, 2);

  EXPECT_THAT(series.columns, ElementsAre("power", "voltage"));
  EXPECT_THAT(series.values, ElementsAre(2, 240, 2, 240));
}

TEST_F(PowerSeriesTest, NamesFileAndLineOfWhatIsWrong) {
  const std::string header = "Date;Time;Power;Voltage\n";
  EXPECT_THAT(refusal(""), AllOf(HasSubstr("power.txt"), HasSubstr("empty")));
  EXPECT_THAT(refusal("a,b,c\n1,2,3\n"), AllOf(HasSubstr("line 1"), HasSubstr("Date;Time")));
  EXPECT_THAT(refusal("Date;Time\n1;2\n"), HasSubstr("at least one more column"));
  EXPECT_THAT(refusal(header + "1/1/2007;00:00:00;1\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("3 fields; the header has 4")));
  EXPECT_THAT(refusal(header + "d;t;1;2\nd;t;x1;2\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("'x1' in column power")));
  EXPECT_THAT(refusal(header + "d;t;nan;2\n"), HasSubstr("'nan'"));
  EXPECT_THAT(refusal(header + "d;t;?;2\nd;t;?;2\n"), HasSubstr("no step in time"));
  EXPECT_THROW(read_power_csv(folder_.path() / "absent", 1), UsageError);
  EXPECT_THROW(read_power_csv(folder_.path(), 1), UsageError);
}

TEST(SyntheticPower, IsTheSameEveryTimeAndLooksLikeAHousehold) {
  const Series series = make_synthetic_power(60 * 1440, 60);
  const Series again = make_synthetic_power(60 * 1440, 60);

  EXPECT_EQ(series.values, again.values);
  EXPECT_EQ(series.num_columns(), 7);
  EXPECT_EQ(series.num_steps(), 60 * 24);
  double evening = 0;
  double night = 0;
  for (std::int64_t hour = 0; hour < series.num_steps(); ++hour) {
    const float active = series.values[static_cast<std::size_t>(hour * 7)];
    ASSERT_GT(active, 0);
    ASSERT_LT(active, 12);  // kW
    ASSERT_NEAR(series.values[static_cast<std::size_t>(hour * 7 + 2)], 240, 20);
    if (hour % 24 == 20) evening += active;
    if (hour % 24 == 3) night += active;
  }
  EXPECT_GT(evening, 1.5 * night);
}

class SeriesRegressionTest : public testing::Test {
 protected:
  /// 100 steps of the numbers 0, 1, 2, ... and ten times those.
  SeriesRegressionTest() {
    std::string text = "Date;Time;A;B\n";
    for (int i = 0; i < 100; ++i) {
      text += "d;t;" + std::to_string(i) + ";" + std::to_string(10 * i) + "\n";
    }
    fake::write_file(folder_.path() / "numbers", text);
  }
  SeriesRegression make(std::vector<std::string> heads = {"b"}, std::int64_t window = 4) {
    return SeriesRegression({.file = folder_.path() / "numbers",
                             .minutes_per_step = 1,
                             .window = window,
                             .heads = std::move(heads)});
  }
  fake::Folder folder_;
};

TEST_F(SeriesRegressionTest, CutsInTimeWithoutAWindowAcrossACut) {
  const SeriesRegression task = make();

  EXPECT_EQ(task.size(Part::Train), 70 - 4);
  EXPECT_EQ(task.size(Part::Validation), 15 - 4);
  EXPECT_EQ(task.size(Part::Test), 15 - 4);
  EXPECT_FALSE(task.is_synthetic());
}

TEST_F(SeriesRegressionTest, GivesTheWindowAndTheStepAfterIt) {
  const SeriesRegression task = make();
  const double mean = 34.5;  // of 0 to 69, the training part
  const double deviation = std::sqrt((70.0 * 70.0 - 1) / 12);
  const auto source = task.open(Part::Validation, 8, at::kCPU);

  const auto [input, target] = source->gather(at::tensor({10, 2}, at::kLong));

  EXPECT_EQ(input.sizes(), (std::vector<std::int64_t>{2, 4, 2}));
  EXPECT_NEAR(input[1][3][0].item<double>(), (70 + 2 + 3 - mean) / deviation, 1e-5);
  EXPECT_NEAR(target[1][0].item<double>(), (70 + 2 + 4 - mean) / deviation, 1e-5);
  EXPECT_TRUE(at::equal(source->slice(2, 1).input[0], input[1]));
}

TEST_F(SeriesRegressionTest, TellsErrorsInTheUnitOfTheColumn) {
  const SeriesRegression task = make();
  const double unit = 10 * std::sqrt((70.0 * 70.0 - 1) / 12);
  const at::Tensor target = at::tensor({1.0F, 2.0F, 3.0F, 6.0F}).view({4, 1});
  const at::Tensor output = at::tensor({1.0F, 2.0F, 5.0F, 5.0F}).view({4, 1});

  const auto metrics = task.metrics(task.sums(output, target), 4);

  // Errors 0, 0, 2, -1; the mean of the targets is 3, their squared distances 4 + 1 + 0 + 9.
  EXPECT_NEAR(metrics[0].second, 5.0 / 4 * unit * unit, 1e-3);
  EXPECT_NEAR(metrics[2].second, 3.0 / 4 * unit, 1e-4);
  EXPECT_NEAR(metrics[3].second, 1 - 5.0 / 14, 1e-9);
  EXPECT_NEAR(metrics[4].second, 5.0 / 4, 1e-9);
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    EXPECT_EQ(metrics[i].first, task.metric_names()[i]);
  }
}

TEST_F(SeriesRegressionTest, RefusesUnknownHeadsAndShortSeries) {
  EXPECT_THROW(make({"c"}), UsageError);
  EXPECT_THROW(make({"a", "a"}), UsageError);
  EXPECT_THROW(make({"a"}, 15), UsageError);
}

}  // namespace
}  // namespace wattune::train
