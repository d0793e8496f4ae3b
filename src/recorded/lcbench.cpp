#include "wattune/recorded/lcbench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "float_file.hpp"
#include "number_inputs.hpp"
#include "residual_network.hpp"
#include "wattune/base/require.hpp"
#include "wattune/base/text.hpp"

namespace wattune::recorded {
namespace {

using nlohmann::json;

enum class Operation : std::uint8_t { Log, Exp, Add, Subtract, Multiply, Divide };

/// One step of a scaling.
struct Step {
  Operation operation;
  double by = 0.0;
};

std::vector<Step> steps_of(const json& steps) {
  static const std::map<std::string, Operation> kOperations{
      {"log", Operation::Log},      {"exp", Operation::Exp},      {"add", Operation::Add},
      {"sub", Operation::Subtract}, {"mul", Operation::Multiply}, {"div", Operation::Divide}};
  std::vector<Step> list;
  for (const json& step : steps) {
    const auto found = kOperations.find(step.at("op").get<std::string>());
    if (found == kOperations.end()) {
      throw ConfigError("lcbench.json: unknown step " + step.at("op").dump());
    }
    list.push_back({found->second, step.value("by", 0.0)});
  }
  return list;
}

double transformed(const std::vector<Step>& steps, double value) {
  for (const Step& step : steps) {
    switch (step.operation) {
      case Operation::Log:
        value = std::log(value);
        break;
      case Operation::Exp:
        value = std::exp(value);
        break;
      case Operation::Add:
        value += step.by;
        break;
      case Operation::Subtract:
        value -= step.by;
        break;
      case Operation::Multiply:
        value *= step.by;
        break;
      case Operation::Divide:
        value /= step.by;
        break;
    }
  }
  return value;
}

space::Role role_of(const std::string& name) {
  if (name == "batch_size") return space::Role::BatchSize;
  if (name == "learning_rate") return space::Role::LearningRate;
  return space::Role::None;
}

space::Space lcbench_space(const json& manifest) {
  std::vector<space::Parameter> parameters;
  for (const json& entry : manifest.at("space")) {
    const auto name = entry.at("name").get<std::string>();
    if (name == "epoch") continue;
    const bool log = entry.at("log");
    space::Domain domain = space::FloatDomain{entry.at("lower"), entry.at("upper"), log, {}};
    if (entry.at("type") == "uniform_int") {
      domain = space::IntDomain{entry.at("lower"), entry.at("upper"), log, 1};
    }
    parameters.push_back({name, domain, std::nullopt, {}, role_of(name)});
  }
  return space::Space{std::move(parameters)};
}

std::size_t num_floats(const json& manifest) {
  std::size_t end = 0;
  for (const json& entry : manifest.at("arrays")) {
    std::size_t size = 1;
    for (const std::size_t length : entry.at("shape")) size *= length;
    end = std::max(end, entry.at("offset").get<std::size_t>() + size);
  }
  return end;
}

}  // namespace

// --- the surrogate -------------------------------------------------------------------------------

/// What the surrogate tells of a training after some epochs.
struct LcBenchPoint {
  double accuracy_percent = 0.0;
  double cross_entropy = 0.0;
  double time_s = 0.0;
};

class LcBench::Network {
 public:
  explicit Network(const std::filesystem::path& folder)
      : manifest_(read_manifest(folder / "lcbench.json", "the folder lcbench")),
        weights_(read_floats(folder / "lcbench.f32", num_floats(manifest_))),
        space_(lcbench_space(manifest_)) {
    for (const auto& [task, code] : manifest_.at("tasks").items()) tasks_.push_back(task);
    for (const json& input : manifest_.at("inputs")) {
      inputs_.push_back({input.at("name"), steps_of(input.at("steps"))});
    }
    for (const json& output : manifest_.at("outputs")) {
      outputs_[output.at("name")] = {output.at("head"), steps_of(output.at("steps"))};
    }
    const json& embedding = entry_of("embds_fct.0.weight");
    network_ = std::make_unique<ResidualNetwork>(
        [this](const std::string& name, std::size_t size) { return array(name, size); },
        inputs_.size(), embedding.at("shape").at(0));
    compare_golden_evaluations();
  }

