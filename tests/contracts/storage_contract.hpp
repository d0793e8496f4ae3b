#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/event_text.hpp"
#include "support/must.hpp"
#include "support/sample_events.hpp"
#include "wattune/storage/storage.hpp"

namespace wattune::storage {

/// What the suite needs of an implementation: one study, its writer, and any number of readers.
class StorageWorld {
 public:
  virtual ~StorageWorld() = default;
  [[nodiscard]] virtual Storage& writer() = 0;
  [[nodiscard]] virtual std::unique_ptr<Storage> open_reader() = 0;
  /// Closes the writer and opens the study anew, where it outlives its object.
  virtual void reopen() = 0;
};

/// Every implementation of Storage passes this suite unchanged.
template <typename World>
class StorageContract : public ::testing::Test {
 protected:
  static std::vector<trial::LoggedEvent> log_of(const Storage& storage, std::uint64_t after = 0) {
    std::vector<trial::LoggedEvent> log;
    must(storage.read(after, [&](const trial::LoggedEvent& event) { log.push_back(event); }));
    return log;
  }
  static std::vector<std::string> texts_of(const Storage& storage) {
    std::vector<std::string> texts;
    for (const auto& logged : log_of(storage)) texts.push_back(EventText::of(logged.event));
    return texts;
  }
  static std::vector<std::string> texts_of(const std::vector<trial::Event>& events) {
    std::vector<std::string> texts;
    for (const trial::Event& event : events) texts.push_back(EventText::of(event));
    return texts;
  }
  static WallTime second(int count) { return WallTime{std::chrono::seconds{count}}; }
  static trial::Event session(int number) { return trial::SessionStarted{std::to_string(number)}; }

  World world_;
};

TYPED_TEST_SUITE_P(StorageContract);

TYPED_TEST_P(StorageContract, AnEmptyLogHasNoEvents) {
  EXPECT_TRUE(this->log_of(this->world_.writer()).empty());
}

TYPED_TEST_P(StorageContract, EveryKindOfEventComesBackToTheLastBit) {
  const auto events = every_kind_of_event();
  must(this->world_.writer().append(events, this->second(1)));

  EXPECT_EQ(this->texts_of(this->world_.writer()), this->texts_of(events));
}

TYPED_TEST_P(StorageContract, EventsKeepTheirOrderOverManyAppends) {
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    const std::vector<trial::Event> batch{this->session(2 * i), this->session(2 * i + 1)};
    must(this->world_.writer().append(batch, this->second(i)));
    for (const auto& event : batch) expected.push_back(EventText::of(event));
  }

  EXPECT_EQ(this->texts_of(this->world_.writer()), expected);
}

TYPED_TEST_P(StorageContract, SequenceNumbersStartAtOneAndHaveNoGaps) {
  must(this->world_.writer().append(every_kind_of_event(), this->second(1)));
  this->world_.reopen();
  must(this->world_.writer().append(std::vector{this->session(1)}, this->second(2)));

  std::uint64_t expected = 0;
  for (const auto& logged : this->log_of(this->world_.writer())) {
    EXPECT_EQ(logged.sequence, ++expected);
  }
  EXPECT_EQ(expected, every_kind_of_event().size() + 1);
}

