#include "wattune/energy/lasting_totals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "small_file.hpp"

namespace wattune::energy {

using nlohmann::json;

Result<LastingTotals> LastingTotals::open(std::filesystem::path file) {
  LastingTotals totals;
  totals.file_ = std::move(file);
  const Result<std::string> text = read_small_file(totals.file_);
  if (!text && text.error().kind == ErrorKind::NotFound) return totals;
  if (!text) return tl::unexpected(text.error());
  try {
    const json document = json::parse(*text);
    if (document.at("format") != 1) throw std::out_of_range("format");
    for (const auto& [channel, count] : document.at("totals_uj").items()) {
      const auto energy = count.get<std::int64_t>();
      if (energy < 0) throw std::out_of_range("below 0");
      totals.before_[channel] = Microjoules{energy};
    }
  } catch (const std::exception&) {
    return fail(ErrorKind::Invalid, fmt::format("{} holds no totals; move it away to count from 0",
                                                totals.file_.string()));
  }
  totals.totals_ = totals.before_;
  return totals;
}

void LastingTotals::set_counted(const std::string& channel, Microjoules in_this_run) {
  Microjoules& total = totals_[channel];
  total = std::max(total, before_[channel] + in_this_run);
}

Result<void> LastingTotals::save() const {
  json counts = json::object();
  for (const auto& [channel, total] : totals_) counts[channel] = total.count();
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  std::filesystem::path draft = file_;
  draft += ".part";
  std::ofstream out{draft, std::ios::binary};
  out << json{{"format", 1}, {"totals_uj", counts}}.dump() << "\n";
  out.close();
  error.clear();
  if (out) std::filesystem::rename(draft, file_, error);
  if (out && !error) return {};
  return fail(error == std::errc::permission_denied ? ErrorKind::Permission : ErrorKind::Transient,
              fmt::format("cannot write {}: {}", file_.string(),
                          error ? error.message() : "no space or no permission"));
}

}  // namespace wattune::energy
