#include "wattune/config/study_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <sstream>

#include "command_section.hpp"
#include "cross_checks.hpp"
#include "energy_section.hpp"
#include "first_sections.hpp"
#include "objectives_section.hpp"
#include "run_sections.hpp"
#include "space_section.hpp"
#include "strategy_section.hpp"
#include "wattune/base/text.hpp"

namespace wattune::config {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestFile = 1U << 20U;

[[noreturn]] void refuse_file(const fs::path& path, std::string message) {
  throw StudyFileError(SourceText(path.string(), ""), {{Severity::Error, {}, std::move(message)}});
}

bool is_name_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

/// The name becomes part of file names.
std::string read_study_name(ReadContext& context, const MapReader& study, const fs::path& file) {
  const YamlNode* const node = study.find("study");
  if (node == nullptr) {
    std::string name = file.stem().string();
    std::ranges::replace_if(
        name, [](char c) { return !is_name_letter(c); }, '-');
    return name.empty() ? "study" : name;
  }
  const auto text = read_text(context, *node, "study");
  if (!text) return "study";
  if (!std::ranges::all_of(*text, is_name_letter) || text->front() == '.' || text->size() > 100) {
    context.error(*node, fmt::format("the name of a study is made of at most 100 letters, digits, "
                                     "`-`, `_` and `.`, and does not begin with `.`; not {}",
                                     describe(*node)));
  }
  return *text;
}

/// A price or zone that is there but wrong has been reported where it stands.
Measurable measurable_of(const ReadContext& context, const StudyFile& file) {
  Measurable measurable;
  measurable.has_capture = !file.capture.empty();
  measurable.metrics = file.metrics;
  if (measurable.has_capture) {
    measurable.metrics.clear();
    for (const CapturePattern& pattern : file.capture) {
      if (pattern.name != "step") measurable.metrics.push_back(pattern.name);
    }
  }
  measurable.has_intensity =
      context.marks.contains("energy.zone") || context.marks.contains("energy.intensity");
  measurable.has_price = context.marks.contains("energy.price");
  return measurable;
}

std::string joined(const std::vector<CommandWord>& command) {
  std::string text;
  for (const CommandWord& word : command) {
    if (!text.empty()) text += ' ';
    const bool needs_quotes = word.text.empty() || word.text.find(' ') != std::string::npos;
    text += needs_quotes ? fmt::format("'{}'", word.text) : word.text;
  }
  return text;
}

/// Reads all sections; the file is whole only if nothing was reported.
StudyFile read_sections(ReadContext& context, MapReader& study, const fs::path& file_name) {
  std::optional<space::Space> space = read_space(context, study);
  const bool has_space = space.has_value();
  trial::Problem empty{{}, 1, has_space ? std::move(*space) : space::Space{{}}, {}, {}, {}, {},
                       {}, {}};
  StudyFile file{context.source, std::move(empty), {}, {}, {}, {}, {}, {}, {}, {}, {}};
  trial::Problem& problem = file.problem;
  problem.name = read_study_name(context, study, file_name);
  problem.seed = static_cast<std::uint64_t>(study.whole("seed", at_least(0)).value_or(1));
  file.command = read_command(context, study);
  file.capture = read_capture(context, study);
  check_placeholders(context, study, file.command, study.find("capture") != nullptr);
  file.metrics = read_metrics(context, study, file.capture);
  problem.tariff = read_tariff(context, study, file_name.parent_path());
  problem.resource = read_resource(context, study);
  const Measurable measurable = measurable_of(context, file);
  problem.objectives = read_objectives(context, study, measurable);
  problem.constraints = read_constraints(context, study, measurable);
  file.budget = read_budget(context, study, problem.tariff);
  file.runner = read_runner(context, study, file_name.parent_path());
  file.cooldown = read_cooldown(context, study, file.runner);
  file.finalists = read_finalists(context, study);
  file.report = read_report(context, study);
  if (has_space) file.try_first = read_try_first(context, study, problem.space);
  file.has_history = study.flag("history").value_or(true);
  file.warm_start = read_warm_start(context, study, file_name.parent_path());
  const std::optional<StrategyOptions> strategy = read_strategy(context, study);
  if (strategy) file.strategy = *strategy;
  const bool is_whole = has_space && strategy && !problem.objectives.empty();
  if (is_whole) check_strategy_fits(context, study, file);
  if (has_space) check_power_limit_fits(context, study, file);
  problem.strategy = name_of(file.strategy);
  problem.command = joined(file.command);
  return file;
}

/// "did you mean" for a file name, among the study files beside it.
std::optional<std::string> nearest_file(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code problem;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path{"."};
  for (fs::directory_iterator it(folder, problem), end; !problem && it != end;
       it.increment(problem)) {
    const fs::path extension = it->path().extension();
    if (extension != ".yaml" && extension != ".yml") continue;
    names.push_back(it->path().filename().string());
    if (names.back() == path.filename().string() + extension.string()) {
      return (path.parent_path() / names.back()).string();
    }
  }
  std::ranges::sort(names);
  const auto nearest = nearest_name(path.filename().string(), names);
  if (!nearest) return std::nullopt;
  return (path.parent_path() / *nearest).string();
}

std::string read_text_file(const fs::path& path) {
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (status.type() == fs::file_type::not_found) {
    const auto nearest = nearest_file(path);
    refuse_file(
        path, nearest ? fmt::format("no such file; did you mean `{}`?", *nearest) : "no such file");
  }
  if (fs::is_directory(status)) refuse_file(path, "is a folder; name the study file in it");
  if (problem) refuse_file(path, fmt::format("cannot be read: {}", problem.message()));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) refuse_file(path, "cannot be opened; is it readable?");
  std::string text;
  std::array<char, 65536> block{};
  while (stream.read(block.data(), block.size()) || stream.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(stream.gcount()));
    if (text.size() > kLargestFile) refuse_file(path, "is larger than 1 MiB: no study file");
  }
  return text;
}

}  // namespace

StudyFileError StudyFile::error_at(std::string_view path, std::string message) const {
  const auto mark = marks.find(path);
  const Place place = mark == marks.end() ? Place{} : mark->second;
  return {source, {{Severity::Error, place, std::move(message)}}};
}

StudyFile parse_study(std::string text, const fs::path& file_name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // a byte order mark shifts columns
  const SourceText source(file_name.string(), std::move(text));
  const YamlNode root = parse_yaml(source);
  if (root.kind == YamlNode::Kind::Null) {
    refuse_file(file_name,
                "the file is empty; a study has at least `command`, `parameters`, "
                "`objectives` and a `budget`");
  }
  ReadContext context{.source = source, .diagnostics = {}, .marks = {}};
  MapReader study(context, root, "", "study");
  if (!root.is_map()) throw StudyFileError(source, std::move(context.diagnostics));
  StudyFile file = read_sections(context, study, file_name);
  if (context.has_errors()) throw StudyFileError(source, std::move(context.diagnostics));
  sort_by_place(context.diagnostics);
  file.warnings = std::move(context.diagnostics);
  file.marks = std::move(context.marks);
  return file;
}

StudyFile read_study_file(const fs::path& path) {
  StudyFile file = parse_study(read_text_file(path), path);
  std::error_code problem;
  const fs::path& directory = file.runner.directory;
  if (!directory.empty() && !fs::is_directory(directory, problem)) {
    throw file.error_at("runner.directory",
                        fmt::format("`runner.directory` names no folder: {}", directory.string()));
  }
  return file;
}

}  // namespace wattune::config
