#include "wattune/energy/idle_power.hpp"

#include <gtest/gtest.h>

#include "support/must.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::energy {
namespace {

IdleCalibration calibration(const std::string& kernel, std::optional<std::string> governor,
                            double watts) {
  IdleCalibration made;
  made.conditions = {"node1", kernel, std::move(governor)};
  made.calibrated_at = WallTime{std::chrono::seconds{1'700'000'000}};
  made.duration = Seconds{60.0};
  made.busy_share = 0.01;
  made.power = {{"rapl:package-0", Watts{watts}}};
  return made;
}

TEST(IdlePower, IsTheFifthPercentileOfTheWindows) {
  std::vector<Watts> windows;
  for (int i = 60; i >= 1; --i) windows.push_back(Watts{10.0 + i});
  windows[7] = Watts{0.5};  // one odd window does not decide
  EXPECT_EQ(idle_power_of(windows), Watts{12.0});
  EXPECT_EQ(idle_power_of({Watts{4.0}}), Watts{4.0});
}

TEST(IdlePower, IsUnknownWithoutAWindow) {
  EXPECT_EQ(idle_power_of({}), std::nullopt);
}

TEST(IdlePower, WindowsAreLongAgainstTheStepsOfTheCounter) {
  EXPECT_EQ(idle_window(Seconds{0.001}), Seconds{1.0});
  EXPECT_NEAR(idle_window(Seconds{0.1}).value(), 2.1, 1e-12);
}

TEST(IdleStore, RemembersByHostKernelAndGovernor) {
  const TemporaryFolder folder;
  const IdleStore store{folder.path() / "not" / "there"};
  must(store.save(calibration("6.1", "performance", 20.0)));
  must(store.save(calibration("6.1", "powersave", 11.0)));
  must(store.save(calibration("6.1", std::nullopt, 15.0)));

  const auto found = must(store.find({"node1", "6.1", "powersave"}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->power.at("rapl:package-0"), Watts{11.0});
  EXPECT_EQ(found->duration, Seconds{60.0});
  EXPECT_EQ(found->busy_share, 0.01);
  EXPECT_EQ(found->calibrated_at, WallTime{std::chrono::seconds{1'700'000'000}});
  EXPECT_TRUE(must(store.find({"node1", "6.1", std::nullopt})));
  EXPECT_FALSE(must(store.find({"node1", "6.2", "powersave"})));
  EXPECT_FALSE(must(store.find({"node2", "6.1", "powersave"})));
}

TEST(IdleStore, ANewCalibrationTakesThePlaceOfTheOld) {
  const TemporaryFolder folder;
  const IdleStore store{folder.path()};
  must(store.save(calibration("6.1", "performance", 20.0)));
  must(store.save(calibration("6.1", "performance", 21.0)));
  const auto all = must(store.list("node1"));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].power.at("rapl:package-0"), Watts{21.0});
}

TEST(IdleStore, ForgetsOneAndKeepsTheOthers) {
  const TemporaryFolder folder;
  const IdleStore store{folder.path()};
  must(store.save(calibration("6.1", "performance", 20.0)));
  must(store.save(calibration("6.2", "performance", 21.0)));
  EXPECT_TRUE(must(store.forget({"node1", "6.1", "performance"})));
  EXPECT_FALSE(must(store.forget({"node1", "6.1", "performance"})));
  EXPECT_EQ(must(store.list("node1")).size(), 1u);
}

TEST(IdleStore, AFileOfSomethingElseIsAnErrorAndNoCalibration) {
  const TemporaryFolder folder;
  const IdleStore store{folder.path()};
  for (const char* text : {"", "[]", "{\"format\": 2}", "{\"format\":1,\"host\":\"other\"}",
                           "{\"format\":1,\"host\":\"node1\",\"calibrations\":[{\"kernel\":\"6\","
                           "\"governor\":null,\"calibrated_at_us\":1,\"duration_s\":1,"
                           "\"busy_share\":null,\"idle_w\":{\"a\":-3}}]}"}) {
    folder.write("idle-node1.json", text);
    const auto found = store.find({"node1", "6", std::nullopt});
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().kind, ErrorKind::Invalid);
    EXPECT_NE(found.error().message.find("idle-node1.json"), std::string::npos);
  }
  must(store.save(calibration("6.1", "performance", 20.0)));
  EXPECT_EQ(must(store.list("node1")).size(), 1u);
}

TEST(IdleStore, ConditionsComeFromTheMachine) {
  const TemporaryFolder machine;
  machine.write("proc/sys/kernel/hostname", "node1\n");
  machine.write("proc/sys/kernel/osrelease", "6.1.0-18\n");
  EXPECT_EQ(must(read_idle_conditions(machine / "proc", machine / "cpu")),
            (IdleConditions{"node1", "6.1.0-18", std::nullopt}));
  machine.write("cpu/cpu0/cpufreq/scaling_governor", "schedutil\n");
  EXPECT_EQ(must(read_idle_conditions(machine / "proc", machine / "cpu")).governor, "schedutil");
}

}  // namespace
}  // namespace wattune::energy
