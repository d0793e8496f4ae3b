#include "wattune/math/hypervolume.hpp"

#include <algorithm>
#include <numeric>
#include <queue>

#include "volume_sweeps.hpp"
#include "wattune/base/require.hpp"

namespace wattune::math {
namespace {

using Point = std::vector<double>;

/// Most objectives that sweeps are compiled for; more are taken apart down to this number.
constexpr std::size_t kMostSwept = 8;

/// Rows of losses, all below the reference in every objective.
struct Rows {
  std::size_t width = 0;
  std::vector<double> values;  // [size x width]

  [[nodiscard]] std::size_t size() const { return values.size() / width; }
  [[nodiscard]] const double* row(std::size_t i) const { return &values[i * width]; }
};

bool is_below(std::span<const double> point, std::span<const double> reference) {
  for (std::size_t k = 0; k < reference.size(); ++k) {
    if (!(point[k] < reference[k])) return false;
  }
  return true;
}

double box_volume(const double* point, std::span<const double> reference) {
  double volume = 1.0;
  for (std::size_t k = 0; k < reference.size(); ++k) volume *= reference[k] - point[k];
  return volume;
}

Rows rows_below(std::span<const Point> points, std::span<const double> reference) {
  Rows rows{reference.size(), {}};
  rows.values.reserve(points.size() * reference.size());
  for (const Point& point : points) {
    WATTUNE_REQUIRE(point.size() == reference.size());
    if (is_below(point, reference)) {
      rows.values.insert(rows.values.end(), point.begin(), point.end());
    }
  }
  return rows;
}

/// By ascending last loss; of equal ones the lower sum first, which covers most of the others.
Rows sorted_by_last(const Rows& rows) {
  struct Key {
    double last, sum;
    std::size_t index;
    bool operator<(const Key& other) const {
      return last != other.last ? last < other.last : sum < other.sum;
    }
  };
  std::vector<Key> keys(rows.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const double* row = rows.row(i);
    keys[i] = {row[rows.width - 1], std::accumulate(row, row + rows.width, 0.0), i};
  }
  std::ranges::sort(keys, std::less<>{});
  Rows sorted{rows.width, {}};
  sorted.values.reserve(rows.values.size());
  for (const Key& key : keys) {
    sorted.values.insert(sorted.values.end(), rows.row(key.index),
                         rows.row(key.index) + rows.width);
  }
  return sorted;
}

/// The others as seen from a point: each is moved up to where it only covers what the point covers.
struct Share {
  std::vector<double> limits;  // where a point that is worse along this axis alone takes over
  Rows rows;                   // those that reach below the limits
  bool is_covered = false;     // one is no worse anywhere: nothing is left
};

/// Takes    except  index of a row that does not count; the number of rows for none
Share share_of(const double* point, const Rows& others, std::size_t except,
               std::span<const double> reference) {
  Share share{{reference.begin(), reference.end()}, {others.width, {}}};
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (i == except) continue;
    std::size_t num_worse = 0;
    std::size_t axis = 0;
    for (std::size_t k = 0; k < others.width; ++k) {
      if (others.row(i)[k] <= point[k]) continue;
      ++num_worse;
      axis = k;
    }
    share.is_covered = share.is_covered || num_worse == 0;
    if (num_worse == 1) share.limits[axis] = std::min(share.limits[axis], others.row(i)[axis]);
  }
  if (share.is_covered) return share;
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (i == except || !is_below({others.row(i), others.width}, share.limits)) continue;
    for (std::size_t k = 0; k < others.width; ++k) {
      share.rows.values.push_back(std::max(others.row(i)[k], point[k]));
    }
  }
  return share;
}

double volume_of(const Rows& rows, std::span<const double> reference);

/// What `point` adds to all others but one.
double gain_of(const double* point, const Rows& others, std::size_t except,
               std::span<const double> reference) {
  const Share share = share_of(point, others, except, reference);
  if (share.is_covered) return 0.0;
  return std::max(0.0, box_volume(point, share.limits) - volume_of(share.rows, share.limits));
}

