#include "wattune/energy/rate_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <fstream>
#include <map>
#include <system_error>

#include "data_table.hpp"
#include "wattune/base/text.hpp"

namespace wattune::energy {
namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;

constexpr std::uintmax_t kLargestFile = 32U << 20U;
constexpr int kMinutesPerDay = 24 * 60;
constexpr std::array<std::string_view, 7> kDayNames{"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};

/// What is wrong, and where. Thrown inside this file only, so that the first problem ends the
/// reading.
struct BadCell {
  std::size_t line;
  std::size_t column;
  std::string message;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Cell {
  std::string_view text;
  std::size_t line = 0;
  std::size_t column = 0;

  [[noreturn]] void refuse(std::string_view is, std::string_view allowed) const {
    throw BadCell{line, column, fmt::format("`{}` {}; allowed: {}", text, is, allowed)};
  }
};

using Row = std::vector<Cell>;

/// The text as cells, each with its place.
struct Sheet {
  std::map<std::string, Cell, std::less<>> header;  ///< Of the lines "# key: value".
  Row columns;
  std::vector<Row> rows;
};

Row cells_of(std::string_view line, std::size_t line_number) {
  Row row;
  for (const std::string_view field : split_fields(line)) {
    const std::string_view word = trimmed(field);
    const auto* place = word.empty() ? field.data() : word.data();
    row.push_back({word, line_number, static_cast<std::size_t>(place - line.data()) + 1});
  }
  return row;
}

void read_header_line(std::string_view line, std::size_t line_number, Sheet& sheet) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view value = trimmed(line.substr(colon + 1));
  const auto* place = value.empty() ? line.data() + colon : value.data();
  const Cell cell{value, line_number, static_cast<std::size_t>(place - line.data()) + 1};
  sheet.header.emplace(trimmed(line.substr(1, colon - 1)), cell);
}

Sheet sheet_of(std::string_view text) {
  Sheet sheet;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (trimmed(line).empty()) continue;
    if (line.starts_with('#')) {
      read_header_line(line, number, sheet);
    } else if (sheet.columns.empty()) {
      sheet.columns = cells_of(line, number);
    } else {
      sheet.rows.push_back(cells_of(line, number));
    }
  }
  return sheet;
}

/// The number that the digits in [begin, begin + length) make.
std::optional<int> digits(std::string_view text, std::size_t begin, std::size_t length) {
  if (begin + length > text.size()) return std::nullopt;
  const std::string_view part = text.substr(begin, length);
  const bool is_number =
      std::ranges::all_of(part, [](unsigned char letter) { return std::isdigit(letter) != 0; });
  return is_number ? number_of<int>(part) : std::nullopt;
}

/// "Z", "+01:00", "-0330".
std::optional<minutes> offset_of(std::string_view text) {
  if (text == "Z" || text == "z") return minutes{0};
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const bool has_colon = text.size() == 6 && text[3] == ':';
  if (!has_colon && text.size() != 5) return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const auto rest = digits(text, has_colon ? 4 : 3, 2);
  if (!hours || !rest || *hours > 14 || *rest > 59) return std::nullopt;
  const minutes offset{*hours * 60 + *rest};
  return text[0] == '-' ? -offset : offset;
}

/// "2026-11-21T14:00:00+01:00"; the seconds may be left out.
WallTime time_of(const Cell& cell) {
  constexpr std::string_view kAllowed =
      "a time in ISO 8601 with its zone, such as 2026-11-21T14:00:00+01:00 or 2026-11-21T13:00Z";
  const std::string_view text = cell.text;
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const bool has_shape = year && month && day && hour && minute && text[4] == '-' &&
                         text[7] == '-' && (text[10] == 'T' || text[10] == ' ') && text[13] == ':';
  if (!has_shape) cell.refuse("is no time", kAllowed);
  const bool has_seconds = text.size() > 16 && text[16] == ':';
  const auto second = has_seconds ? digits(text, 17, 2) : std::optional{0};
  const std::string_view zone =
      text.substr(has_seconds ? std::min<std::size_t>(19, text.size()) : 16);
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || !second || *second > 59) {
    cell.refuse("is no time", kAllowed);
  }
  if (zone.empty()) cell.refuse("has no zone", kAllowed);
  const auto offset = offset_of(zone);
  if (!offset) cell.refuse("has no zone that is known", kAllowed);
  return WallTime{std::chrono::sys_days{date} + std::chrono::hours{*hour} + minutes{*minute} +
                  std::chrono::seconds{*second} - *offset};
}

