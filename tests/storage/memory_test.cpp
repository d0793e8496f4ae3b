#include "wattune/storage/memory.hpp"

#include "contracts/storage_contract.hpp"

namespace wattune::storage {

class MemoryWorld final : public StorageWorld {
 public:
  Storage& writer() override { return storage_; }
  std::unique_ptr<Storage> open_reader() override { return storage_.open_reader(); }
  void reopen() override {}  // the log ends with its object, by contract

 private:
  MemoryStorage storage_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StorageContract, MemoryWorld);

TEST(MemoryStorage, AReaderOutlivesTheWriter) {
  auto storage = std::make_unique<MemoryStorage>();
  must(storage->append(std::vector<trial::Event>{trial::SessionStarted{"{}"}}, WallTime{}));
  const auto reader = storage->open_reader();
  storage.reset();

  int count = 0;
  must(reader->read(0, [&](const trial::LoggedEvent&) { ++count; }));
  EXPECT_EQ(count, 1);
}

}  // namespace wattune::storage
