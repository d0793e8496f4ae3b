#include "study_history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "command.hpp"
#include "output_file.hpp"
#include "state_folder.hpp"
#include "study_reader.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;

/// FNV-1a: a name that tells nothing of what it was made from.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : text) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  }
  return hash;
}

/// The same for a study whenever it is gone on with, and another for every other study.
std::string id_of(const report::StudyRecord& record, const fs::path& database) {
  const auto begun = record.started_at.time_since_epoch().count();
  const std::string text = fmt::format("{} {}", begun, fs::absolute(database).string());
  return fmt::format("{:012x}", hash_of(text) >> 16U);
}

std::optional<KeptStudy> read_kept(const fs::path& file) {
  std::ifstream stream(file);
  const auto document = nlohmann::json::parse(stream, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  auto study = strategies::past_study_from_json(document);
  if (!study) return std::nullopt;
  return KeptStudy{file.stem().string(), file, *std::move(study)};
}

/// What the sessions of this study were begun with; nothing where it has had none.
std::optional<std::vector<space::Configuration>> learned_before(const trial::Problem& problem,
                                                                const fs::path& database) {
  if (!fs::exists(database)) return std::nullopt;
  try {
    const report::StudyRecord record = read_study(database);
    std::vector<space::Configuration> configurations;
    const auto environment = nlohmann::json::parse(record.history.environment(), nullptr, false);
    if (!environment.is_object()) return std::nullopt;
    for (const auto& each : environment.value("learned", nlohmann::json::array())) {
      auto configuration = problem.space.from_json(each);
      if (configuration) configurations.push_back(*std::move(configuration));
    }
    return configurations;
  } catch (const CommandError&) {
    return std::nullopt;  // Whoever opens it to append says what is wrong with it.
  }
}

}  // namespace

std::optional<fs::path> history_folder() {
  const auto folder = state_folder();
  if (!folder) return std::nullopt;
  return *folder / "history";
}

bool is_history_on(const config::StudyFile& file, bool is_refused) {
  const char* variable = std::getenv("WATTUNE_HISTORY");
  const bool is_off = variable != nullptr && std::string_view{variable} == "off";
  return file.has_history && !is_refused && !is_off;
}

std::vector<KeptStudy> read_history() {
  std::vector<KeptStudy> kept;
  const auto folder = history_folder();
  if (!folder) return kept;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(*folder, ignored)) {
    if (entry.path().extension() != ".json") continue;
    if (auto study = read_kept(entry.path())) kept.push_back(*std::move(study));
  }
  std::ranges::sort(kept, {}, &KeptStudy::id);
  return kept;
}

std::optional<std::string> keep_in_history(const report::StudyRecord& record,
                                           const fs::path& database) {
  const auto folder = history_folder();
  const auto study = strategies::past_study_of(record.history);
  if (!folder || !study) return std::nullopt;
  const std::string id = id_of(record, database);
  try {
    write_file(*folder / (id + ".json"), to_json(*study).dump(1) + "\n");
  } catch (const CommandError&) {
    return std::nullopt;  // A folder that cannot be written is no reason to fail a study.
  }
  return id;
}

std::vector<space::Configuration> learned_configurations(const trial::Problem& problem,
                                                         const fs::path& database) {
  if (auto before = learned_before(problem, database)) return *std::move(before);
  std::vector<strategies::PastStudy> studies;
  for (KeptStudy& kept : read_history()) studies.push_back(std::move(kept.study));
  return strategies::learned_start(studies, problem);
}

}  // namespace wattune::cli