TYPED_TEST_P(StorageContract, EveryEventOfAnAppendCarriesItsTime) {
  const WallTime late{std::chrono::microseconds{1'795'000'000'123'457}};
  must(this->world_.writer().append(std::vector{this->session(1)}, this->second(-5)));
  must(this->world_.writer().append(std::vector{this->session(2), this->session(3)}, late));

  const auto log = this->log_of(this->world_.writer());
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log[0].at, this->second(-5));
  EXPECT_EQ(log[1].at, late);
  EXPECT_EQ(log[2].at, late);
}

TYPED_TEST_P(StorageContract, WhatWasAppendedIsThereAfterReopening) {
  must(this->world_.writer().append(every_kind_of_event(), this->second(1)));

  this->world_.reopen();

  EXPECT_EQ(this->texts_of(this->world_.writer()), this->texts_of(every_kind_of_event()));
}

TYPED_TEST_P(StorageContract, NamesOfMetricsStayTheSameAfterReopening) {
  const auto report = [](const char* name, double step) -> trial::Event {
    return trial::Reported{TrialId{0}, step, 0, {}, {}, {{name, step}}};
  };
  const std::vector events{report("loss", 1), report("accuracy", 2), report("loss", 3)};
  must(this->world_.writer().append(std::span(events).first(1), this->second(1)));
  this->world_.reopen();
  must(this->world_.writer().append(std::span(events).last(2), this->second(2)));
  this->world_.reopen();

  EXPECT_EQ(this->texts_of(this->world_.writer()), this->texts_of(events));
}

TYPED_TEST_P(StorageContract, ReadingStartsAfterTheGivenSequence) {
  must(this->world_.writer().append(every_kind_of_event(), this->second(1)));
  const auto count = every_kind_of_event().size();

  const auto tail = this->log_of(this->world_.writer(), count - 2);
  ASSERT_EQ(tail.size(), 2U);
  EXPECT_EQ(tail[0].sequence, count - 1);
  EXPECT_EQ(EventText::of(tail[1].event), EventText::of(every_kind_of_event().back()));
  EXPECT_TRUE(this->log_of(this->world_.writer(), count).empty());
  EXPECT_TRUE(this->log_of(this->world_.writer(), count + 7).empty());
}

TYPED_TEST_P(StorageContract, AnEmptyAppendAddsNothing) {
  must(this->world_.writer().append({}, this->second(1)));
  must(this->world_.writer().append(std::vector{this->session(1)}, this->second(1)));

  EXPECT_EQ(this->log_of(this->world_.writer()).size(), 1U);
}

TYPED_TEST_P(StorageContract, AReaderMayNotAppend) {
  must(this->world_.writer().append(std::vector{this->session(1)}, this->second(1)));
  const auto reader = this->world_.open_reader();

  const auto refused = reader->append(std::vector{this->session(2)}, this->second(2));

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::Permission);
  EXPECT_EQ(this->log_of(this->world_.writer()).size(), 1U);
}

TYPED_TEST_P(StorageContract, AReaderSeesWhatIsAppendedAfterItWasOpened) {
  must(this->world_.writer().append(std::vector{this->session(1)}, this->second(1)));
  const auto reader = this->world_.open_reader();
  EXPECT_EQ(this->log_of(*reader).size(), 1U);

  must(this->world_.writer().append(every_kind_of_event(), this->second(2)));

  EXPECT_EQ(this->log_of(*reader, 1).size(), every_kind_of_event().size());
}

TYPED_TEST_P(StorageContract, AReaderSeesWholeAppendsWhileAnotherThreadWrites) {
  constexpr std::size_t kBatch = 7;
  constexpr int kNumAppends = 60;
  must(this->world_.writer().append(std::vector(kBatch, this->session(0)), this->second(0)));
  const auto reader = this->world_.open_reader();

  std::jthread writing([&] {
    for (int i = 1; i < kNumAppends; ++i) {
      must(this->world_.writer().append(std::vector(kBatch, this->session(i)), this->second(i)));
    }
  });
  std::size_t seen = 0;
  while (seen < kBatch * kNumAppends) {
    const auto count = this->log_of(*reader).size();
    ASSERT_EQ(count % kBatch, 0U);
    ASSERT_GE(count, seen);
    seen = count;
  }
}

TYPED_TEST_P(StorageContract, ALongTextComesBackWhole) {
  const std::string long_text(3'000'000, 'x');
  const std::vector<trial::Event> events{
      trial::SessionStarted{long_text},
      trial::SessionEnded{trial::EndReason::Finished, std::string("a\0b", 3)}};
  must(this->world_.writer().append(events, this->second(1)));

  EXPECT_EQ(this->texts_of(this->world_.writer()), this->texts_of(events));
}

REGISTER_TYPED_TEST_SUITE_P(
    StorageContract, AnEmptyLogHasNoEvents, EveryKindOfEventComesBackToTheLastBit,
    EventsKeepTheirOrderOverManyAppends, SequenceNumbersStartAtOneAndHaveNoGaps,
    EveryEventOfAnAppendCarriesItsTime, WhatWasAppendedIsThereAfterReopening,
    NamesOfMetricsStayTheSameAfterReopening, ReadingStartsAfterTheGivenSequence,
    AnEmptyAppendAddsNothing, AReaderMayNotAppend, AReaderSeesWhatIsAppendedAfterItWasOpened,
    AReaderSeesWholeAppendsWhileAnotherThreadWrites, ALongTextComesBackWhole);

}  // namespace wattune::storage
