#include "schedule/curve_surrogate.hpp"

#include <cmath>
#include <fstream>
#include <stdexcept>

namespace wattune::bench {
namespace {

using Eigen::MatrixXf;
using Eigen::VectorXf;
using nlohmann::json;

double apply(const json& steps, double value) {
  for (const json& step : steps) {
    const auto& op = step.at("op").get_ref<const std::string&>();
    if (op == "log") {
      value = std::log(value);
    } else if (op == "exp") {
      value = std::exp(value);
    } else {
      const double by = step.at("by").get<double>();
      value = op == "add"   ? value + by
              : op == "sub" ? value - by
              : op == "mul" ? value * by
                            : value / by;
    }
  }
  return value;
}

}  // namespace

CurveSurrogate::CurveSurrogate(const std::filesystem::path& folder, const LcBench&) {
  std::ifstream in{folder / "lcbench.json"};
  manifest_ = json::parse(in);
  std::ifstream binary{folder / "lcbench.f32", std::ios::binary};
  std::vector<float> all(std::filesystem::file_size(folder / "lcbench.f32") / sizeof(float));
  binary.read(reinterpret_cast<char*>(all.data()),
              static_cast<std::streamsize>(all.size() * sizeof(float)));
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto matrix = [&](const std::string& name) -> MatrixXf {
    for (const json& entry : manifest_.at("arrays")) {
      if (entry.at("name") != name) continue;
      const Eigen::Index rows = entry.at("shape").at(0);
      const Eigen::Index cols =
          entry.at("shape").size() > 1 ? entry.at("shape").at(1).get<int>() : 1;
      const std::size_t offset = entry.at("offset");
      return Eigen::Map<const RowMajor>(all.data() + offset, rows, cols);
    }
    throw std::runtime_error("no array " + name);
  };
  const auto normal = [&](const std::string& name, Block& block) {
    const VectorXf scale =
        matrix(name + ".weight").array() / (matrix(name + ".running_var").array() + 1e-5F).sqrt();
    block.shift = matrix(name + ".bias").col(0).array() -
                  matrix(name + ".running_mean").col(0).array() * scale.array();
    block.scale = scale;
  };
  for (int i = 0; i < 3; ++i) {
    const std::string name = "layers." + std::to_string(i) + ".";
    Block block;
    normal(name + "norm", block);
    block.in = matrix(name + "linear0.weight");
    block.in_bias = matrix(name + "linear0.bias");
    block.out = matrix(name + "linear1.weight");
    block.out_bias = matrix(name + "linear1.bias");
    blocks_.push_back(std::move(block));
  }
  normal("last_normalization", last_);
  embeddings_ = matrix("embds_fct.0.weight");
  first_ = matrix("first_layer.weight");
  first_bias_ = matrix("first_layer.bias");
  head_ = matrix("head.weight");
  head_bias_ = matrix("head.bias");
  for (const json& input : manifest_.at("inputs")) {
    inputs_.push_back({input.at("name"), input.at("steps")});
  }
  for (const auto& [task, code] : manifest_.at("tasks").items()) codes_[task] = code;
}

CurveSurrogate::Curve CurveSurrogate::train(const std::string& task, const space::Space& space,
                                            const space::Configuration& configuration) const {
  constexpr int n = LcBench::kMaxEpoch;
  const json values = space.to_json(configuration);
  const auto e = embeddings_.cols();
  MatrixXf x(e + static_cast<Eigen::Index>(inputs_.size()), n);
  x.topRows(e).colwise() = VectorXf(embeddings_.row(codes_.at(task)).transpose());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const auto row = e + static_cast<Eigen::Index>(i);
    if (inputs_[i].name == "epoch") {
      for (int k = 0; k < n; ++k) x(row, k) = static_cast<float>(apply(inputs_[i].steps, k + 1.0));
    } else {
      const double value = values.at(inputs_[i].name).get<double>();
      x.row(row).setConstant(static_cast<float>(apply(inputs_[i].steps, value)));
    }
  }
  MatrixXf stream = (first_ * x).colwise() + first_bias_;
  for (const Block& block : blocks_) {
    const MatrixXf normed = ((block.scale.asDiagonal() * stream).colwise() + block.shift);
    const MatrixXf both = (block.in * normed).colwise() + block.in_bias;
    const auto half = both.rows() / 2;
    const MatrixXf gated = both.topRows(half).cwiseProduct(both.bottomRows(half).cwiseMax(0.0F));
    stream.noalias() += block.out * gated;
    stream.colwise() += block.out_bias;
  }
  const MatrixXf last =
      ((last_.scale.asDiagonal() * stream).colwise() + last_.shift).cwiseMax(0.0F);
  const MatrixXf heads = (head_ * last).colwise() + head_bias_;
  Curve curve;
  for (int k = 0; k < n; ++k) {
    for (const json& output : manifest_.at("outputs")) {
      const auto& name = output.at("name").get_ref<const std::string&>();
      if (name != "val_accuracy_pct" && name != "time_s") continue;
      const float head = heads(output.at("head").get<int>(), k);
      const double value = apply(output.at("steps"), 1.0 / (1.0 + std::exp(-double(head))));
      (name == "time_s" ? curve.seconds : curve.accuracy_percent).push_back(value);
    }
  }
  return curve;
}

}  // namespace wattune::bench
