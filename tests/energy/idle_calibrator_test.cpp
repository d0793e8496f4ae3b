#include "wattune/energy/idle_calibrator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_meter.hpp"
#include "support/fake_proc.hpp"

namespace wattune::energy {
namespace {

using testing::ElementsAre;
using testing::Pair;

struct Calibration {
  ManualClock clock;
  fake::Proc proc{2};
  fake::MeterScript package{
      {.id = "rapl:package-0", .gain_uncertainty = 0.05, .refresh = Seconds{0.001}}, {}, {}, {}};
  fake::MeterScript gpu{{.id = "nvml:GPU-1",
                         .kind = ChannelKind::Gpu,
                         .refresh = Seconds{0.1},
                         .device_uuid = "GPU-1"},
                        {},
                        {},
                        {}};
  MachineWatch watch{meters(), {.num_cores = 2.0, .proc_root = proc.root()}, clock.now()};
  IdleCalibrator calibrator{{"rapl:package-0", "nvml:GPU-1"}, proc.root()};

  std::vector<std::unique_ptr<Meter>> meters() {
    std::vector<std::unique_ptr<Meter>> made;
    made.push_back(std::make_unique<fake::ScriptedMeter>(package));
    made.push_back(std::make_unique<fake::ScriptedMeter>(gpu));
    return made;
  }
  void second(std::int64_t package_uj, std::int64_t gpu_uj) {
    clock.advance(Seconds{1.0});
    package.total += Microjoules{package_uj};
    gpu.total += Microjoules{gpu_uj};
    watch.tick(clock.now());
    calibrator.observe(watch);
  }
};

TEST(IdleCalibrator, FindsThePowerOfTheQuietestWindows) {
  Calibration run;
  run.second(99'000'000, 50'000'000);  // before the first window
  for (int i = 0; i < 20; ++i) run.second(i == 3 ? 10'000'000 : 12'000'000 + i, 30'000'000);
  EXPECT_THAT(run.calibrator.power(),
              ElementsAre(Pair("nvml:GPU-1", Watts{30.0}), Pair("rapl:package-0", Watts{10.0})));
}

TEST(IdleCalibrator, AChannelThatDoesNotMoveIsLeftOutAndNotZero) {
  Calibration run;
  for (int i = 0; i < 20; ++i) run.second(12'000'000, 0);
  EXPECT_THAT(run.calibrator.power(), ElementsAre(Pair("rapl:package-0", Watts{12.0})));
}

TEST(IdleCalibrator, TooFewWindowsSayNothing) {
  Calibration run;
  for (int i = 0; i < 3; ++i) run.second(12'000'000, 30'000'000);
  EXPECT_TRUE(run.calibrator.power().empty());
  run.second(12'000'000, 30'000'000);
  EXPECT_THAT(run.calibrator.power(), ElementsAre(Pair("rapl:package-0", Watts{12.0})));
}

TEST(IdleCalibrator, SaysHowBusyTheMachineWas) {
  Calibration run;
  run.proc.set_ticks({.user = 10});  // 0.1 s of 2 * 1 s
  run.second(12'000'000, 30'000'000);
  ASSERT_TRUE(run.calibrator.busy_share());
  EXPECT_NEAR(*run.calibrator.busy_share(), 0.05, 1e-9);
}

}  // namespace
}  // namespace wattune::energy
