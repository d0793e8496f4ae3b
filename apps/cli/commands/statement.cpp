#include "wattune/report/statement.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "output_file.hpp"
#include "study_reader.hpp"

namespace wattune::cli {

void add_statement(const Command& program) {
  struct Options {
    std::string study;
    std::string format = "markdown";
    std::string output;
  };
  const Command command = program.add(
      "statement", "The energy and carbon statement that a paper or a model card needs");
  const auto options = std::make_shared<Options>();
  command.option("study", options->study,
                 "study file or database; the newest in runs/ where left out");
  command.option("--format", options->format, "what it is written in")
      .one_of({"markdown", "latex", "json"})
      .shows_default();
  command.option("-o,--output", options->output, "file to write; the screen where left out");
  command.footer(
      "Examples:\n  wattune statement study.yaml\n"
      "  wattune statement runs/mnist.db --format latex -o energy.tex\n");
  command.on_call([options] {
    const auto statement = report::statement(read_document(find_database(options->study)));
    const std::string out = options->format == "json"    ? statement.dump(2) + "\n"
                            : options->format == "latex" ? report::statement_latex(statement)
                                                         : report::statement_markdown(statement);
    if (options->output.empty()) {
      std::fwrite(out.data(), 1, out.size(), stdout);
    } else {
      write_file(options->output, out);
      fmt::print("{}\n", options->output);
    }
  });
}

}  // namespace wattune::cli
