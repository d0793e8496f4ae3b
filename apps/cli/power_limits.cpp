#include "power_limits.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "wattune/energy/power_limit.hpp"

namespace wattune::cli {
namespace {

std::string words_of(const energy::PowerLimitJournal& journal) {
  std::string words;
  for (const energy::ChangedPowerLimit& each : journal.changes) {
    words += fmt::format("{}{}: {:g} W, before {:g} W", words.empty() ? "" : "; ", each.uuid,
                         each.set.value(), each.found.value());
  }
  return words;
}

Result<std::vector<std::string>> restore(const std::string& nvml_library) {
  const auto nvml = energy::Nvml::open({.library = nvml_library});
  if (!nvml) return tl::unexpected(nvml.error());
  return energy::restore_power_limits(*nvml, power_limit_journal());
}

}  // namespace

std::filesystem::path power_limit_journal() {
  const char* file = std::getenv("WATTUNE_POWER_LIMITS");
  if (file != nullptr && *file != '\0') return file;
  return "/var/lib/wattune/power-limits";
}

void restore_left_power_limits(const std::string& nvml_library) {
  const auto journal = energy::read_power_limit_journal(power_limit_journal());
  if (!journal || journal->is_in_use || journal->changes.empty()) return;
  const Result<std::vector<std::string>> left = restore(nvml_library);
  std::string words = words_of(*journal);
  if (!left) words += "; cannot be put back: " + left.error().message;
  if (left) {
    for (const std::string& each : *left) words += "; " + each;
    if (left->empty()) words += "; put back";
  }
  fmt::print(stderr, "wattune: power limits that an earlier run had left changed: {}\n", words);
}

MachineCheck check_power_limits() {
  constexpr const char* kName = "power limits";
  const auto journal = energy::read_power_limit_journal(power_limit_journal());
  if (!journal) return {kName, CheckState::Note, journal.error().message};
  if (journal->changes.empty()) return {kName, CheckState::Fine, "none was left changed"};
  const std::string words = words_of(*journal);
  if (journal->is_in_use) {
    return {kName, CheckState::Note, "set by a study that runs: " + words};
  }
  return {kName, CheckState::Lacking, "left changed by a run that was killed: " + words,
          "sudo wattune measure -- true"};
}

}  // namespace wattune::cli
