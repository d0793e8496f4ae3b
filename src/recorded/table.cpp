#include "wattune/recorded/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>

#include "wattune/base/csv.hpp"
#include "wattune/base/text.hpp"

namespace wattune::recorded {
namespace {

/// Trainings of one configuration, one per recorded seed.
struct Recorded {
  space::Configuration configuration;
  std::vector<double> point;  // in the unit cube
  std::vector<std::vector<RecordedStep>> trainings;
};

std::optional<double> number_in(const std::string& cell) {
  double value = 0.0;
  const char* const end = cell.data() + cell.size();
  const auto [stop, error] = std::from_chars(cell.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// --- columns -------------------------------------------------------------------------------------

enum class Use : std::uint8_t { Parameter, Seed, Step, Metric, Seconds, Joules };

struct Column {
  std::string name;
  Use use = Use::Metric;
  std::size_t parameter = 0;  // its index in the space
};

/// Reads one file; remembers where it is, for messages.
class TableReader {
 public:
  TableReader(const std::string& file_name, const space::Space& space,
              std::span<const std::string> required, const TableOptions& options)
      : file_name_(file_name), space_(space), required_(required), options_(options) {}

  std::vector<Recorded> read(std::string_view text);
  [[nodiscard]] bool has_joules() const { return has(Use::Joules); }
  [[nodiscard]] std::vector<std::string> metrics() const {
    std::vector<std::string> names;
    for (const Column& column : columns_) {
      if (column.use == Use::Metric) names.push_back(column.name);
    }
    return names;
  }

 private:
  struct Row {
    std::size_t line = 0;
    std::string seed;
    RecordedStep step;
  };

  [[noreturn]] void refuse(std::size_t line, const std::string& words) const {
    throw ConfigError(fmt::format("{}:{}: {}", file_name_, line, words));
  }
  [[nodiscard]] bool has(Use use) const {
    return std::ranges::count(columns_, use, &Column::use) > 0;
  }
  [[nodiscard]] Use use_of(const std::string& name) const;
  void read_header(const CsvRow& header);
  void require_columns(std::size_t line) const;
  [[nodiscard]] std::string missing_text(const std::string& what, const std::string& name) const;
  void read_row(const CsvRow& row);
  [[nodiscard]] space::Value value_of(const CsvRow& row, std::size_t column) const;
  [[nodiscard]] double amount_of(const CsvRow& row, std::size_t column) const;
  void read_metric(const CsvRow& row, std::size_t column, RecordedStep& step) const;
  [[nodiscard]] std::vector<std::vector<RecordedStep>> trainings_of(std::vector<Row> rows) const;
  void check_growth(const Row& before, const Row& after) const;

  const std::string& file_name_;
  const space::Space& space_;
  std::span<const std::string> required_;
  const TableOptions& options_;
  std::vector<Column> columns_;
  std::map<space::Configuration, std::size_t> index_;  // of rows_
  std::vector<std::pair<space::Configuration, std::vector<Row>>> rows_;
};

std::vector<Recorded> TableReader::read(std::string_view text) {
  const std::vector<CsvRow> lines = split_csv(text, file_name_);
  if (lines.empty())
    throw ConfigError(file_name_ + ": the table is empty; its first line names the columns");
  read_header(lines.front());
  for (const CsvRow& line : std::span{lines}.subspan(1)) read_row(line);
  if (rows_.empty()) refuse(lines.front().line, "there is no row below the names of the columns");
  std::vector<Recorded> all;
  for (auto& [configuration, rows] : rows_) {
    all.push_back({configuration, space_.to_unit(configuration), trainings_of(std::move(rows))});
  }
  return all;
}

Use TableReader::use_of(const std::string& name) const {
  if (space_.index_of(name)) return Use::Parameter;
  if (name == "seed") return Use::Seed;
  if (name == "step") return Use::Step;
  if (name == "seconds") return Use::Seconds;
  if (name == "joules") return Use::Joules;
  return Use::Metric;
}

void TableReader::read_header(const CsvRow& header) {
  for (const std::string& name : header.cells) {
    if (name.empty()) refuse(header.line, "a column has no name");
    if (std::ranges::count(columns_, name, &Column::name) > 0) {
      refuse(header.line, fmt::format("column `{}` is there twice", name));
    }
    columns_.push_back({name, use_of(name), space_.index_of(name).value_or(0)});
  }
  require_columns(header.line);
}

std::string TableReader::missing_text(const std::string& what, const std::string& name) const {
  std::vector<std::string> names;
  for (const Column& column : columns_) names.push_back(column.name);
  const auto nearest = nearest_name(name, names);
  return fmt::format("no column for {} `{}`; there are {}{}", what, name, join_names(names),
                     nearest ? fmt::format("; is it `{}`?", *nearest) : "");
}

void TableReader::require_columns(std::size_t line) const {
  const auto is_there = [&](const std::string& name) {
    return std::ranges::count(columns_, name, &Column::name) > 0;
  };
  for (const space::Parameter& parameter : space_.parameters()) {
    const bool is_constant = std::holds_alternative<space::ConstantDomain>(parameter.domain);
    if (!is_constant && !is_there(parameter.name)) {
      refuse(line, missing_text("parameter", parameter.name));
    }
  }
  for (const std::string& metric : required_) {
    if (!is_there(metric)) refuse(line, missing_text("metric", metric));
  }
  if (!has(Use::Step) && !options_.runs_as_a_whole) {
    refuse(line, "no column `step`, which says how far a training was; the study has a resource");
  }
  if (!has(Use::Seconds)) {
    refuse(line, "no column `seconds`, the time since the beginning of the training");
  }
  if (!has(Use::Joules) && !options_.power) {
    refuse(line,
           "no column `joules`, the energy since the beginning of the training; without one, "
           "--power W makes joules of the seconds");
  }
}

// --- rows ----------------------------------------------------------------------------------------

space::Value TableReader::value_of(const CsvRow& row, std::size_t column) const {
  const std::string& cell = row.cells[column];
  const std::size_t index = columns_[column].parameter;
  const space::Parameter& parameter = space_.parameters()[index];
  if (cell.empty()) return space::Inactive{};
  std::vector<space::Choice> readings{cell};
  if (cell == "true" || cell == "false") readings.emplace_back(cell == "true");
  if (const auto number = number_in(cell)) {
    readings.emplace_back(*number);
    if (std::floor(*number) == *number && std::abs(*number) < 1e15) {
      readings.emplace_back(static_cast<std::int64_t>(*number));
    }
  }
  for (const space::Choice& reading : readings) {
    if (const auto value = space_.to_value(index, reading)) return *value;
  }
  refuse(row.line,
         fmt::format("parameter `{}` is {}, which the study does not allow ({}); take the "
                     "row out or change the study",
                     parameter.name, cell, space::allowed_text(parameter)));
}

/// A step, a time or an energy.
double TableReader::amount_of(const CsvRow& row, std::size_t column) const {
  const std::string& cell = row.cells[column];
  const auto number = number_in(cell);
  if (!number || !std::isfinite(*number) || *number < 0.0) {
    refuse(row.line, fmt::format("`{}` is {}; it must be a number that is not below 0",
                                 columns_[column].name, cell.empty() ? "empty" : cell));
  }
  return *number;
}

void TableReader::read_metric(const CsvRow& row, std::size_t column, RecordedStep& step) const {
  const std::string& cell = row.cells[column];
  const std::string& name = columns_[column].name;
  if (cell.empty()) return;
  const auto number = number_in(cell);
  if (!number) {
    refuse(row.line,
           fmt::format("metric `{}` is {}, which is no number; leave the cell empty where "
                       "it was not reported",
                       name, cell));
  }
  if (std::isfinite(*number)) {
    step.metrics.push_back({name, *number});
  } else if (step.not_finite.empty()) {
    step.not_finite = name;
  }
}

void TableReader::read_row(const CsvRow& row) {
  if (row.cells.size() != columns_.size()) {
    refuse(row.line, fmt::format("{} cells, but {} columns", row.cells.size(), columns_.size()));
  }
  std::vector<space::Value> values(space_.size(), space::Inactive{});
  for (std::size_t i = 0; i < space_.size(); ++i) {
    const auto& domain = space_.parameters()[i].domain;
    if (std::holds_alternative<space::ConstantDomain>(domain)) values[i] = space::ChoiceIndex{0};
  }
  Row read{row.line, {}, {}};
  if (!has(Use::Step)) read.step.step = 1.0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    switch (columns_[i].use) {
      case Use::Parameter:
        values[columns_[i].parameter] = value_of(row, i);
        break;
      case Use::Seed:
        read.seed = row.cells[i];
        break;
      case Use::Step:
        read.step.step = amount_of(row, i);
        break;
      case Use::Seconds:
        read.step.time = Seconds{amount_of(row, i)};
        break;
      case Use::Joules:
        read.step.energy = Joules{amount_of(row, i)};
        break;
      case Use::Metric:
        read_metric(row, i, read.step);
        break;
    }
  }
  if (!has(Use::Joules)) read.step.energy = *options_.power * read.step.time;
  if (read.step.step <= 0.0) refuse(row.line, "`step` is 0; steps count from the beginning");
  space::Configuration configuration{std::move(values)};
  if (!space_.contains(configuration)) {
    refuse(row.line,
           "this is no configuration of the study: it is forbidden there, or a parameter has a "
           "value where its condition does not hold, or none where it does");
  }
  const auto [place, is_new] = index_.try_emplace(configuration, rows_.size());
  if (is_new) rows_.emplace_back(std::move(configuration), std::vector<Row>{});
  rows_[place->second].second.push_back(std::move(read));
}

/// Time and energy count from the beginning of a training.
void TableReader::check_growth(const Row& before, const Row& after) const {
  if (after.step.step == before.step.step) {
    refuse(after.line, fmt::format("step {} of this configuration is in line {} already; several "
                                   "trainings of it need a column `seed`",
                                   number_text(after.step.step), before.line));
  }
  const auto check = [&](const char* name, double early, double late) {
    if (late >= early) return;
    refuse(after.line, fmt::format("`{}` falls from {} at step {} (line {}) to {} at step {}; it "
                                   "counts from the beginning of the training",
                                   name, number_text(early), number_text(before.step.step),
                                   before.line, number_text(late), number_text(after.step.step)));
  };
  check("seconds", before.step.time.value(), after.step.time.value());
  check("joules", before.step.energy.value(), after.step.energy.value());
}

std::vector<std::vector<RecordedStep>> TableReader::trainings_of(std::vector<Row> rows) const {
  std::vector<std::string> seeds;  // in the order of the file
  for (const Row& row : rows) {
    if (std::ranges::count(seeds, row.seed) == 0) seeds.push_back(row.seed);
  }
  std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.step.step; });
  std::vector<std::vector<RecordedStep>> trainings;
  for (const std::string& seed : seeds) {
    const Row* before = nullptr;
    auto& training = trainings.emplace_back();
    for (const Row& row : rows) {
      if (row.seed != seed) continue;
      if (before != nullptr) check_growth(*before, row);
      training.push_back(row.step);
      before = &row;
    }
  }
  return trainings;
}

// --- the table -----------------------------------------------------------------------------------

class PlayedRows final : public Recording {
 public:
  explicit PlayedRows(const std::vector<RecordedStep>& steps) : steps_(steps) {}
  [[nodiscard]] std::optional<RecordedStep> next(double after) override {
    const auto found = std::ranges::upper_bound(steps_, after, {}, &RecordedStep::step);
    return found == steps_.end() ? std::nullopt : std::optional{*found};
  }

