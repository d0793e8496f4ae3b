#include "wattune/recorded/hpolib.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "float_file.hpp"
#include "wattune/base/text.hpp"

namespace wattune::recorded {
namespace {

using nlohmann::json;

constexpr std::size_t kNumSeeds = 4;

bool is_same(const json& recorded, const json& value) {
  if (!recorded.is_number() || !value.is_number()) return recorded == value;
  const double wanted = recorded.get<double>();
  return std::abs(value.get<double>() - wanted) <= 1e-9 * std::abs(wanted);
}

space::Choice choice_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return value.get<double>();
}

space::Space hpolib_space(const json& manifest) {
  std::vector<space::Parameter> parameters;
  for (const json& entry : manifest.at("parameters")) {
    space::ChoiceDomain domain;
    for (const json& value : entry.at("values")) domain.choices.push_back(choice_of(value));
    domain.ordered = entry.at("values").front().is_number();
    parameters.push_back(
        {entry.at("name"), std::move(domain), std::nullopt, {}, space::Role::None});
  }
  return space::Space{std::move(parameters)};
}

}  // namespace

/// One training as it was recorded.
struct HpolibResult {
  double mse = 0.0;
  Seconds time;
};

class Hpolib::Tables {
 public:
  explicit Tables(const std::filesystem::path& folder)
      : manifest_(read_manifest(folder / "hpolib.json", "the folder hpolib")),
        space_(hpolib_space(manifest_)) {
    std::size_t count = 2 * kNumSeeds;
    for (const json& entry : manifest_.at("parameters")) count *= entry.at("values").size();
    for (const auto& [task, about] : manifest_.at("tasks").items()) {
      names_.push_back(task);
      values_[task] = read_floats(folder / (task + ".f32"), count);
      compare_best(task, about);
    }
  }

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const space::Space& space() const { return space_; }
  [[nodiscard]] const json& parameters() const { return manifest_.at("parameters"); }
  [[nodiscard]] const std::vector<float>& values_of(const std::string& task) const {
    const auto found = values_.find(task);
    if (found == values_.end()) {
      throw ConfigError(
          fmt::format("hpolib has no task {}; there are {}", task, join_names(names_)));
    }
    return found->second;
  }

  /// Place of a configuration in the tables; nothing where a value is not among the recorded ones.
  [[nodiscard]] std::optional<std::size_t> index_of(const json& configuration) const {
    std::size_t index = 0;
    for (const json& entry : parameters()) {
      const json& values = entry.at("values");
      const auto value = configuration.find(entry.at("name").get<std::string>());
      if (value == configuration.end()) return std::nullopt;
      const auto found = std::ranges::find_if(
          values, [&](const json& recorded) { return is_same(recorded, *value); });
      if (found == values.end()) return std::nullopt;
      index = index * values.size() + static_cast<std::size_t>(found - values.begin());
    }
    return index;
  }

  [[nodiscard]] static HpolibResult at(const std::vector<float>& values, std::size_t index,
                                       std::size_t seed) {
    const std::size_t place = 2 * (index * kNumSeeds + seed);
    return {static_cast<double>(values[place]), Seconds{static_cast<double>(values[place + 1])}};
  }

 private:
  void compare_best(const std::string& task, const json& about) const {
    const auto index = index_of(about.at("best_configuration"));
    double mean = 0.0;
    for (std::size_t seed = 0; index && seed < kNumSeeds; ++seed) {
      mean += at(values_.at(task), *index, seed).mse / kNumSeeds;
    }
    const double wanted = about.at("best_mean_mse");
    if (!index || std::abs(mean - wanted) > 1e-4 * wanted) {
      throw ConfigError(
          fmt::format("hpolib: the best configuration of {} has a mean error of {}, not {}; {}.f32 "
                      "and hpolib.json do not belong together",
                      task, mean, wanted, task));
    }
  }

  json manifest_;
  space::Space space_;
  std::vector<std::string> names_;
  std::map<std::string, std::vector<float>> values_;
};

class Hpolib::Trainings final : public RecordedTrainings {
 public:
  Trainings(std::shared_ptr<const Tables> tables, const std::string& task, space::Space space,
            double max_step, Watts power)
      : tables_(std::move(tables)),
        task_(task),
        values_(tables_->values_of(task)),
        space_(std::move(space)),
        max_step_(max_step),
        power_(power) {
    for (const json& entry : tables_->parameters()) {
      const auto name = entry.at("name").get<std::string>();
      if (!space_.index_of(name)) {
        throw ConfigError(fmt::format("the study has no parameter `{}`, which hpolib has", name));
      }
    }
  }

  [[nodiscard]] Result<std::unique_ptr<Recording>> open(const space::Configuration& configuration,
                                                        std::uint32_t seed) const override {
    const json values = space_.to_json(configuration);
    const auto index = tables_->index_of(values);
    if (!index) {
      return fail(ErrorKind::NotFound,
                  "hpolib has no training of " + values.dump() +
                      "; its parameters are lists of values: give the study the same");
    }
    const HpolibResult result = Tables::at(values_, *index, seed % kNumSeeds);
    return std::make_unique<End>(
        RecordedStep{max_step_, result.time, power_ * result.time, {{"valid_mse", result.mse}}});
  }

  [[nodiscard]] std::vector<std::string> metrics() const override { return {"valid_mse"}; }
  [[nodiscard]] double last_step() const override { return max_step_; }
  [[nodiscard]] std::string describe() const override {
    return fmt::format("HPOLib {}; joules derived from its seconds at a constant {}", task_,
                       si_text(power_.value(), "W"));
  }

 private:
  class End final : public Recording {
   public:
    explicit End(RecordedStep end) : end_(std::move(end)) {}
    [[nodiscard]] std::optional<RecordedStep> next(double after) override {
      return after < end_.step ? std::optional{end_} : std::nullopt;
    }

   private:
    RecordedStep end_;
  };

  std::shared_ptr<const Tables> tables_;  // owned by the set of tables and its trainings
  std::string task_;
  const std::vector<float>& values_;
  space::Space space_;
  double max_step_;
  Watts power_;
};

Hpolib::Hpolib(const std::filesystem::path& folder)
    : tables_(std::make_shared<const Tables>(folder)) {
}
Hpolib::~Hpolib() = default;

const std::vector<std::string>& Hpolib::tasks() const {
  return tables_->names();
}

const space::Space& Hpolib::space() const {
  return tables_->space();
}

std::unique_ptr<RecordedTrainings> Hpolib::trainings(const std::string& task,
                                                     const space::Space& space, double max_step,
                                                     Watts power) const {
  return std::make_unique<Trainings>(tables_, task, space, max_step, power);
}

}  // namespace wattune::recorded
