#include "wattune/energy/idle_store.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>
#include <system_error>

#include "small_file.hpp"

// One line per channel and conditions, with tabs between:
//
//   host  kernel  governor  channel  watts  microseconds since 1970 in UTC

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader = "# Wattune idle power, version 1";

struct Row {
  IdleConditions conditions;
  IdlePower idle;
};

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == line.npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_power(double watts) {
  return std::isfinite(watts) && watts >= 0.0;
}

std::optional<Row> row_of(std::string_view line) {
  const std::vector<std::string_view> fields = fields_of(line);
  if (fields.size() != 6) return std::nullopt;
  const auto watts = number_of<double>(fields[4]);
  const auto moment = number_of<std::int64_t>(fields[5]);
  if (!watts || !is_power(*watts) || !moment) return std::nullopt;
  return Row{{std::string(fields[0]), std::string(fields[1]), std::string(fields[2])},
             {std::string(fields[3]), Watts{*watts}, WallTime{std::chrono::microseconds{*moment}}}};
}

Result<std::vector<Row>> read_rows(const fs::path& file) {
  const Result<std::string> text = read_small_file(file);
  if (!text && text.error().kind == ErrorKind::NotFound) return std::vector<Row>{};
  if (!text) return tl::unexpected(text.error());
  std::vector<Row> rows;
  std::string_view rest = *text;
  for (int number = 1; !rest.empty(); ++number) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (number == 1 && line == kHeader) continue;
    std::optional<Row> row = row_of(line);
    if (number == 1 || !row) {
      return fail(ErrorKind::Invalid,
                  fmt::format("{}:{}: not a line of idle powers", file.string(), number));
    }
    rows.push_back(std::move(*row));
  }
  return rows;
}

/// Tabs and line ends separate; nothing that names a host or a channel holds them in earnest.
std::string cleaned(std::string text) {
  std::ranges::replace_if(
      text, [](char letter) { return letter == '\t' || letter == '\n'; }, ' ');
  return text;
}

std::string line_of(const Row& row) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", cleaned(row.conditions.host),
                     cleaned(row.conditions.kernel), cleaned(row.conditions.governor),
                     cleaned(row.idle.channel_id), row.idle.power.value(),
                     row.idle.measured_at.time_since_epoch().count());
}

}  // namespace

IdleConditions read_idle_conditions(const fs::path& cpu_folder) {
  IdleConditions conditions{"unknown", "unknown", "none"};
  utsname name{};
  if (::uname(&name) == 0) {
    conditions.host = cleaned(name.nodename);
    conditions.kernel = cleaned(name.release);
  }
  if (const auto governor = read_word(cpu_folder / "cpu0" / "cpufreq" / "scaling_governor")) {
    conditions.governor = cleaned(*governor);
  }
  return conditions;
}

Result<std::vector<IdlePower>> load_idle_powers(const fs::path& file,
                                                const IdleConditions& conditions) {
  const Result<std::vector<Row>> rows = read_rows(file);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<IdlePower> powers;
  for (const Row& row : *rows) {
    if (row.conditions == conditions) powers.push_back(row.idle);
  }
  return powers;
}

Result<void> save_idle_powers(const fs::path& file, const IdleConditions& conditions,
                              const std::vector<IdlePower>& powers) {
  Result<std::vector<Row>> rows = read_rows(file);
  if (!rows) return tl::unexpected(rows.error());
  for (const IdlePower& idle : powers) {
    if (!is_power(idle.power.value())) {
      return fail(ErrorKind::Invalid, fmt::format("idle power of {}: {} W cannot be",
                                                  idle.channel_id, idle.power.value()));
    }
    std::erase_if(*rows, [&](const Row& row) {
      return row.conditions == conditions && row.idle.channel_id == idle.channel_id;
    });
    rows->push_back({conditions, idle});
  }
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  const fs::path part = file.string() + fmt::format(".{}", ::getpid());
  {
    std::ofstream stream(part, std::ios::trunc);
    stream << kHeader << '\n';
    for (const Row& row : *rows) stream << line_of(row);
    stream.flush();
    if (!stream) return fail(ErrorKind::Permission, "cannot write " + part.string());
  }
  fs::rename(part, file, error);
  if (error) {
    return fail(ErrorKind::Permission,
                fmt::format("cannot replace {}: {}", file.string(), error.message()));
  }
  return {};
}

}  // namespace wattune::energy
