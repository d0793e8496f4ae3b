#include "wattune/runners/slots.hpp"

#include <gtest/gtest.h>

#include "wattune/base/result.hpp"

namespace wattune::runners {
namespace {

SlotOptions machine(std::size_t cores_per_trial, std::size_t gpus_per_trial,
                    std::optional<std::size_t> workers = std::nullopt) {
  SlotOptions options;
  options.workers = workers;
  options.cores_per_trial = cores_per_trial;
  options.gpus_per_trial = gpus_per_trial;
  options.cores = {0, 1, 4, 5, 6};
  options.gpus = {"GPU-a", "GPU-b"};
  return options;
}

TEST(SlotPool, CutsTheMachineIntoAsManySlotsAsFit) {
  SlotPool slots(machine(2, 0));
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots.take()->cores, (std::vector<int>{0, 1}));
  EXPECT_EQ(slots.take()->cores, (std::vector<int>{4, 5}));
  EXPECT_FALSE(slots.take().has_value());
}

TEST(SlotPool, HandsOutTheLowestFreeSlotFirst) {
  SlotPool slots(machine(1, 0, 3));
  Slot first = *slots.take();
  Slot second = *slots.take();
  slots.give_back(std::move(second));
  slots.give_back(std::move(first));
  EXPECT_EQ(slots.take()->index, 0u);
  EXPECT_EQ(slots.take()->index, 1u);
  EXPECT_EQ(slots.num_free(), 1u);
}

TEST(SlotPool, GivesEachSlotItsGpusAndThreadCounts) {
  SlotPool slots(machine(2, 1));
  const Slot slot = *slots.take();
  EXPECT_EQ(slot.gpus, (std::vector<std::string>{"GPU-a"}));
  const auto variables = slots.environment(slot);
  EXPECT_EQ(variables.at("CUDA_VISIBLE_DEVICES"), "GPU-a");
  EXPECT_EQ(variables.at("OMP_NUM_THREADS"), "2");
  EXPECT_EQ(variables.at("MKL_NUM_THREADS"), "2");
  EXPECT_EQ(variables.at("OPENBLAS_NUM_THREADS"), "2");
}

TEST(SlotPool, HidesGpusFromTrialsThatHaveNone) {
  SlotPool with_gpus(machine(1, 0));
  EXPECT_EQ(with_gpus.environment(*with_gpus.take()).at("CUDA_VISIBLE_DEVICES"), "");
  SlotOptions no_gpus = machine(1, 0);
  no_gpus.gpus.clear();
  SlotPool without(no_gpus);
  EXPECT_FALSE(without.environment(*without.take()).contains("CUDA_VISIBLE_DEVICES"));
}

TEST(SlotPool, SharesAllCoresWhereTrialsReserveNone) {
  SlotPool slots(machine(0, 0, 10));
  const Slot slot = *slots.take();
  EXPECT_EQ(slot.cores.size(), 5u);
  EXPECT_DOUBLE_EQ(slot.num_cores_reserved, 0.5);
  EXPECT_EQ(slots.environment(slot).at("OMP_NUM_THREADS"), "1");
}

TEST(SlotPool, RefusesWhatTheMachineDoesNotHave) {
  EXPECT_THROW(SlotPool(machine(6, 0)), ConfigError);
  EXPECT_THROW(SlotPool(machine(1, 3)), ConfigError);
  EXPECT_THROW(SlotPool(machine(2, 0, 3)), ConfigError);
  EXPECT_THROW(SlotPool(machine(0, 1, 3)), ConfigError);
  EXPECT_THROW(SlotPool(machine(1, 0, 0)), ConfigError);
}

TEST(SlotPool, KnowsTheCoresThatThisProcessMayUse) {
  EXPECT_FALSE(allowed_cores().empty());
}

TEST(Slots, NameAmdsGpusAsTheirRuntimeKnowsThem) {
  SlotOptions options;
  options.cores = {0, 1, 2};
  options.gpus_per_trial = 1;
  options.gpus = {"GPU-nvidia", "amd-1", "amd-2"};
  options.rocm_ids = {{"amd-1", "GPU-0123456789abcdef"}, {"amd-2", "1"}};
  SlotPool pool(options);
  const auto nvidia = pool.environment(*pool.take());
  EXPECT_EQ(nvidia.at("CUDA_VISIBLE_DEVICES"), "GPU-nvidia");
  EXPECT_EQ(nvidia.at("ROCR_VISIBLE_DEVICES"), "");
  EXPECT_EQ(nvidia.at("HIP_VISIBLE_DEVICES"), "-1");
  const auto amd = pool.environment(*pool.take());
  EXPECT_EQ(amd.at("CUDA_VISIBLE_DEVICES"), "");
  EXPECT_EQ(amd.at("ROCR_VISIBLE_DEVICES"), "GPU-0123456789abcdef");
  EXPECT_EQ(amd.at("HIP_VISIBLE_DEVICES"), "0");
}

TEST(Slots, ShowATrialEveryPartitionOfItsGpus) {
  SlotOptions options;
  options.cores = {0};
  options.gpus_per_trial = 2;
  options.gpus = {"amd-1", "amd-2"};
  options.rocm_ids = {{"amd-1", "2,3,4"}, {"amd-2", "GPU-0123456789abcdef"}};
  SlotPool pool(options);
  const auto variables = pool.environment(*pool.take());
  EXPECT_EQ(variables.at("ROCR_VISIBLE_DEVICES"), "2,3,4,GPU-0123456789abcdef");
  EXPECT_EQ(variables.at("HIP_VISIBLE_DEVICES"), "0,1,2,3");
}

}  // namespace
}  // namespace wattune::runners
