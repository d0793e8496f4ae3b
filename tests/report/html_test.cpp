#include "wattune/report/html.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>

namespace wattune::report {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kElement = R"(<script type="application/json" id="wattune-data">)";

std::string committed_page() {
  std::ifstream file{WATTUNE_REPORT_PAGE, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::size_t count_of(std::string_view part, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

/// What a browser hands to the page's script: everything up to the first end tag.
std::string data_in(std::string_view page) {
  const std::size_t begin = page.find(kElement) + kElement.size();
  return std::string{page.substr(begin, page.find("</script>", begin) - begin)};
}

TEST(RenderHtml, HoldsTheCommittedPage) {
  const std::string page = committed_page();
  ASSERT_GT(page.size(), 100'000U);

  EXPECT_TRUE(render_html("null") == page);
}

TEST(RenderHtml, FillsThePlaceholderThatThePageHasExactlyOnce) {
  ASSERT_EQ(count_of(std::string{kElement} + "null</script>", committed_page()), 1U);

  const std::string page = render_html(R"({"schema": 1})");

  EXPECT_EQ(count_of(kElement, page), 1U);
  EXPECT_EQ(data_in(page), R"({"schema": 1})");
  EXPECT_EQ(page.size(), committed_page().size() + 13 - 4);
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
}

TEST(RenderHtml, LetsNoTextEndTheElement) {
  const nlohmann::json data = {{"name", "</script><script>alert(1)</script><!-- <script"}};
  const std::size_t num_ends = count_of("</script", committed_page());

  const std::string page = render_html(data.dump());

  EXPECT_EQ(count_of("</script", page), num_ends);
  EXPECT_THAT(data_in(page), Not(HasSubstr("<")));
}

TEST(RenderHtml, KeepsTheMeaningOfTheData) {
  const nlohmann::json data = {{"<", "a < b"}, {"text", "1 > 0 & \\u003c \"<<\" \xc2\xb1"}};

  EXPECT_EQ(nlohmann::json::parse(data_in(render_html(data.dump()))), data);
}

TEST(RenderHtml, TakesDataThatBeginsAndEndsWithWhatItEscapes) {
  EXPECT_EQ(data_in(render_html("<x<")), "\\u003cx\\u003c");
}

}  // namespace
}  // namespace wattune::report