  [[nodiscard]] const std::vector<std::string>& tasks() const { return tasks_; }
  [[nodiscard]] const space::Space& space() const { return space_; }
  [[nodiscard]] std::size_t code_of(std::string_view task) const {
    const auto found = manifest_.at("tasks").find(std::string{task});
    if (found == manifest_.at("tasks").end()) {
      throw ConfigError(
          fmt::format("lcbench has no task {}; there are {}", task, join_names(tasks_)));
    }
    return *found;
  }

  /// Evaluates several epochs of one training.
  ///
  /// Takes    values  of the inputs by name, without the epoch
  [[nodiscard]] std::vector<LcBenchPoint> run(std::size_t task_code,
                                              const std::map<std::string, double>& values,
                                              int first_epoch, int last_epoch) const {
    std::vector<float> scaled;
    std::size_t epoch_index = 0;
    for (const auto& [name, steps] : inputs_) {
      if (name == "epoch") epoch_index = scaled.size();
      scaled.push_back(name == "epoch" ? 0.0F
                                       : static_cast<float>(transformed(steps, values.at(name))));
    }
    std::vector<std::vector<float>> columns;
    for (int epoch = first_epoch; epoch <= last_epoch; ++epoch) {
      scaled[epoch_index] = static_cast<float>(transformed(inputs_[epoch_index].second, epoch));
      columns.push_back(scaled);
    }
    std::vector<LcBenchPoint> points;
    for (const auto& heads : network_->run(task_code, columns)) {
      points.push_back({output("val_accuracy_pct", heads), output("val_cross_entropy", heads),
                        output("time_s", heads)});
    }
    return points;
  }

 private:
  using Heads = std::array<float, ResidualNetwork::kNumHeads>;
  struct Output {
    std::size_t head = 0;
    std::vector<Step> steps;
  };

  [[nodiscard]] const json& entry_of(const std::string& name) const {
    for (const json& entry : manifest_.at("arrays")) {
      if (entry.at("name") == name) return entry;
    }
    throw ConfigError("lcbench.json has no array " + name);
  }
  [[nodiscard]] std::span<const float> array(const std::string& name, std::size_t size) const {
    const json& entry = entry_of(name);
    std::size_t count = 1;
    for (const std::size_t length : entry.at("shape")) count *= length;
    if (count != size) {
      throw ConfigError(
          fmt::format("lcbench.json: array {} has {} numbers, not {}", name, count, size));
    }
    return std::span{weights_}.subspan(entry.at("offset"), count);
  }
  [[nodiscard]] double output(const std::string& name, const Heads& heads) const {
    const Output& one = outputs_.at(name);
    return transformed(one.steps, static_cast<double>(heads.at(one.head)));
  }

  void compare_golden_evaluations() const {
    for (const json& golden : manifest_.at("golden")) {
      const auto task = golden.at("task").get<std::string>();
      std::vector<std::vector<float>> column(1);
      for (const auto& [name, steps] : inputs_) {
        column[0].push_back(
            static_cast<float>(transformed(steps, golden.at("input").at(name).get<double>())));
      }
      const Heads heads = network_->run(code_of(task), column).front();
      for (const auto& [name, expected] : golden.at("output").items()) {
        const double wanted = expected.get<double>();
        const double value = output(name, heads);
        if (std::abs(value - wanted) > 1e-4 * std::max(1.0, std::abs(wanted))) {
          throw ConfigError(fmt::format(
              "lcbench: the surrogate does not give its golden evaluations: {} of task {} is {}, "
              "not {}; lcbench.f32 and lcbench.json do not belong together",
              name, task, value, wanted));
        }
      }
    }
  }