/// More objectives than sweeps are compiled for: box by box, less what earlier ones cover.
double volume_by_boxes(const Rows& sorted, std::span<const double> reference) {
  const std::size_t width = sorted.width - 1;
  Rows earlier{width, {}};
  double volume = 0.0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double* point = sorted.row(i);
    const double added = gain_of(point, earlier, earlier.size(), reference.first(width));
    volume += added * (reference[width] - point[width]);
    earlier.values.insert(earlier.values.end(), point, point + width);
  }
  return volume;
}

template <std::size_t N>
double swept_volume(const Rows& sorted, std::span<const double> reference) {
  return sweeps::Sweep<N>{}.volume(sorted.values.data(), sorted.size(), reference.data());
}

double volume_of(const Rows& rows, std::span<const double> reference) {
  if (rows.values.empty()) return 0.0;
  if (rows.size() == 1) return box_volume(rows.row(0), reference);
  if (rows.width == 1) return reference[0] - std::ranges::min(rows.values);
  const Rows sorted = sorted_by_last(rows);
  sweeps::Stairs stairs;
  switch (rows.width) {
    case 2:
      return sweeps::volume_of_two(sorted.values.data(), sorted.size(), reference.data());
    case 3:
      return sweeps::volume_of_three(sorted.values.data(), sorted.size(), reference.data(), stairs);
    case 4:
      return swept_volume<4>(sorted, reference);
    case 5:
      return swept_volume<5>(sorted, reference);
    case 6:
      return swept_volume<6>(sorted, reference);
    case 7:
      return swept_volume<7>(sorted, reference);
    case kMostSwept:
      return swept_volume<kMostSwept>(sorted, reference);
    default:
      return volume_by_boxes(sorted, reference);
  }
}

}  // namespace

double hypervolume(std::span<const Point> points, std::span<const double> reference) {
  WATTUNE_REQUIRE(!reference.empty());
  return volume_of(rows_below(points, reference), reference);
}

double hypervolume_gain(std::span<const double> point, std::span<const Point> points,
                        std::span<const double> reference) {
  WATTUNE_REQUIRE(point.size() == reference.size());
  if (!is_below(point, reference)) return 0.0;
  const Rows rows = rows_below(points, reference);
  return gain_of(point.data(), rows, rows.size(), reference);
}

std::vector<double> hypervolume_contributions(std::span<const Point> points,
                                              std::span<const double> reference) {
  const Rows rows = rows_below(points, reference);
  std::vector<double> contributions(points.size(), 0.0);
  std::size_t row = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!is_below(points[i], reference)) continue;
    contributions[i] = gain_of(rows.row(row), rows, row, reference);
    ++row;
  }
  return contributions;
}

std::vector<std::size_t> select_by_hypervolume(std::span<const Point> points,
                                               std::span<const double> reference,
                                               std::size_t count) {
  struct Bound {
    double gain;
    std::size_t index;
    std::size_t set_size;  // of the chosen set when the gain was computed
    bool operator<(const Bound& other) const {
      return gain != other.gain ? gain < other.gain : index > other.index;
    }
  };
  std::priority_queue<Bound> queue;
  for (std::size_t i = 0; i < points.size(); ++i) {
    queue.push({hypervolume_gain(points[i], {}, reference), i, 0});
  }
  std::vector<std::size_t> chosen;
  Rows chosen_rows{reference.size(), {}};
  while (!queue.empty() && chosen.size() < count) {
    Bound best = queue.top();
    queue.pop();
    const Point& point = points[best.index];
    const bool counts = is_below(point, reference);
    if (best.set_size == chosen.size()) {
      chosen.push_back(best.index);
      if (counts) {
        chosen_rows.values.insert(chosen_rows.values.end(), point.begin(), point.end());
      }
      continue;
    }
    best.gain = counts ? gain_of(point.data(), chosen_rows, chosen_rows.size(), reference) : 0.0;
    best.set_size = chosen.size();
    queue.push(best);
  }
  return chosen;
}

}  // namespace wattune::math
