#include "search/lcbench.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <stdexcept>

#include "support/spaces.hpp"

namespace wattune::bench {
namespace {

using nlohmann::json;

constexpr std::size_t kWidth = 128;   // of the residual stream
constexpr std::size_t kHidden = 455;  // of a block, half of what its first layer gives
constexpr std::size_t kBlocks = 3;
constexpr std::size_t kEmbedding = 24;
constexpr float kEpsilon = 1e-5F;

/// rows: matrix x vector + bias.
std::vector<float> affine(std::span<const float> matrix, std::span<const float> bias,
                          std::span<const float> vector) {
  std::vector<float> result(bias.begin(), bias.end());
  for (std::size_t row = 0; row < result.size(); ++row) {
    const auto weights = matrix.subspan(row * vector.size(), vector.size());
    std::array<float, 4> sums{};  // so that additions need not wait for each other
    std::size_t i = 0;
    for (; i + 4 <= vector.size(); i += 4) {
      for (std::size_t lane = 0; lane < 4; ++lane)
        sums[lane] += weights[i + lane] * vector[i + lane];
    }
    for (; i < vector.size(); ++i) sums[0] += weights[i] * vector[i];
    result[row] += (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  return result;
}

double apply(const json& steps, double value) {
  for (const json& step : steps) {
    const auto op = step.at("op").get<std::string>();
    if (op == "log") {
      value = std::log(value);
    } else if (op == "exp") {
      value = std::exp(value);
    } else if (op == "add") {
      value += step.at("by").get<double>();
    } else if (op == "sub") {
      value -= step.at("by").get<double>();
    } else if (op == "mul") {
      value *= step.at("by").get<double>();
    } else if (op == "div") {
      value /= step.at("by").get<double>();
    } else {
      throw std::runtime_error("lcbench.json: unknown step " + op);
    }
  }
  return value;
}

space::Space space_of(const json& manifest) {
  std::vector<space::Parameter> parameters;
  for (const json& entry : manifest.at("space")) {
    const auto name = entry.at("name").get<std::string>();
    if (name == "epoch") continue;
    const bool log = entry.at("log");
    space::Domain domain = space::FloatDomain{entry.at("lower"), entry.at("upper"), log, {}};
    if (entry.at("type") == "uniform_int") {
      domain = space::IntDomain{entry.at("lower"), entry.at("upper"), log, 1};
    }
    parameters.push_back(fake::parameter(name, domain));
  }
  return space::Space{std::move(parameters)};
}

std::vector<float> floats_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::vector<float> values(std::filesystem::file_size(path) / sizeof(float));
  in.read(reinterpret_cast<char*>(values.data()),
          static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!in) throw std::runtime_error(path.string() + " cannot be read");
  return values;
}

}  // namespace

LcBench::LcBench(const std::filesystem::path& folder) {
  std::ifstream in{folder / "lcbench.json"};
  if (!in) throw std::runtime_error((folder / "lcbench.json").string() + " cannot be read");
  manifest_ = json::parse(in);
  weights_ = floats_of(folder / "lcbench.f32");
  for (const auto& [task, code] : manifest_.at("tasks").items()) tasks_.push_back(task);
  space_ = std::make_unique<space::Space>(space_of(manifest_));
  compare_golden_evaluations();
}

LcBench::Weights LcBench::array(const std::string& name) const {
  for (const json& entry : manifest_.at("arrays")) {
    if (entry.at("name") != name) continue;
    std::size_t count = 1;
    for (const std::size_t length : entry.at("shape")) count *= length;
    return Weights{weights_}.subspan(entry.at("offset"), count);
  }
  throw std::runtime_error("lcbench.json has no array " + name);
}

std::vector<float> LcBench::scaled(const json& values) const {
  std::vector<float> inputs;
  for (const json& input : manifest_.at("inputs")) {
    const auto name = input.at("name").get<std::string>();
    inputs.push_back(static_cast<float>(apply(input.at("steps"), values.at(name).get<double>())));
  }
  return inputs;
}

std::array<float, 6> LcBench::run(std::size_t task_code, std::vector<float> inputs) const {
  const Weights embedding = array("embds_fct.0.weight").subspan(task_code * kEmbedding, kEmbedding);
  inputs.insert(inputs.begin(), embedding.begin(), embedding.end());
  std::vector<float> stream =
      affine(array("first_layer.weight"), array("first_layer.bias"), inputs);
  const auto normalise = [&](const std::string& name) {
    const Weights weight = array(name + ".weight");
    const Weights bias = array(name + ".bias");
    const Weights mean = array(name + ".running_mean");
    const Weights variance = array(name + ".running_var");
    std::vector<float> result(kWidth);
    for (std::size_t i = 0; i < kWidth; ++i) {
      result[i] = (stream[i] - mean[i]) / std::sqrt(variance[i] + kEpsilon) * weight[i] + bias[i];
    }
    return result;
  };
  for (std::size_t block = 0; block < kBlocks; ++block) {
    const std::string name = fmt::format("layers.{}.", block);
    const auto both = affine(array(name + "linear0.weight"), array(name + "linear0.bias"),
                             normalise(name + "norm"));
    std::vector<float> gated(kHidden);
    for (std::size_t i = 0; i < kHidden; ++i)
      gated[i] = both[i] * std::max(both[kHidden + i], 0.0F);
    const auto added = affine(array(name + "linear1.weight"), array(name + "linear1.bias"), gated);
    for (std::size_t i = 0; i < kWidth; ++i) stream[i] += added[i];
  }
  std::vector<float> last = normalise("last_normalization");
  for (float& value : last) value = std::max(value, 0.0F);
  const auto heads = affine(array("head.weight"), array("head.bias"), last);
  std::array<float, 6> result{};
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = 1.0F / (1.0F + std::exp(-heads[i]));
  return result;
}

double LcBench::output(std::string_view name, const std::array<float, 6>& heads) const {
  for (const json& entry : manifest_.at("outputs")) {
    if (entry.at("name") != name) continue;
    return apply(entry.at("steps"),
                 static_cast<double>(heads.at(entry.at("head").get<std::size_t>())));
  }
  throw std::runtime_error("lcbench.json has no output " + std::string{name});
}

void LcBench::compare_golden_evaluations() const {
  for (const json& golden : manifest_.at("golden")) {
    const auto task = golden.at("task").get<std::string>();
    const auto heads = run(manifest_.at("tasks").at(task), scaled(golden.at("input")));
    for (const auto& [name, expected] : golden.at("output").items()) {
      const double wanted = expected.get<double>();
      const double value = output(name, heads);
      if (std::abs(value - wanted) > 1e-4 * std::max(1.0, std::abs(wanted))) {
        throw std::runtime_error(
            fmt::format("lcbench.json, golden evaluation of task {}: {} is {}, not {}", task, name,
                        value, wanted));
      }
    }
  }
}

LcBench::Training LcBench::train(std::string_view task, const space::Configuration& configuration,
                                 int epochs) const {
  json values = space_->to_json(configuration);
  values["epoch"] = epochs;
  const auto heads = run(manifest_.at("tasks").at(std::string{task}), scaled(values));
  return {output("val_accuracy_pct", heads), Seconds{output("time_s", heads)}};
}

SearchProblem lcbench_problem(std::shared_ptr<const LcBench> bench, const std::string& task) {
  const auto values = [bench, task](const space::Configuration& configuration) {
    return std::vector{100.0 -
                       bench->train(task, configuration, LcBench::kMaxEpoch).accuracy_percent};
  };
  return {.name = "lcbench_" + task, .space = bench->space(), .values = values};
}

}  // namespace wattune::bench
