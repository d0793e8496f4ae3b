#include "energy/kept_file.hpp"

#include <gtest/gtest.h>

#include "support/must.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::energy {

TEST(KeptFile, ReadsWhatItsFileSaysNow) {
  const TemporaryFolder folder;
  KeptFile file = must(KeptFile::open(folder.write("counter", "7\n")));
  EXPECT_EQ(must(file.read_number()), 7u);
  std::ofstream(folder / "counter") << "18446744073709551615\n";
  EXPECT_EQ(must(file.read_number()), 18446744073709551615u);
}

TEST(KeptFile, FollowsAFileThatIsReplaced) {
  const TemporaryFolder folder;
  KeptFile file = must(KeptFile::open(folder.write("counter", "7\n")));
  folder.write("counter", "8\n");
  EXPECT_EQ(must(file.read_number()), 8u);
}

TEST(KeptFile, EndsWithItsFile) {
  const TemporaryFolder folder;
  KeptFile file = must(KeptFile::open(folder.write("counter", "7\n")));
  std::filesystem::remove(folder / "counter");
  EXPECT_EQ(file.read_number().error().kind, ErrorKind::Ended);
}

// Pitfall 2
TEST(KeptFile, NeverTurnsWhatIsNoNumberIntoZero) {
  const TemporaryFolder folder;
  folder.write("counter", "1\n");
  KeptFile file = must(KeptFile::open(folder / "counter"));
  for (const char* text : {"", "\n", "?", "-5\n", "12x\n", "99999999999999999999999\n"}) {
    folder.write("counter", text);
    const Result<std::uint64_t> number = file.read_number();
    ASSERT_FALSE(number.has_value()) << text;
    EXPECT_EQ(number.error().kind, ErrorKind::Transient) << text;
  }
}

TEST(KeptFile, TakesTheNumberInFrontOfAUnitAndBehindAName) {
  const TemporaryFolder folder;
  KeptFile energy = must(KeptFile::open(folder.write("energy", "123 J 1700000000 us\n")));
  EXPECT_EQ(must(energy.read_number()), 123u);
  KeptFile memory = must(KeptFile::open(folder.write("memory", "MemTotal:   9 kB\n")));
  EXPECT_EQ(must(memory.read_number("MemTotal:")), 9u);
  EXPECT_FALSE(memory.read_number("MemFree:"));
}

TEST(KeptFile, CannotBeOpenedWhereThereIsNone) {
  const TemporaryFolder folder;
  EXPECT_EQ(KeptFile::open(folder / "none").error().kind, ErrorKind::NotFound);
}

}  // namespace wattune::energy