  json manifest_;
  std::vector<float> weights_;
  space::Space space_;
  std::vector<std::string> tasks_;
  std::vector<std::pair<std::string, std::vector<Step>>> inputs_;
  std::map<std::string, Output> outputs_;
  std::unique_ptr<const ResidualNetwork> network_;
};

// --- its trainings -------------------------------------------------------------------------------

class LcBench::Trainings final : public RecordedTrainings {
 public:
  Trainings(std::shared_ptr<const Network> network, std::string task, const space::Space& space,
            Watts power)
      : network_(std::move(network)),
        task_(std::move(task)),
        task_code_(network_->code_of(task_)),
        inputs_(space, network_->space(), "lcbench"),
        power_(power) {}

  [[nodiscard]] Result<std::unique_ptr<Recording>> open(const space::Configuration& configuration,
                                                        std::uint32_t /*seed*/) const override {
    return std::make_unique<Curve>(*this, inputs_.values_of(configuration));
  }

  [[nodiscard]] std::vector<std::string> metrics() const override {
    return {"val_accuracy", "val_cross_entropy"};
  }
  [[nodiscard]] double last_step() const override { return kMaxEpoch; }
  [[nodiscard]] std::string describe() const override {
    return fmt::format(
        "LCBench task {}, a surrogate of recorded trainings; joules derived from its seconds at a "
        "constant {}",
        task_, si_text(power_.value(), "W"));
  }

 private:
  /// Evaluated as far as it is asked for.
  class Curve final : public Recording {
   public:
    Curve(const Trainings& owner, std::map<std::string, double> values)
        : owner_(owner), values_(std::move(values)) {}

    [[nodiscard]] std::optional<RecordedStep> next(double after) override {
      if (after >= kMaxEpoch) return std::nullopt;
      const auto index = static_cast<std::size_t>(std::max(after, 0.0));
      while (points_.size() <= index) extend();
      const LcBenchPoint& point = points_[index];
      const Seconds time{point.time_s};
      return RecordedStep{
          static_cast<double>(index + 1),
          time,
          owner_.power_ * time,
          {{"val_accuracy", point.accuracy_percent}, {"val_cross_entropy", point.cross_entropy}}};
    }

   private:
    void extend() {
      const int first = static_cast<int>(points_.size()) + 1;
      const int last = std::min(kMaxEpoch, first + std::max(3, first));  // 4, 12, 28, 52
      double time = points_.empty() ? 0.0 : points_.back().time_s;
      for (LcBenchPoint point : owner_.network_->run(owner_.task_code_, values_, first, last)) {
        time = point.time_s = std::max(time, point.time_s);
        points_.push_back(point);
      }
    }

    const Trainings& owner_;
    std::map<std::string, double> values_;
    std::vector<LcBenchPoint> points_;  // after 1, 2, ... epochs
  };

  std::shared_ptr<const Network> network_;  // owned by the surrogate and its trainings
  std::string task_;
  std::size_t task_code_;
  NumberInputs inputs_;
  Watts power_;
};

LcBench::LcBench(const std::filesystem::path& folder)
    : network_(std::make_shared<const Network>(folder)) {
}
LcBench::~LcBench() = default;

const std::vector<std::string>& LcBench::tasks() const {
  return network_->tasks();
}

const space::Space& LcBench::space() const {
  return network_->space();
}

LcBench::Training LcBench::train(std::string_view task, const space::Configuration& configuration,
                                 int epochs) const {
  WATTUNE_REQUIRE(epochs >= 1 && epochs <= kMaxEpoch);
  const NumberInputs inputs{space(), space(), "lcbench"};
  const LcBenchPoint point =
      network_->run(network_->code_of(task), inputs.values_of(configuration), epochs, epochs)
          .front();
  return {point.accuracy_percent, Seconds{point.time_s}};
}

std::unique_ptr<RecordedTrainings> LcBench::trainings(const std::string& task,
                                                      const space::Space& space,
                                                      Watts power) const {
  return std::make_unique<Trainings>(network_, task, space, power);
}

}  // namespace wattune::recorded