 private:
  const std::vector<RecordedStep>& steps_;
};

class CsvTable final : public RecordedTable {
 public:
  CsvTable(std::vector<Recorded> recorded, std::vector<std::string> metrics, std::string words,
           space::Space space, bool takes_nearest)
      : recorded_(std::move(recorded)),
        metrics_(std::move(metrics)),
        words_(std::move(words)),
        space_(std::move(space)),
        takes_nearest_(takes_nearest) {
    for (std::size_t i = 0; i < recorded_.size(); ++i) index_[recorded_[i].configuration] = i;
  }

  [[nodiscard]] Result<std::unique_ptr<Recording>> open(const space::Configuration& configuration,
                                                        std::uint32_t seed) const override {
    const auto found = index_.find(configuration);
    if (found == index_.end() && !takes_nearest_) {
      return fail(ErrorKind::NotFound, "this configuration is not in the table");
    }
    const Recorded& recorded =
        recorded_[found != index_.end() ? found->second : nearest(configuration)];
    return std::make_unique<PlayedRows>(recorded.trainings[seed % recorded.trainings.size()]);
  }

  [[nodiscard]] std::vector<std::string> metrics() const override { return metrics_; }
  [[nodiscard]] std::string describe() const override {
    std::size_t num_trainings = 0;
    for (const Recorded& one : recorded_) num_trainings += one.trainings.size();
    return fmt::format("{} ({} trainings of {} configurations)", words_, num_trainings,
                       recorded_.size());
  }
  [[nodiscard]] std::size_t num_configurations() const override { return recorded_.size(); }
  [[nodiscard]] bool holds(const space::Configuration& configuration) const override {
    return index_.contains(configuration);
  }
  [[nodiscard]] double last_step() const override {
    double last = 0.0;
    for (const Recorded& one : recorded_) {
      for (const auto& training : one.trainings) last = std::max(last, training.back().step);
    }
    return last;
  }