/// "07:30" as minutes since midnight.
int time_of_day(const Cell& cell) {
  const auto hour = digits(cell.text, 0, 2);
  const auto minute = digits(cell.text, 3, 2);
  const bool has_shape = cell.text.size() == 5 && cell.text[2] == ':' && hour && minute;
  const int total = has_shape ? *hour * 60 + *minute : -1;
  if (!has_shape || *minute > 59 || total > kMinutesPerDay) {
    cell.refuse("is no time of day", "00:00 to 24:00");
  }
  return total;
}

int day_of(const Cell& cell, std::string_view name) {
  const auto day = std::ranges::find(kDayNames, name);
  if (day == kDayNames.end()) {
    cell.refuse("names no days", "mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, all");
  }
  return static_cast<int>(day - kDayNames.begin());
}

/// "mon-fri", "sat", "sun-tue", "all": numbers of days, Monday is 0.
std::vector<int> days_of(const Cell& cell) {
  if (cell.text == "all") return {0, 1, 2, 3, 4, 5, 6};
  const auto dash = cell.text.find('-');
  const int first = day_of(cell, cell.text.substr(0, dash));
  const int last =
      dash == std::string_view::npos ? first : day_of(cell, cell.text.substr(dash + 1));
  std::vector<int> days{first};
  for (int day = first; day != last; days.push_back(day)) day = (day + 1) % 7;
  return days;
}

/// Reads the rows of one file; the kind of value is given by its column and its limits.
class Reader {
 public:
  struct Value {
    std::string_view column;
    double low;
    double high;
  };

  Reader(std::string_view text, Value value) : sheet_(sheet_of(text)), value_(value) {
    if (sheet_.columns.empty()) throw BadCell{1, 1, "the file has no line of column names"};
    if (sheet_.rows.empty()) throw BadCell{sheet_.columns[0].line, 1, "no rows follow the columns"};
    for (const Row& row : sheet_.rows) {
      if (row.size() == sheet_.columns.size()) continue;
      throw BadCell{row[0].line, row.back().column,
                    fmt::format("the row has {} fields; the columns are {}", row.size(),
                                sheet_.columns.size())};
    }
  }

  [[nodiscard]] const Cell* header(std::string_view key) const {
    const auto cell = sheet_.header.find(key);
    return cell == sheet_.header.end() ? nullptr : &cell->second;
  }

  [[nodiscard]] RateTable table() const {
    std::string shape;
    for (const Cell& column : sheet_.columns) {
      shape += (shape.empty() ? "" : ",") + std::string(column.text);
    }
    const std::string value{value_.column};
    if (shape == "from," + value) return evenly();
    if (shape == "from,until," + value) return from_until();
    if (shape == "hour," + value) return hours();
    if (shape == "days,from,until," + value) return bands();
    throw BadCell{sheet_.columns[0].line, 1,
                  fmt::format("the columns `{}` are not known; allowed: `from,{v}`, "
                              "`from,until,{v}`, `hour,{v}`, `days,from,until,{v}`",
                              shape, fmt::arg("v", value))};
  }

  /// The year of the data: of the first time stamp, else of the header.
  [[nodiscard]] int year(const RateTable& table) const {
    if (!table.spans().empty()) {
      const std::chrono::year_month_day date{
          std::chrono::floor<std::chrono::days>(table.spans().front().from)};
      return static_cast<int>(date.year());
    }
    const Cell& cell = required("year", "the year of the data, such as 2025");
    const auto year = number_of<int>(cell.text);
    if (!year || *year < 1990 || *year > 2100) cell.refuse("is no year", "1990 to 2100");
    return *year;
  }

