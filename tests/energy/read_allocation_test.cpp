#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "machines/golden_machines.hpp"
#include "support/must.hpp"

namespace {

std::atomic<std::size_t> num_allocations{0};

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++num_allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++num_allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace wattune::energy {
namespace {

std::size_t allocations_of_reading(fake::Machine& machine) {
  const MachineMeters opened = machine.open();
  EXPECT_FALSE(opened.meters.empty());
  machine.clock().advance(Seconds{1.0});
  const MonotonicTime now = machine.clock().now();
  const std::size_t before = num_allocations;
  for (const auto* meters : {&opened.meters, &opened.observed}) {
    for (const auto& meter : *meters) EXPECT_TRUE(meter->read(now));
  }
  return num_allocations - before;
}

}  // namespace

TEST(ReadAllocation, IsNoneForCountersOfTheProcessor) {
  EXPECT_EQ(allocations_of_reading(*fake::intel_client()), 0u);
  EXPECT_EQ(allocations_of_reading(*fake::two_xeons()), 0u);
}

TEST(ReadAllocation, IsNoneForCountersOfABlade) {
  EXPECT_EQ(allocations_of_reading(*fake::cray()), 0u);
}

TEST(ReadAllocation, IsNoneForSensorChips) {
  EXPECT_EQ(allocations_of_reading(*fake::grace()), 0u);
  EXPECT_EQ(allocations_of_reading(*fake::jetson()), 0u);
}

}  // namespace wattune::energy
