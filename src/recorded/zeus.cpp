#include "wattune/recorded/zeus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>

#include "wattune/base/csv.hpp"
#include "wattune/base/text.hpp"

namespace wattune::recorded {
namespace {

using Epoch = ZeusTraces::Job::Epoch;

struct TargetOfJob {
  std::string_view dataset;
  double metric;
};
constexpr std::array<TargetOfJob, 6> kTargets{{{"cifar100", 0.6},
                                               {"imagenet", 0.65},
                                               {"librispeech", 40.0},
                                               {"movielens-1m", 0.41},
                                               {"sentiment140", 0.84},
                                               {"squad", 84.0}}};

/// A CSV file whose columns are asked for by name.
class NamedRows {
 public:
  NamedRows(const std::filesystem::path& file, const std::vector<std::string>& columns)
      : file_(file.string()) {
    std::ifstream in{file, std::ios::binary};
    if (!in) {
      throw ConfigError(fmt::format(
          "{} cannot be read: the data folder (--data) must have the folder zeus-traces in it",
          file_));
    }
    const std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
    rows_ = split_csv(text, file_);
    if (rows_.empty()) throw ConfigError(file_ + " is empty");
    for (const std::string& name : columns) {
      const auto& header = rows_.front().cells;
      const auto found = std::ranges::find(header, name);
      if (found == header.end()) throw ConfigError(fmt::format("{}: no column `{}`", file_, name));
      places_[name] = static_cast<std::size_t>(found - header.begin());
    }
    rows_.erase(rows_.begin());
  }

  [[nodiscard]] const std::vector<CsvRow>& rows() const { return rows_; }
  [[nodiscard]] const std::string& text(const CsvRow& row, const std::string& column) const {
    const std::size_t place = places_.at(column);
    if (place >= row.cells.size()) {
      throw ConfigError(fmt::format("{}:{}: too few cells", file_, row.line));
    }
    return row.cells[place];
  }
  [[nodiscard]] double number(const CsvRow& row, const std::string& column) const {
    const std::string& cell = text(row, column);
    double value = 0.0;
    const char* const end = cell.data() + cell.size();
    if (cell.empty() || std::from_chars(cell.data(), end, value).ptr != end) {
      throw ConfigError(
          fmt::format("{}:{}: `{}` is {}, which is no number", file_, row.line, column, cell));
    }
    return value;
  }
  [[nodiscard]] std::int64_t whole(const CsvRow& row, const std::string& column) const {
    return static_cast<std::int64_t>(std::llround(number(row, column)));
  }

 private:
  std::string file_;
  std::vector<CsvRow> rows_;
  std::map<std::string, std::size_t> places_;
};

/// Epochs to the target by batch size, and the optimiser that all runs of the job have.
struct Trained {
  std::string optimizer;
  std::map<std::int64_t, std::vector<double>> epochs;
};

Trained trained_of(const NamedRows& rows, const TargetOfJob& target) {
  Trained trained;
  for (const CsvRow& row : rows.rows()) {
    if (rows.text(row, "dataset") != target.dataset) continue;
    if (std::abs(rows.number(row, "target_metric") - target.metric) > 1e-9) continue;
    trained.optimizer = rows.text(row, "optimizer");
    trained.epochs[rows.whole(row, "batch_size")].push_back(rows.number(row, "target_epoch"));
  }
  return trained;
}

ZeusTraces::Job job_of(const NamedRows& power, const Trained& trained, const TargetOfJob& target) {
  ZeusTraces::Job job;
  std::set<std::int64_t> batch_sizes;
  std::set<std::int64_t> limits;
  for (const CsvRow& row : power.rows()) {
    const std::int64_t batch_size = power.whole(row, "batch_size");
    const bool is_of_job = power.text(row, "dataset") == target.dataset &&
                           power.text(row, "optimizer") == trained.optimizer &&
                           trained.epochs.contains(batch_size);
    if (!is_of_job) continue;
    const std::int64_t limit = power.whole(row, "power_limit");
    job.epochs[{batch_size, limit}] = {Seconds{power.number(row, "time_per_epoch")},
                                       Watts{power.number(row, "average_power")}};
    batch_sizes.insert(batch_size);
    limits.insert(limit);
  }
  job.batch_sizes.assign(batch_sizes.begin(), batch_sizes.end());
  job.power_limits.assign(limits.begin(), limits.end());
  for (const std::int64_t batch_size : job.batch_sizes) {
    const auto& runs = job.epochs_to_target[batch_size] = trained.epochs.at(batch_size);
    for (const double epochs : runs) {
      if (std::isfinite(epochs)) job.most_epochs = std::max(job.most_epochs, epochs);
    }
  }
  return job;
}

/// A run of so many epochs; one that never gets there takes as long as any.
RecordedStep record_of(const ZeusTraces::Job& job, const Epoch& epoch, double epochs, double step) {
  RecordedStep record;
  record.step = step;
  record.time = epoch.time * (std::isfinite(epochs) ? epochs : job.most_epochs);
  record.energy = epoch.power * record.time;
  if (std::isfinite(epochs)) {
    record.metrics = {{"epochs_to_target", epochs}};
  } else {
    record.not_finite = "epochs_to_target";
  }
  return record;
}

}  // namespace

class ZeusTraces::Trainings final : public RecordedTrainings {
 public:
  Trainings(std::shared_ptr<const Job> job, std::string name, const space::Space& space,
            double max_step)
      : job_(std::move(job)), name_(std::move(name)), space_(space), max_step_(max_step) {
    for (const char* parameter : {"batch_size", "power_limit"}) {
      if (!space_.index_of(parameter)) {
        throw ConfigError(fmt::format(
            "the study has no parameter `{}`; the Zeus traces have batch_size and power_limit",
            parameter));
      }
    }
  }

