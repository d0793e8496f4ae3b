#include "wattune/report/html.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "output_file.hpp"
#include "study_reader.hpp"

namespace wattune::cli {

void add_report(const Command& program) {
  struct Options {
    std::string study;
    std::string output;
  };
  const Command command =
      program.add("report", "Write one self-contained HTML page with everything in it");
  const auto options = std::make_shared<Options>();
  command.option("study", options->study,
                 "study file or database; the newest in runs/ where left out");
  command.option("-o,--output", options->output,
                 "file to write; the database's name with .html where left out");
  command.footer("Examples:\n  wattune report\n  wattune report study.yaml -o report.html\n");
  command.on_call([options] {
    const std::filesystem::path database = find_database(options->study);
    std::filesystem::path output = options->output;
    if (output.empty()) output = std::filesystem::path{database}.replace_extension(".html");
    write_file(output, report::render_html(read_document(database, Insight::With).dump()));
    fmt::print("{}\n", output.string());
  });
}

}  // namespace wattune::cli
