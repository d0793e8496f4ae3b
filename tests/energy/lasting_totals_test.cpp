#include "wattune/energy/lasting_totals.hpp"

#include <gtest/gtest.h>

#include "support/must.hpp"
#include "support/temporary_folder.hpp"

namespace wattune::energy {
namespace {

TEST(LastingTotals, GoOnWhereTheLastRunLeftThem) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "state" / "totals.json";
  {
    LastingTotals first = must(LastingTotals::open(file));
    EXPECT_TRUE(first.totals().empty());
    first.set_counted("rapl:package-0", Microjoules{9'007'199'254'740'993});
    must(first.save());
  }
  LastingTotals second = must(LastingTotals::open(file));
  EXPECT_EQ(second.totals().at("rapl:package-0"), Microjoules{9'007'199'254'740'993});
  second.set_counted("rapl:package-0", Microjoules{7});
  second.set_counted("nvml:GPU-1", Microjoules{5});
  EXPECT_EQ(second.totals().at("rapl:package-0"), Microjoules{9'007'199'254'741'000});
  EXPECT_EQ(second.totals().at("nvml:GPU-1"), Microjoules{5});
}

TEST(LastingTotals, NeverGoDown) {
  const TemporaryFolder folder;
  LastingTotals totals = must(LastingTotals::open(folder.path() / "totals.json"));
  totals.set_counted("a", Microjoules{10});
  totals.set_counted("a", Microjoules{4});
  EXPECT_EQ(totals.totals().at("a"), Microjoules{10});
}

TEST(LastingTotals, AForeignFileIsAnErrorAndStaysAsItIs) {
  const TemporaryFolder folder;
  for (const char* text : {"", "{}", "{\"format\":1,\"totals_uj\":{\"a\":-1}}", "[1]"}) {
    const auto file = folder.write("totals.json", text);
    const auto totals = LastingTotals::open(file);
    ASSERT_FALSE(totals) << text;
    EXPECT_EQ(totals.error().kind, ErrorKind::Invalid);
  }
}

}  // namespace
}  // namespace wattune::energy