  [[nodiscard]] const Cell& required(std::string_view key, std::string_view meaning) const {
    const Cell* cell = header(key);
    if (cell == nullptr) {
      throw BadCell{sheet_.columns[0].line, 1,
                    fmt::format("no line `# {}: ...` stands before the columns: {}", key, meaning)};
    }
    return *cell;
  }

 private:
  [[nodiscard]] double value_of(const Row& row) const {
    const Cell& cell = row.back();
    const auto number = number_of<double>(cell.text);
    if (!number || !(*number >= value_.low && *number <= value_.high)) {
      cell.refuse("is no " + std::string(value_.column),
                  fmt::format("a number from {} to {}", value_.low, value_.high));
    }
    return *number;
  }

  [[nodiscard]] minutes utc_offset() const {
    const Cell& cell =
        required("utc_offset",
                 "the distance of local time from UTC, such as +01:00; it is the same all year");
    const auto offset = offset_of(cell.text);
    if (!offset) cell.refuse("is no distance from UTC", "Z, +01:00, -05:00 and the like");
    return *offset;
  }

  [[nodiscard]] RateTable evenly() const {
    if (sheet_.rows.size() < 2) {
      throw BadCell{sheet_.rows[0][0].line, 1,
                    "one row does not tell how long it holds; allowed: two rows or more, or the "
                    "columns `from,until`"};
    }
    std::vector<RateTable::Span> spans;
    const auto step = time_of(sheet_.rows[1][0]) - time_of(sheet_.rows[0][0]);
    for (const Row& row : sheet_.rows) {
      const WallTime from = time_of(row[0]);
      if (!spans.empty() && (from <= spans.back().from || from - spans.back().from != step)) {
        row[0].refuse(
            fmt::format("is {} after the row before it, where the first two are {} apart",
                        duration_text(seconds_of(from - spans.back().from)),
                        duration_text(seconds_of(step))),
            "rows in order and evenly apart, or the columns `from,until` for a table with holes");
      }
      spans.push_back({from, from + step, value_of(row)});
    }
    return RateTable::timed(std::move(spans));
  }

  static Seconds seconds_of(WallTime::duration duration) {
    return Seconds{std::chrono::duration<double>(duration).count()};
  }

  [[nodiscard]] RateTable from_until() const {
    std::vector<RateTable::Span> spans;
    for (const Row& row : sheet_.rows) {
      const RateTable::Span span{time_of(row[0]), time_of(row[1]), value_of(row)};
      if (span.until <= span.from) row[1].refuse("is not after `from`", "a later time");
      if (!spans.empty() && span.from < spans.back().until) {
        row[0].refuse("is before the end of the row above", "rows in order that do not overlap");
      }
      spans.push_back(span);
    }
    return RateTable::timed(std::move(spans));
  }

  [[nodiscard]] RateTable hours() const {
    std::vector<RateTable::Band> bands;
    std::array<bool, 24> is_there{};
    for (const Row& row : sheet_.rows) {
      const auto hour = number_of<int>(row[0].text);
      if (!hour || *hour < 0 || *hour > 23) row[0].refuse("is no hour", "0 to 23");
      if (std::exchange(is_there.at(static_cast<std::size_t>(*hour)), true)) {
        row[0].refuse("is there twice", "each hour once");
      }
      const double rate = value_of(row);
      for (int day = 0; day < 7; ++day) {
        const int begin = day * kMinutesPerDay + *hour * 60;
        bands.push_back({begin, begin + 60, rate});
      }
    }
    if (const auto hole = std::ranges::find(is_there, false); hole != is_there.end()) {
      throw BadCell{
          sheet_.rows.back()[0].line, 1,
          fmt::format("hour {} is missing; allowed: 0 to 23, each once", hole - is_there.begin())};
    }
    return RateTable::weekly(std::move(bands), utc_offset());
  }

  [[nodiscard]] RateTable bands() const {
    std::vector<RateTable::Band> bands;
    for (const Row& row : sheet_.rows) {
      const int from = time_of_day(row[1]);
      int until = time_of_day(row[2]);
      if (until == from)
        row[2].refuse("is not after `from`", "another time; a whole day is 00:00,24:00");
      if (until < from) until += kMinutesPerDay;
      const double rate = value_of(row);
      for (const int day : days_of(row[0])) {
        add_band(row[0], {day * kMinutesPerDay + from, day * kMinutesPerDay + until, rate}, bands);
      }
    }
    return RateTable::weekly(std::move(bands), utc_offset());
  }

