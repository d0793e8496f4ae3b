#pragma once

#include <string>
#include <string_view>

namespace wattune::report {

/// Puts report data into the page that is built from `web/`: one file that needs no other and no
/// network.
///
/// Takes    report_json  one JSON document, as docs/report-data.md describes it
/// Gives    the whole page; no text in the data can end the element that holds it
/// Cost     one copy of the page (about 0.7 MB) and of the data
std::string render_html(std::string_view report_json);

}  // namespace wattune::report
