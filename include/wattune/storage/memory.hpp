#pragma once

#include <memory>

#include "wattune/storage/storage.hpp"

namespace wattune::storage {

/// Keeps the log in memory, for tests, replays and benchmarks. It ends with the object.
///
/// Threads  append and read from any number of threads
class MemoryStorage final : public Storage {
 public:
  MemoryStorage();
  ~MemoryStorage() override;

  [[nodiscard]] Result<void> append(std::span<const trial::Event> events, WallTime at) override;
  [[nodiscard]] Result<void> read(
      std::uint64_t after_sequence,
      const std::function<void(const trial::LoggedEvent&)>& visit) const override;

  /// A view that sees every event but may not append; also after this object has gone.
  [[nodiscard]] std::unique_ptr<Storage> open_reader() const;

 private:
  struct Log;
  class Reader;
  std::shared_ptr<Log> log_;  // owned by this object and its readers
};

[[nodiscard]] std::unique_ptr<Storage> make_memory_storage();

}  // namespace wattune::storage
