#include "data/power_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kFieldsBeforeValues = 2;  // Date and Time

std::vector<std::string_view> split_fields(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = line.find(';');
    fields.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return result;
}

/// Reads lines and names file and line where one is wrong.
class PowerCsv {
 public:
  explicit PowerCsv(const std::filesystem::path& path) : path_(path), file_(path) {
    if (!file_) fail_without_line(std::strerror(errno));
    if (std::filesystem::is_directory(path)) fail_without_line("a folder; a CSV file is needed");
    std::string line;
    if (!std::getline(file_, line)) fail_without_line("empty");
    const auto fields = split_fields(line);
    const bool is_header = fields.size() > kFieldsBeforeValues && lower(fields[0]) == "date" &&
                           lower(fields[1]) == "time";
    if (!is_header) {
      fail("a header 'Date;Time;...' with at least one more column is needed, separated by ';'");
    }
    for (std::size_t i = kFieldsBeforeValues; i < fields.size(); ++i) {
      columns_.push_back(lower(fields[i]));
    }
    values_.resize(columns_.size());
  }

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }

  /// Null at the end of the file.
  const std::vector<double>* next() {
    std::string line;
    if (!std::getline(file_, line)) return nullptr;
    ++line_number_;
    const auto fields = split_fields(line);
    // Where the last column is missing, UCI's file ends the line after its separator.
    if (fields.size() != columns_.size() + kFieldsBeforeValues) {
      fail(fmt::format("{} fields; the header has {}", fields.size(),
                       columns_.size() + kFieldsBeforeValues));
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      values_[i] = to_value(fields[i + kFieldsBeforeValues], columns_[i]);
    }
    return &values_;
  }

  [[noreturn]] void fail_without_line(std::string_view what) const {
    throw UsageError(fmt::format("data file {}: {}", path_.string(), what));
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw UsageError(fmt::format("data file {}, line {}: {}", path_.string(), line_number_, what));
  }

  double to_value(std::string_view field, const std::string& column) const {
    if (field.empty() || field == "?") return kMissing;
    double value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc{} || end != field.data() + field.size() || !std::isfinite(value)) {
      fail(fmt::format("'{}' in column {} is no number and not '?'", field, column));
    }
    return value;
  }

  std::filesystem::path path_;
  std::ifstream file_;
  std::int64_t line_number_ = 1;
  std::vector<std::string> columns_;
  std::vector<double> values_;
};

}  // namespace

StepMeans::StepMeans(std::vector<std::string> columns, std::int64_t lines_per_step)
    : series_{std::move(columns), {}},
      lines_per_step_(lines_per_step),
      sums_(series_.columns.size()),
      counts_(series_.columns.size()),
      last_(series_.columns.size(), kMissing) {
}

void StepMeans::add(const std::vector<double>& line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (std::isnan(line[i])) continue;
    sums_[i] += line[i];
    ++counts_[i];
  }
  if (++num_lines_ % lines_per_step_ == 0) close_step();
}

void StepMeans::close_step() {
  for (std::size_t i = 0; i < last_.size(); ++i) {
    if (counts_[i] > 0) last_[i] = sums_[i] / static_cast<double>(counts_[i]);
    sums_[i] = 0;
    counts_[i] = 0;
  }
  if (std::ranges::any_of(last_, [](double value) { return std::isnan(value); })) return;
  for (const double value : last_) series_.values.push_back(static_cast<float>(value));
}

Series StepMeans::take() {
  return std::move(series_);
}

Series read_power_csv(const std::filesystem::path& path, std::int64_t lines_per_step) {
  PowerCsv csv(path);
  StepMeans means(csv.columns(), lines_per_step);
  while (const std::vector<double>* line = csv.next()) means.add(*line);
  Series series = means.take();
  if (series.values.empty()) csv.fail_without_line("no step in time has a number in every column");
  return series;
}

}  // namespace wattune::train
