#include "solved_norms.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "wattune/base/require.hpp"

// This file is compiled with -O3 and without fused multiply-add: every instruction set gives the
// same numbers. A panel holds the solution of 8 columns row by row, so that a row of the triangle
// meets 8 numbers side by side.

namespace wattune::math {
namespace {

using Eigen::Index;

#define WATTUNE_INLINE inline __attribute__((always_inline))

constexpr std::size_t kWidth = 8;   // columns of a panel
constexpr std::size_t kHeight = 4;  // rows that are solved together

/// Four numbers side by side, wherever they lie.
using Lanes [[gnu::vector_size(32), gnu::aligned(8)]] = double;
constexpr std::size_t kLanes = 4;
constexpr std::size_t kParts = kWidth / kLanes;

/// The numbers of all columns of a panel in one row.
struct Row {
  Lanes parts[kParts];
};

/// Solves `height` rows of a panel, of which those before `first` are solved.
template <std::size_t height>
WATTUNE_INLINE void solve_rows(const double* lower, std::size_t stride, std::size_t first,
                               Row* panel) {
  Lanes rows[height][kParts];
  for (std::size_t r = 0; r < height; ++r) {
    for (std::size_t p = 0; p < kParts; ++p) rows[r][p] = panel[first + r].parts[p];
  }
  const double* column = lower + first;
  for (std::size_t j = 0; j < first; ++j, column += stride) {
    for (std::size_t r = 0; r < height; ++r) {
      for (std::size_t p = 0; p < kParts; ++p) rows[r][p] -= column[r] * panel[j].parts[p];
    }
  }
  for (std::size_t r = 0; r < height; ++r) {
    for (std::size_t s = 0; s < r; ++s) {
      const double factor = lower[(first + s) * stride + first + r];
      for (std::size_t p = 0; p < kParts; ++p) rows[r][p] -= factor * rows[s][p];
    }
    const double pivot = lower[(first + r) * stride + first + r];
    for (std::size_t p = 0; p < kParts; ++p) {
      rows[r][p] /= pivot;
      panel[first + r].parts[p] = rows[r][p];
    }
  }
}

/// Solves a panel and adds up the squares of its columns.
WATTUNE_INLINE void solve_panel(const double* lower, std::size_t stride, std::size_t size,
                                Row* panel, double* norms) {
  std::size_t first = 0;
  for (; first + kHeight <= size; first += kHeight) {
    solve_rows<kHeight>(lower, stride, first, panel);
  }
  for (; first < size; ++first) solve_rows<1>(lower, stride, first, panel);
  Lanes sums[kParts] = {};
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t p = 0; p < kParts; ++p) {
      sums[p] += panel[i].parts[p] * panel[i].parts[p];
    }
  }
  for (std::size_t k = 0; k < kWidth; ++k) norms[k] = sums[k / kLanes][k % kLanes];
}

using SolvePanel = void (*)(const double*, std::size_t, std::size_t, Row*, double*);

void solve_panel_anywhere(const double* lower, std::size_t stride, std::size_t size, Row* panel,
                          double* norms) {
  solve_panel(lower, stride, size, panel, norms);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void solve_panel_avx2(const double* lower, std::size_t stride,
                                                      std::size_t size, Row* panel, double* norms) {
  solve_panel(lower, stride, size, panel, norms);
}

SolvePanel best_solve_panel() {
  return __builtin_cpu_supports("avx2") != 0 ? solve_panel_avx2 : solve_panel_anywhere;
}
#else
SolvePanel best_solve_panel() {
  return solve_panel_anywhere;
}
#endif

}  // namespace

Eigen::VectorXd solved_squared_norms(const Eigen::MatrixXd& lower, const Eigen::MatrixXd& columns) {
  static const SolvePanel solve = best_solve_panel();
  WATTUNE_REQUIRE(lower.rows() == columns.rows() && lower.rows() == lower.cols());
  const auto size = static_cast<std::size_t>(columns.rows());
  const auto num_columns = static_cast<std::size_t>(columns.cols());
  Eigen::VectorXd norms(columns.cols());
  std::vector<Row> panel(size);
  for (std::size_t first = 0; first < num_columns; first += kWidth) {
    const std::size_t width = std::min(kWidth, num_columns - first);
    for (std::size_t k = 0; k < kWidth; ++k) {
      const double* const from = columns.data() + (first + std::min(k, width - 1)) * size;
      for (std::size_t i = 0; i < size; ++i) {
        panel[i].parts[k / kLanes][k % kLanes] = from[i];
      }
    }
    double sums[kWidth];
    solve(lower.data(), static_cast<std::size_t>(lower.outerStride()), size, panel.data(), sums);
    std::copy(sums, sums + width, norms.data() + first);
  }
  return norms;
}

}  // namespace wattune::math