  [[nodiscard]] Result<std::unique_ptr<Recording>> open(const space::Configuration& configuration,
                                                        std::uint32_t seed) const override {
    const auto batch_size = number_of(configuration, "batch_size");
    const auto epoch = job_->epochs.find({batch_size, number_of(configuration, "power_limit")});
    if (epoch == job_->epochs.end()) {
      return fail(ErrorKind::NotFound,
                  fmt::format("the Zeus traces of {} have batch sizes {} at power limits {} W; "
                              "this one was not recorded",
                              name_, fmt::join(job_->batch_sizes, " "),
                              fmt::join(job_->power_limits, " ")));
    }
    const auto& runs = job_->epochs_to_target.at(batch_size);
    return std::make_unique<Whole>(
        record_of(*job_, epoch->second, runs[seed % runs.size()], max_step_));
  }

  [[nodiscard]] std::vector<std::string> metrics() const override { return {"epochs_to_target"}; }
  [[nodiscard]] double last_step() const override { return max_step_; }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("Zeus traces of {}; joules from the mean power that was measured then",
                       name_);
  }

 private:
  class Whole final : public Recording {
   public:
    explicit Whole(RecordedStep record) : record_(std::move(record)) {}
    [[nodiscard]] std::optional<RecordedStep> next(double after) override {
      return after < record_.step ? std::optional{record_} : std::nullopt;
    }

   private:
    RecordedStep record_;
  };

  [[nodiscard]] std::int64_t number_of(const space::Configuration& configuration,
                                       std::string_view name) const {
    const std::size_t index = *space_.index_of(name);
    double value = 0.0;
    const std::string text = space_.value_text(index, configuration[index]);
    std::from_chars(text.data(), text.data() + text.size(), value);
    return static_cast<std::int64_t>(std::llround(value));
  }

  std::shared_ptr<const Job> job_;  // owned by the traces and their trainings
  std::string name_;
  space::Space space_;
  double max_step_;
};

ZeusTraces::ZeusTraces(const std::filesystem::path& folder) {
  const NamedRows train{folder / "summary_train.csv",
                        {"dataset", "batch_size", "optimizer", "target_metric", "target_epoch"}};
  for (const char* gpu : {"a40", "v100"}) {
    const NamedRows power{
        folder / fmt::format("summary_power_{}.csv", gpu),
        {"dataset", "batch_size", "optimizer", "power_limit", "time_per_epoch", "average_power"}};
    for (const TargetOfJob& target : kTargets) {
      Job job = job_of(power, trained_of(train, target), target);
      if (job.epochs.empty()) {
        throw ConfigError(
            fmt::format("{}: nothing of {} on the {}", folder.string(), target.dataset, gpu));
      }
      names_.push_back(fmt::format("{}/{}", gpu, target.dataset));
      jobs_[names_.back()] = std::make_shared<const Job>(std::move(job));
    }
  }
}

const std::shared_ptr<const ZeusTraces::Job>& ZeusTraces::job(const std::string& name) const {
  const auto found = jobs_.find(name);
  if (found == jobs_.end()) {
    throw ConfigError(
        fmt::format("the Zeus traces have no job {}; there are {}", name, join_names(names_)));
  }
  return found->second;
}

space::Space ZeusTraces::space(const std::string& name) const {
  const auto list = [](const std::vector<std::int64_t>& numbers) {
    space::ChoiceDomain domain;
    domain.ordered = true;
    for (const std::int64_t number : numbers) domain.choices.emplace_back(number);
    return domain;
  };
  const Job& one = *job(name);
  return space::Space{
      {{"batch_size", list(one.batch_sizes), std::nullopt, {}, space::Role::BatchSize},
       {"power_limit", list(one.power_limits), std::nullopt, {}, space::Role::None}}};
}

std::unique_ptr<RecordedTrainings> ZeusTraces::trainings(const std::string& name,
                                                         const space::Space& space,
                                                         double max_step) const {
  return std::make_unique<Trainings>(job(name), name, space, max_step);
}

Joules ZeusTraces::mean_energy(const std::string& name,
                               const space::Configuration& configuration) const {
  const Job& one = *job(name);
  const auto number = [&](std::size_t index, const std::vector<std::int64_t>& numbers) {
    return numbers.at(std::get<space::ChoiceIndex>(configuration[index]).index);
  };
  const std::int64_t batch_size = number(0, one.batch_sizes);
  const auto epoch = one.epochs.find({batch_size, number(1, one.power_limits)});
  if (epoch == one.epochs.end()) return Joules{std::numeric_limits<double>::infinity()};
  const auto& runs = one.epochs_to_target.at(batch_size);
  Joules sum;
  for (const double epochs : runs) sum += record_of(one, epoch->second, epochs, 1.0).energy;
  return sum / static_cast<double>(runs.size());
}

Joules ZeusTraces::optimum(const std::string& name) const {
  const Job& one = *job(name);
  Joules best{std::numeric_limits<double>::infinity()};
  for (std::uint32_t i = 0; i < one.batch_sizes.size(); ++i) {
    for (std::uint32_t k = 0; k < one.power_limits.size(); ++k) {
      best = std::min(
          best,
          mean_energy(name, space::Configuration{{space::ChoiceIndex{i}, space::ChoiceIndex{k}}}));
    }
  }
  return best;
}

}  // namespace wattune::recorded
