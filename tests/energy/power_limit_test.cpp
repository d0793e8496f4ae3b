#include "wattune/energy/power_limit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "support/fake_nvml.hpp"
#include "support/must.hpp"

namespace wattune::energy {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class PowerLimits : public testing::Test {
 protected:
  PowerLimits() {
    for (const char* uuid : {"GPU-a", "GPU-b"}) scenario.add_gpu(uuid);
    for (const char* index : {"0", "1"}) {
      scenario.set(std::string("least_limit") + index, "200000");
      scenario.set(std::string("most_limit") + index, "700000");
    }
  }

  Nvml nvml() { return must(Nvml::open({.library = fake::NvmlScenario::library()})); }
  std::filesystem::path journal() { return scenario.folder() / "power-limits"; }
  PowerLimitControl open() { return must(PowerLimitControl::open(nvml(), journal())); }
  double limit_of(const std::string& uuid) { return must(nvml().power_limit(uuid)).now.value(); }
  std::uintmax_t journal_size() { return std::filesystem::file_size(journal()); }

  /// A process that sets limits and dies before it can put anything back.
  void set_and_die(std::initializer_list<double> limits) {
    const ::pid_t child = ::fork();
    if (child == 0) {
      auto control = open();
      for (const double limit : limits) {
        if (!control.set("GPU-a", Watts{limit})) ::_exit(1);
      }
      ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  }

  fake::NvmlScenario scenario;
};

TEST_F(PowerLimits, ArePutBackWhenTheControlGoes) {
  {
    PowerLimitControl control = open();
    must(control.set("GPU-a", Watts{350.0}));
    EXPECT_EQ(limit_of("GPU-a"), 350.0);
    EXPECT_EQ(limit_of("GPU-b"), 700.0);
    must(control.set("GPU-a", Watts{300.0}));
  }
  EXPECT_EQ(limit_of("GPU-a"), 700.0);
  EXPECT_EQ(journal_size(), 0u);
}

TEST_F(PowerLimits, ArePutBackAfterACrash) {
  set_and_die({350.0, 250.0});
  EXPECT_EQ(limit_of("GPU-a"), 250.0);
  EXPECT_THAT(must(restore_power_limits(nvml(), journal())), IsEmpty());
  EXPECT_EQ(limit_of("GPU-a"), 700.0);
  EXPECT_EQ(journal_size(), 0u);
}

TEST_F(PowerLimits, ArePutBackByTheNextControl) {
  set_and_die({350.0});
  const PowerLimitControl control = open();
  EXPECT_THAT(control.found_at_start(), IsEmpty());
  EXPECT_EQ(limit_of("GPU-a"), 700.0);
}

TEST_F(PowerLimits, StayAsSomebodyElseHasSetThem) {
  set_and_die({350.0});
  must(nvml().set_power_limit("GPU-a", Watts{500.0}));
  const auto words = must(restore_power_limits(nvml(), journal()));
  EXPECT_EQ(limit_of("GPU-a"), 500.0);
  ASSERT_EQ(words.size(), 1u);
  EXPECT_THAT(words[0], AllOf(HasSubstr("500 W is not ours"), HasSubstr("it was 700 W")));
  EXPECT_EQ(journal_size(), 0u);
}

TEST_F(PowerLimits, StayInTheJournalWhileTheyCannotBePutBack) {
  set_and_die({350.0});
  scenario.set("limit_result0", "4");
  EXPECT_THAT(must(restore_power_limits(nvml(), journal())).at(0), HasSubstr("only root"));
  scenario.set("limit_result0", "0");
  EXPECT_THAT(must(restore_power_limits(nvml(), journal())), IsEmpty());
  EXPECT_EQ(limit_of("GPU-a"), 700.0);
}

TEST_F(PowerLimits, AreWrittenDownBeforeTheyAreChanged) {
  scenario.set("limit_result0", "4");
  PowerLimitControl control = open();
  const auto result = control.set("GPU-a", Watts{350.0});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Permission);
  EXPECT_THAT(result.error().message, HasSubstr("only root may"));
  EXPECT_GT(journal_size(), 0u);
}

TEST_F(PowerLimits, OutsideTheRangeAreRefused) {
  PowerLimitControl control = open();
  for (const double limit : {199.0, 701.0, -1.0}) {
    try {
      static_cast<void>(control.set("GPU-a", Watts{limit}));
      ADD_FAILURE() << limit;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("NVIDIA Fake H100 allows 200 to 700 W"));
    }
  }
  EXPECT_EQ(journal_size(), 0u);
  EXPECT_EQ(limit_of("GPU-a"), 700.0);
}

