#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "search/lcbench.hpp"

namespace wattune::bench {

/// The network of LcBench for all epochs at once, which takes a fifth of the time of one by one.
class CurveSurrogate {
 public:
  /// Takes    space  as in LcBench, its parameters in the manifest's order
  CurveSurrogate(const std::filesystem::path& folder, const LcBench& bench);

  struct Curve {
    std::vector<double> accuracy_percent;  ///< [52]
    std::vector<double> seconds;           ///< [52] From the beginning.
  };
  [[nodiscard]] Curve train(const std::string& task, const space::Space& space,
                            const space::Configuration& configuration) const;

 private:
  struct Block {
    Eigen::VectorXf scale;
    Eigen::VectorXf shift;
    Eigen::MatrixXf in;
    Eigen::VectorXf in_bias;
    Eigen::MatrixXf out;
    Eigen::VectorXf out_bias;
  };
  struct Input {
    std::string name;
    nlohmann::json steps;
  };

  nlohmann::json manifest_;
  std::vector<Input> inputs_;
  std::vector<Block> blocks_;
  Block last_;  // no matrices
  Eigen::MatrixXf embeddings_;
  Eigen::MatrixXf first_;
  Eigen::VectorXf first_bias_;
  Eigen::MatrixXf head_;
  Eigen::VectorXf head_bias_;
  std::map<std::string, int> codes_;
};

}  // namespace wattune::bench
