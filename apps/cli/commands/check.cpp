#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "command.hpp"
#include "text_table.hpp"
#include "wattune/base/text.hpp"
#include "wattune/config/assemble.hpp"

namespace wattune::cli {
namespace {

void print_fair_comparison(const config::StudyFile& file) {
  if (file.cooldown) {
    fmt::print("cooldown until {}{} C, at most {}\n", file.cooldown->is_margin ? "+" : "",
               number_text(file.cooldown->degrees), duration_text(file.cooldown->at_most));
  }
  if (file.finalists) {
    fmt::print("finalists {}, trained again {} time{} each\n", file.finalists->count,
               file.finalists->repeats, file.finalists->repeats == 1 ? "" : "s");
  }
}

void check(const std::string& path) {
  const config::StudyFile file = config::read_study_file(path);
  for (const config::Diagnostic& warning : file.warnings) {
    fmt::print(stderr, "{}\n", to_text(file.source, warning));
  }
  const trial::Problem& problem = file.problem;
  const auto strategy = config::make_strategy(file, problem);
  TextTable table{{"parameter", "allowed", "default"}};
  for (const space::Parameter& parameter : problem.space.parameters()) {
    table.add({parameter.name, allowed_text(parameter),
               parameter.default_value ? space::to_text(*parameter.default_value) : "–"});
  }
  fmt::print("{} is fine.\n\n{}\n", path, table.text());
  for (const trial::Objective& objective : problem.objectives) {
    fmt::print("{} {}\n",
               objective.direction == trial::Direction::Maximize ? "maximize" : "minimize",
               to_text(objective.measure));
  }
  fmt::print("strategy {}\n", strategy->describe());
  print_fair_comparison(file);
}

}  // namespace

void add_check(const Command& program) {
  const Command command =
      program.add("check", "Say what a study file means, or what is wrong with it");
  const auto path = std::make_shared<std::string>();
  command.option("study", *path, "study file (docs/study-file.md)").required();
  command.footer("Examples:\n  wattune check study.yaml\n");
  command.on_call([path] { check(*path); });
}

}  // namespace wattune::cli