TEST_F(PowerLimits, OfAGpuThatIsNotThereAreRefused) {
  PowerLimitControl control = open();
  EXPECT_EQ(control.set("GPU-x", Watts{300.0}).error().kind, ErrorKind::NotFound);
  scenario.forget("least_limit1");
  EXPECT_EQ(control.set("GPU-b", Watts{300.0}).error().kind, ErrorKind::NotFound);
}

TEST_F(PowerLimits, AreChangedByOneProcessAtATime) {
  const PowerLimitControl control = open();
  const auto second = PowerLimitControl::open(nvml(), journal());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Transient);
  EXPECT_EQ(restore_power_limits(nvml(), journal()).error().kind, ErrorKind::Transient);
}

TEST_F(PowerLimits, ArePutBackOneByOne) {
  PowerLimitControl control = open();
  must(control.set("GPU-a", Watts{350.0}));
  must(control.set("GPU-b", Watts{300.0}));
  EXPECT_EQ(control.restore("GPU-a"), "");
  EXPECT_EQ(limit_of("GPU-a"), 700.0);
  EXPECT_EQ(limit_of("GPU-b"), 300.0);
  EXPECT_EQ(control.restore("GPU-b"), "");
  EXPECT_EQ(limit_of("GPU-b"), 700.0);
  EXPECT_EQ(journal_size(), 0u);
}

TEST_F(PowerLimits, AreTriedOutWithoutAChange) {
  const PowerLimitControl control = open();
  const PowerLimit allowed = must(control.try_out("GPU-a"));
  EXPECT_EQ(allowed.least, Watts{200.0});
  EXPECT_EQ(allowed.most, Watts{700.0});
  EXPECT_EQ(limit_of("GPU-a"), 700.0);
  scenario.set("limit_result0", "4");
  EXPECT_EQ(control.try_out("GPU-a").error().kind, ErrorKind::Permission);
  EXPECT_EQ(journal_size(), 0u);
}

TEST_F(PowerLimits, LeftInTheJournalCanBeLookedAt) {
  EXPECT_THAT(must(read_power_limit_journal(journal())).changes, IsEmpty());
  set_and_die({350.0});
  const PowerLimitJournal left = must(read_power_limit_journal(journal()));
  EXPECT_FALSE(left.is_in_use);
  ASSERT_EQ(left.changes.size(), 1u);
  EXPECT_EQ(left.changes[0].uuid, "GPU-a");
  EXPECT_EQ(left.changes[0].found, Watts{700.0});
  EXPECT_EQ(left.changes[0].set, Watts{350.0});
  EXPECT_EQ(limit_of("GPU-a"), 350.0);

  const PowerLimitControl control = open();
  EXPECT_TRUE(must(read_power_limit_journal(journal())).is_in_use);
}

TEST_F(PowerLimits, IgnoreALineThatWasCutOff) {
  std::ofstream(journal()) << "GPU-a 700000 350000\nGPU-b 650000 30";
  must(nvml().set_power_limit("GPU-a", Watts{350.0}));
  EXPECT_THAT(must(restore_power_limits(nvml(), journal())), IsEmpty());
  EXPECT_EQ(limit_of("GPU-a"), 700.0);
  EXPECT_EQ(limit_of("GPU-b"), 700.0);
}

TEST_F(PowerLimits, NeedNothingWithoutAJournal) {
  EXPECT_THAT(must(restore_power_limits(nvml(), "/nowhere/journal")), IsEmpty());
  EXPECT_EQ(PowerLimitControl::open(nvml(), "/nowhere/journal").error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace wattune::energy
