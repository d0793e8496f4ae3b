#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/must.hpp"
#include "wattune/energy/accountant.hpp"
#include "wattune/energy/cpu_model.hpp"
#include "wattune/energy/node_sampler.hpp"

namespace wattune::energy {

TEST(MeteringCost, IsUnderAMillisecondOfCpuTimePerTickOnThisMachine) {
  const SystemClock clock;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(must(open_cpu_model(clock.now())));
  EnergyAccountant books{std::move(meters), {}, clock.now()};
  const AccountId trial = books.open({1.0, {}});
  ProcessTreeCpu tree{::getpid()};

  constexpr int kTicks = 200;
  const auto cost_of = [&](auto&& each) {
    const Seconds before = own_cpu_time();
    for (int i = 0; i < kTicks; ++i) each();
    return (own_cpu_time() - before) / kTicks;
  };
  const Seconds tick = cost_of([&] {
    const Activity activity{trial, tree.read()};
    books.tick(clock.now(), {&activity, 1});
  });
  const Seconds process = cost_of([&] { static_cast<void>(tree.read()); });

  RecordProperty("microseconds_per_tick", std::to_string(tick.value() * 1e6));
  RecordProperty("of_which_process_tree", std::to_string(process.value() * 1e6));
  EXPECT_LT(tick, Seconds{1e-3});
  EXPECT_GT(books.metered().total(), Microjoules{0});
}

TEST(MeteringCost, OfAnEdgeThroughTheSamplerIsHardlyMoreThanThatOfTheMeter) {
  const SystemClock clock;
  std::vector<std::unique_ptr<Meter>> meters;
  meters.push_back(must(open_cpu_model(clock.now())));
  NodeSampler sampler(std::move(meters), clock);
  const auto views = sampler.views();
  const auto direct = must(open_cpu_model(clock.now()));

  constexpr int kEdges = 500;
  const auto cost_of = [&](Meter& meter) {
    const Seconds before = own_cpu_time();
    for (int i = 0; i < kEdges; ++i) static_cast<void>(must(meter.read(clock.now())));
    return (own_cpu_time() - before) / kEdges;
  };
  const Seconds plain = cost_of(*direct);
  const Seconds edge = cost_of(*views[0]);

  RecordProperty("microseconds_per_edge", std::to_string(edge.value() * 1e6));
  RecordProperty("microseconds_without_sampler", std::to_string(plain.value() * 1e6));
  EXPECT_LT(edge, Seconds{1e-3});
}

}  // namespace wattune::energy
