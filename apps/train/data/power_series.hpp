// A CSV file of the UCI data set "Individual household electric power consumption":
//
//   Date;Time;Global_active_power;Global_reactive_power;Voltage;...      header
//   16/12/2006;17:24:00;4.216;0.418;234.840;...                          one line a minute
//   28/4/2007;00:21:00;?;?;?;?;?;?;                                      "?" or nothing: missing
//
// Other columns than those of UCI are taken as they are named; the first two are Date and Time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace wattune::train {

/// Numbers measured at even steps in time, all there.
struct Series {
  std::vector<std::string> columns;  ///< Names in lower case.
  std::vector<float> values;         ///< [steps x columns], the columns of a step together.

  [[nodiscard]] std::int64_t num_columns() const {
    return static_cast<std::int64_t>(columns.size());
  }
  [[nodiscard]] std::int64_t num_steps() const {
    return static_cast<std::int64_t>(values.size()) / num_columns();
  }
};

/// Reads a file and takes the mean of every `lines_per_step` lines.
///
/// A mean is over what is there; where nothing is there, the step before is repeated. Steps before
/// the first number of a column are left out.
///
/// Errors   UsageError  unreadable, empty, another header, a line with too few or too many fields
///                      or a field that is no number; the message names file and line
Series read_power_csv(const std::filesystem::path& path, std::int64_t lines_per_step);

/// SYNTHETIC: minutes that look like those of a household, with the columns of the UCI file.
///
/// Base load, cooking, heating that follows the season, laundry and noise, for `num_minutes`; a
/// function of nothing else. No household was measured.
Series make_synthetic_power(std::int64_t num_minutes, std::int64_t lines_per_step);

/// Takes the mean of lines as they come, and ends with a series.
class StepMeans {
 public:
  StepMeans(std::vector<std::string> columns, std::int64_t lines_per_step);

  /// Takes    line  one value per column; NaN where it is missing
  void add(const std::vector<double>& line);
  Series take();

 private:
  void close_step();

  Series series_;
  std::int64_t lines_per_step_;
  std::int64_t num_lines_ = 0;
  std::vector<double> sums_;
  std::vector<std::int64_t> counts_;
  std::vector<double> last_;
};

}  // namespace wattune::train
