#pragma once

#include <functional>
#include <span>

#include "wattune/storage/storage.hpp"

namespace wattune {

/// Passes everything on to another storage, and lets a test step in before and after an append.
class ForwardingStorage final : public storage::Storage {
 public:
  explicit ForwardingStorage(storage::Storage& inner) : inner_(inner) {}

  Result<void> append(std::span<const trial::Event> events, WallTime at) override {
    if (before_append) {
      if (auto refused = before_append(events); !refused) return refused;
    }
    auto done = inner_.append(events, at);
    if (done && after_append) after_append(events);
    return done;
  }
  Result<void> read(std::uint64_t after_sequence,
                    const std::function<void(const trial::LoggedEvent&)>& visit) const override {
    return inner_.read(after_sequence, visit);
  }

  /// An error here is the append's, and nothing is appended.
  std::function<Result<void>(std::span<const trial::Event>)> before_append;
  std::function<void(std::span<const trial::Event>)> after_append;

 private:
  storage::Storage& inner_;
};

}  // namespace wattune
