#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/model.hpp"

namespace wattune::train {

struct LstmShape {
  std::int64_t features = 7;  ///< Numbers at each point in time.
  std::int64_t window = 24;   ///< Points in time that are looked at.
  std::int64_t units = 32;
  std::int64_t layers = 1;
  double dropout = 0;  ///< Between layers and before the heads.
  std::vector<Head> heads = {{"global_active_power", 1}};
};

/// Long short-term memory over a window, then one dense layer per head over its last state.
///
/// Takes [batch x window x features]. Parts: layer0, layer1, ..., head.
///
/// Source   Hochreiter and Schmidhuber, Neural Computation 9(8), 1997, with the forget gate of Gers
///          et al., 2000, as LibTorch computes it
std::unique_ptr<Model> make_lstm(const LstmShape& shape, const BuildOptions& options);

}  // namespace wattune::train