 private:
  [[nodiscard]] std::size_t nearest(const space::Configuration& configuration) const {
    const std::vector<double> point = space_.to_unit(configuration);
    std::size_t best = 0;
    double best_distance = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < recorded_.size(); ++i) {
      double distance = 0.0;
      for (std::size_t k = 0; k < point.size(); ++k) {
        distance += squared_distance(configuration, point, recorded_[i], k);
      }
      if (distance < best_distance) {
        best = i;
        best_distance = distance;
      }
    }
    return best;
  }

  [[nodiscard]] double squared_distance(const space::Configuration& configuration,
                                        const std::vector<double>& point, const Recorded& recorded,
                                        std::size_t k) const {
    if (configuration.is_active(k) != recorded.configuration.is_active(k)) return 1.0;
    if (!configuration.is_active(k)) return 0.0;
    const auto* choices = std::get_if<space::ChoiceDomain>(&space_.parameters()[k].domain);
    if (choices != nullptr && !choices->ordered) {
      return configuration[k] == recorded.configuration[k] ? 0.0 : 1.0;
    }
    const double gap = point[k] - recorded.point[k];
    return gap * gap;
  }

  std::vector<Recorded> recorded_;
  std::vector<std::string> metrics_;
  std::string words_;
  space::Space space_;
  bool takes_nearest_;
  std::map<space::Configuration, std::size_t> index_;
};

}  // namespace

std::unique_ptr<RecordedTable> parse_table(std::string_view text, const std::string& file_name,
                                           const space::Space& space,
                                           std::span<const std::string> required,
                                           const TableOptions& options) {
  TableReader reader{file_name, space, required, options};
  std::vector<Recorded> recorded = reader.read(text);
  const std::string words =
      reader.has_joules()
          ? fmt::format("table {}; joules as it has them", file_name)
          : fmt::format("table {}; joules derived from its seconds at a constant {}", file_name,
                        si_text(options.power->value(), "W"));
  return std::make_unique<CsvTable>(std::move(recorded), reader.metrics(), words, space,
                                    options.takes_nearest);
}

std::unique_ptr<RecordedTable> read_table(const std::filesystem::path& file,
                                          const space::Space& space,
                                          std::span<const std::string> required,
                                          const TableOptions& options) {
  std::ifstream in{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  if (!in || std::filesystem::is_directory(file)) {
    throw ConfigError(fmt::format(
        "{} cannot be read; a table is a CSV file, or one of lcbench:TASK, hpolib:TASK, zeus:JOB "
        "with --data",
        file.string()));
  }
  return parse_table(text, file.string(), space, required, options);
}

}  // namespace wattune::recorded
