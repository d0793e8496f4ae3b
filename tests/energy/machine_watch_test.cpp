#include "wattune/energy/machine_watch.hpp"

#include <gtest/gtest.h>

#include "support/fake_meter.hpp"
#include "support/fake_proc.hpp"

namespace wattune::energy {
namespace {

struct Watched {
  ManualClock clock;
  fake::Proc proc;
  fake::MeterScript package{{.id = "rapl:package-0",
                             .kind = ChannelKind::Package,
                             .gain_uncertainty = 0.05,
                             .refresh = Seconds{0.001}},
                            {},
                            {},
                            {}};
  fake::MeterScript gpu{{.id = "nvml:GPU-1",
                         .kind = ChannelKind::Gpu,
                         .gain_uncertainty = 0.05,
                         .refresh = Seconds{0.1},
                         .device_uuid = "GPU-1"},
                        {},
                        {},
                        {}};

  MachineWatch watch() {
    std::vector<std::unique_ptr<Meter>> meters;
    meters.push_back(std::make_unique<fake::ScriptedMeter>(package));
    meters.push_back(std::make_unique<fake::ScriptedMeter>(gpu));
    return MachineWatch{
        std::move(meters), {.num_cores = 2.0, .proc_root = proc.root()}, clock.now()};
  }
  void step(MachineWatch& watch, double seconds, std::int64_t package_uj, std::int64_t gpu_uj) {
    clock.advance(Seconds{seconds});
    package.total += Microjoules{package_uj};
    gpu.total += Microjoules{gpu_uj};
    watch.tick(clock.now());
  }
};

TEST(MachineWatch, ShowsWhatEachChannelDrawsWhoeverUsesIt) {
  Watched machine;
  MachineWatch watch = machine.watch();
  machine.step(watch, 1.0, 20'000'000, 100'000'000);
  machine.step(watch, 1.0, 40'000'000, 100'000'000);

  EXPECT_EQ(watch.channels()[0].energy.total(), Microjoules{60'000'000});
  EXPECT_EQ(watch.channels()[0].power, Watts{40.0});
  EXPECT_EQ(watch.channels()[0].mean, Watts{30.0});
  EXPECT_EQ(watch.channels()[1].energy.total(), Microjoules{200'000'000});
  EXPECT_EQ(watch.channels()[1].energy.provenance, Provenance::Measured);
  EXPECT_EQ(watch.power(), Watts{140.0});
  EXPECT_EQ(watch.total().total(), Microjoules{260'000'000});
  EXPECT_EQ(watch.duration(), Seconds{2.0});
}

TEST(MachineWatch, IsMissingRatherThanZeroWhereTheCounterStandsStill) {
  Watched machine;
  MachineWatch watch = machine.watch();
  machine.step(watch, 1.0, 20'000'000, 0);

  EXPECT_TRUE(watch.channels()[1].energy.is_missing());
  EXPECT_EQ(watch.channels()[1].power, std::nullopt);
  EXPECT_EQ(watch.channels()[1].mean, std::nullopt);
  EXPECT_TRUE(watch.total().is_missing());
  EXPECT_EQ(watch.power(), std::nullopt);
}

TEST(MachineWatch, AFailedReadTakesThePowerAwayAndLosesNoEnergy) {
  Watched machine;
  MachineWatch watch = machine.watch();
  machine.step(watch, 1.0, 20'000'000, 50'000'000);
  machine.package.failure = ErrorKind::Transient;
  machine.step(watch, 1.0, 20'000'000, 50'000'000);
  EXPECT_EQ(watch.channels()[0].power, std::nullopt);
  machine.package.failure.reset();
  machine.step(watch, 1.0, 20'000'000, 50'000'000);
  EXPECT_EQ(watch.channels()[0].energy.total(), Microjoules{60'000'000});
  EXPECT_EQ(watch.channels()[0].power, Watts{20.0});
}

TEST(MachineWatch, PowerIsNotMadeUpFromAStepOrTwoOfTheCounter) {
  Watched machine;
  MachineWatch watch = machine.watch();
  machine.step(watch, 1.0, 20'000'000, 100'000'000);
  machine.step(watch, 0.01, 200'000, 30'000'000);  // a step of 0.1 s that ended just now
  EXPECT_EQ(watch.channels()[1].power, Watts{100.0});
  EXPECT_NEAR(watch.channels()[0].power->value(), 20.0, 1e-6);
  EXPECT_EQ(watch.channels()[1].energy.total(), Microjoules{130'000'000});
}

TEST(MachineWatch, SumsOnlyWhatIsThere) {
  EXPECT_TRUE(sum_of({}).is_missing());
  EnergyFigure known;
  known.dynamic = Microjoules{5};
  EXPECT_TRUE(sum_of({known, missing_energy()}).is_missing());
  EXPECT_EQ(sum_of({known, known}).total(), Microjoules{10});
}

}  // namespace
}  // namespace wattune::energy
