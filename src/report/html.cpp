#include "wattune/report/html.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "wattune/base/require.hpp"

// Defined in page.S, which takes in web/dist/report.html.
extern "C" {
extern const char wattune_report_page[];
extern const std::uint64_t wattune_report_page_size;
}

namespace wattune::report {
namespace {

constexpr std::string_view kDataElement = R"(<script type="application/json" id="wattune-data">)";
constexpr std::string_view kNoData = "null";
constexpr std::string_view kEndOfData = "</script>";

/// In JSON a `<` stands only inside text, where its escape means the same; so nothing in the data
/// reads as the end of the element or as a comment.
constexpr std::string_view kEscapedLess = R"(\u003c)";

void append_escaped(std::string& page, std::string_view json) {
  for (std::size_t begin = 0;;) {
    const std::size_t end = json.find('<', begin);
    page += json.substr(begin, end - begin);
    if (end == std::string_view::npos) return;
    page += kEscapedLess;
    begin = end + 1;
  }
}

}  // namespace

std::string render_html(std::string_view report_json) {
  const std::string_view bundle{wattune_report_page, wattune_report_page_size};
  const std::size_t element = bundle.find(kDataElement);
  WATTUNE_REQUIRE(element != std::string_view::npos);
  const std::string_view head = bundle.substr(0, element + kDataElement.size());
  std::string_view tail = bundle.substr(head.size());
  WATTUNE_REQUIRE(tail.starts_with(kNoData));
  tail.remove_prefix(kNoData.size());
  WATTUNE_REQUIRE(tail.starts_with(kEndOfData));
  WATTUNE_REQUIRE(tail.find(kDataElement) == std::string_view::npos);

  const auto num_escapes =
      static_cast<std::size_t>(std::count(report_json.begin(), report_json.end(), '<'));
  std::string page;
  page.reserve(head.size() + report_json.size() + num_escapes * kEscapedLess.size() + tail.size());
  page += head;
  append_escaped(page, report_json);
  page += tail;
  return page;
}

}  // namespace wattune::report