  /// Adds a band; what goes beyond Sunday goes on on Monday.
  static void add_band(const Cell& cell, RateTable::Band band,
                       std::vector<RateTable::Band>& bands) {
    constexpr int kWeek = 7 * kMinutesPerDay;
    if (band.until_minute > kWeek) {
      add_band(cell, {0, band.until_minute - kWeek, band.rate}, bands);
      band.until_minute = kWeek;
    }
    for (const RateTable::Band& other : bands) {
      if (band.from_minute < other.until_minute && other.from_minute < band.until_minute) {
        cell.refuse("overlaps with a row above", "parts of the week that do not overlap");
      }
    }
    bands.push_back(band);
  }

  Sheet sheet_;
  Value value_;
};

template <typename T, typename Read>
Result<T> reading(std::string_view file_name, Read read) try {
  return read();
} catch (const BadCell& bad) {
  return fail(ErrorKind::Invalid,
              fmt::format("{}:{}:{}: {}", file_name, bad.line, bad.column, bad.message));
} catch (const ConfigError& error) {
  return fail(ErrorKind::Invalid, fmt::format("{}: {}", file_name, error.what()));
}

std::string source_of(const Reader& reader, std::string_view file_name) {
  const Cell* cell = reader.header("source");
  return cell != nullptr ? fmt::format("{} ({})", cell->text, file_name) : std::string(file_name);
}

Result<std::string> read_text_file(const fs::path& path) {
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (status.type() == fs::file_type::not_found) {
    return fail(ErrorKind::NotFound, fmt::format("{}: no such file", path.string()));
  }
  if (!fs::is_regular_file(status)) {
    return fail(ErrorKind::Invalid, fmt::format("{} is no file", path.string()));
  }
  if (fs::file_size(path, problem) > kLargestFile) {
    return fail(ErrorKind::Invalid, fmt::format("{} is larger than 32 MiB", path.string()));
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return fail(ErrorKind::Permission, fmt::format("{} cannot be read", path.string()));
  }
  return std::string{std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace

Result<CarbonIntensity> parse_intensity_csv(std::string_view text, std::string_view file_name) {
  return reading<CarbonIntensity>(file_name, [&] {
    const Reader reader(text, {"gram_per_kwh", 0.0, 3000.0});
    CarbonIntensity intensity{reader.table()};
    intensity.year = reader.year(intensity.rate);
    intensity.source = source_of(reader, file_name);
    if (const Cell* kind = reader.header("kind")) {
      intensity.kind = carbon_kind_from_text(kind->text);
      if (!intensity.kind) {
        kind->refuse("is no kind of carbon",
                     "life-cycle average, life-cycle marginal, direct average, direct marginal");
      }
    }
    return intensity;
  });
}

Result<Price> parse_price_csv(std::string_view text, std::string_view file_name) {
  return reading<Price>(file_name, [&] {
    const Reader reader(text, {"price_per_kwh", -1e6, 1e6});
    Price price{reader.table()};
    static_cast<void>(reader.year(price.rate));
    const Cell& currency = reader.required("currency", "three capital letters, such as EUR");
    const bool is_code =
        currency.text.size() == 3 &&
        std::ranges::all_of(currency.text, [](unsigned char c) { return std::isupper(c) != 0; });
    if (!is_code) currency.refuse("is no currency", "three capital letters, such as EUR");
    price.currency = currency.text;
    price.source = source_of(reader, file_name);
    return price;
  });
}

Result<CarbonIntensity> read_intensity_csv(const fs::path& path) {
  const Result<std::string> text = read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  return parse_intensity_csv(*text, path.string());
}

Result<Price> read_price_csv(const fs::path& path) {
  const Result<std::string> text = read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  return parse_price_csv(*text, path.string());
}

}  // namespace wattune::energy
