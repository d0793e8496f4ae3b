#include "wattune/energy/sample_ring.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace wattune::energy {
namespace {

/// A sample whose every value follows from its number, so that a torn one shows.
Sample numbered(std::uint32_t number) {
  Sample sample;
  sample.channel = number;
  sample.at = MonotonicTime{std::chrono::nanoseconds{number}};
  sample.total = Microjoules{number};
  sample.power = Watts{static_cast<double>(number)};
  return sample;
}

bool is_whole(const Sample& sample) {
  const Sample same = numbered(sample.channel);
  return sample.at == same.at && sample.total == same.total && sample.power == same.power;
}

}  // namespace

TEST(SampleRing, GivesSamplesInOrderAndEachOnce) {
  SampleRing ring(8);
  SampleRing::Cursor cursor;
  std::array<Sample, 3> into;
  for (std::uint32_t i = 0; i < 4; ++i) ring.push(numbered(i));

  ASSERT_EQ(ring.read(cursor, into), 3U);
  EXPECT_EQ(into[0].channel, 0U);
  EXPECT_EQ(into[2].channel, 2U);
  ASSERT_EQ(ring.read(cursor, into), 1U);
  EXPECT_EQ(into[0].channel, 3U);
  EXPECT_EQ(ring.read(cursor, into), 0U);
  EXPECT_EQ(cursor.num_lost, 0U);
}

TEST(SampleRing, TellsAReaderThatWasTooSlowHowManyItHasLost) {
  SampleRing ring(4);
  SampleRing::Cursor cursor;
  std::array<Sample, 8> into;
  for (std::uint32_t i = 0; i < 10; ++i) ring.push(numbered(i));

  ASSERT_EQ(ring.read(cursor, into), 4U);
  EXPECT_EQ(into[0].channel, 6U);
  EXPECT_EQ(cursor.num_lost, 6U);
}

TEST(SampleRing, ShowsNoHalfWrittenSampleToReadersThatRaceWithTheWriter) {
  constexpr std::uint64_t kEnough = 20'000;  // read by each reader while the writer goes on
  SampleRing ring(2);
  std::atomic<bool> is_over{false};
  std::atomic<int> num_torn{0};
  std::array<std::atomic<std::uint64_t>, 2> num_seen{};
  std::array<SampleRing::Cursor, 2> cursors;
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < 2; ++i) {
    readers.emplace_back([&, i] {
      std::array<Sample, 8> into;
      for (bool was_over = false;;) {
        const std::size_t count = ring.read(cursors[i], into);
        num_seen[i] += count;
        for (std::size_t k = 0; k < count; ++k) num_torn += is_whole(into[k]) ? 0 : 1;
        if (count == 0 && was_over) break;
        was_over = is_over.load();
      }
    });
  }
  std::uint32_t num_pushed = 0;
  while (num_seen[0] < kEnough || num_seen[1] < kEnough) ring.push(numbered(num_pushed++));
  is_over = true;
  for (std::thread& reader : readers) reader.join();

  EXPECT_EQ(num_torn, 0);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(num_seen[i] + cursors[i].num_lost, num_pushed);
}

}  // namespace wattune::energy
