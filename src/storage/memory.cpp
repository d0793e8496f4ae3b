#include "wattune/storage/memory.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace wattune::storage {

struct MemoryStorage::Log {
  mutable std::mutex mutex;
  std::vector<trial::LoggedEvent> events;

  /// Events are visited without the lock, so that a visitor may take its time or append.
  void visit_after(std::uint64_t sequence,
                   const std::function<void(const trial::LoggedEvent&)>& visit) const {
    std::vector<trial::LoggedEvent> newer;
    {
      const std::scoped_lock lock(mutex);
      const auto first =
          static_cast<std::size_t>(std::min(sequence, static_cast<std::uint64_t>(events.size())));
      newer.assign(events.begin() + static_cast<std::ptrdiff_t>(first), events.end());
    }
    for (const trial::LoggedEvent& event : newer) visit(event);
  }
};

class MemoryStorage::Reader final : public Storage {
 public:
  explicit Reader(std::shared_ptr<const Log> log) : log_(std::move(log)) {}

  Result<void> append(std::span<const trial::Event>, WallTime) override {
    return fail(ErrorKind::Permission, "the log in memory was opened for reading");
  }
  Result<void> read(std::uint64_t after_sequence,
                    const std::function<void(const trial::LoggedEvent&)>& visit) const override {
    log_->visit_after(after_sequence, visit);
    return {};
  }

 private:
  std::shared_ptr<const Log> log_;  // owned by the storage and its readers
};

MemoryStorage::MemoryStorage() : log_(std::make_shared<Log>()) {
}
MemoryStorage::~MemoryStorage() = default;

Result<void> MemoryStorage::append(std::span<const trial::Event> events, WallTime at) {
  const std::scoped_lock lock(log_->mutex);
  for (const trial::Event& event : events) {
    log_->events.push_back({log_->events.size() + 1, at, event});
  }
  return {};
}

Result<void> MemoryStorage::read(
    std::uint64_t after_sequence,
    const std::function<void(const trial::LoggedEvent&)>& visit) const {
  log_->visit_after(after_sequence, visit);
  return {};
}

std::unique_ptr<Storage> MemoryStorage::open_reader() const {
  return std::make_unique<Reader>(log_);
}

std::unique_ptr<Storage> make_memory_storage() {
  return std::make_unique<MemoryStorage>();
}

}  // namespace wattune::storage
