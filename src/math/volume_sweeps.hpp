#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace wattune::math::sweeps {

// Symbols: points are rows of N losses, all below the reference in every objective. A sweep goes
// through its points by ascending last loss and keeps what the points so far dominate in the other
// N - 1: what a point adds there, times what is left to the reference, is what it adds in all.

/// From x on the points of a staircase reach down to y.
struct Step {
  double x, y;
};

/// Staircase of points of the plane, by ascending x and falling y.
///
/// Cost     O(log n) to find a place and a move of what comes behind it
class Stairs {
 public:
  void open(double x_limit, double y_limit);
  /// Gives    the area that the point adds, 0 where it is covered
  double add(double x, double y);
  [[nodiscard]] bool covers(double x, double y) const;

 private:
  [[nodiscard]] std::size_t first_right_of(double x) const;

  std::vector<Step> steps_;  // first: all of the y limit, left of everything; last: the x limit
};

/// The part of a rectangle that the points given so far leave free; meant for few points.
class Window {
 public:
  void open(double x, double y, double x_limit, double y_limit);
  void add(double x, double y);
  [[nodiscard]] double free_area() const { return free_area_; }

 private:
  double x_ = 0.0, y_ = 0.0;
  double free_area_ = 0.0;
  std::vector<Step> steps_;
};

/// Set of points of three losses that tells how much volume a new one adds.
///
/// Cost     O(n) for a new point
/// Source   Guerreiro, Fonseca, IEEE Trans. Evol. Comput. 22(3), 2018,
///          doi:10.1109/TEVC.2017.2729550 (HV4D+): volume of four losses as a sum of what each
///          point adds in three
/// Differs  points lie in arrays by ascending third loss, which are scanned; no linked lists
class VolumeSet {
 public:
  void open(const double* reference);
  void reserve(std::size_t num_points);
  /// Gives    the volume that the point adds; the point joins the set unless it is covered
  double add(const double* point);
  /// Gives    what the point would add
  [[nodiscard]] double gain(const double* point);

 private:
  struct Limits {
    std::size_t num_lower;  // points with no larger third loss
    double x, y;            // no point at this height has free places beyond
    bool is_covered;
  };
  [[nodiscard]] Limits limits_at(const double* point) const;
  [[nodiscard]] double free_volume(const double* point, const Limits& limits);
  void insert(const double* point, std::size_t place);

  std::array<double, 3> reference_{};
  std::size_t size_ = 0;
  std::vector<double> x_, y_, z_;  // [size_] used, room for one more
  Window window_;
};

[[nodiscard]] double volume_of_two(const double* rows, std::size_t num_points,
                                   const double* reference);
[[nodiscard]] double volume_of_three(const double* rows, std::size_t num_points,
                                     const double* reference, Stairs& stairs);

/// Volume of points of N >= 4 losses, given by ascending last loss.
///
/// Source   While, Bradstreet, Barone, IEEE Trans. Evol. Comput. 16(1), 2012 (WFG),
///          doi:10.1109/TEVC.2010.2077298: what a point adds is its box less what the others cover
///          of it, and points that share the last loss need one dimension less
/// Differs  the points are taken by ascending instead of descending loss, so that those that a
///          later one covers leave the set, and recursion ends in VolumeSet
template <std::size_t N>
class Sweep {
 public:
  double volume(const double* rows, std::size_t num_points, const double* reference) {
    size_ = 0;
    front_.resize((num_points + 1) * kWidth);
    limited_.resize((num_points + 1) * kWidth);
    double volume = 0.0;
    for (std::size_t i = 0; i < num_points; ++i) {
      const double* point = rows + i * N;
      volume += add(point, reference) * (reference[kWidth] - point[kWidth]);
    }
    return volume;
  }

 private:
  static constexpr std::size_t kWidth = N - 1;

  static bool covers(const double* left, const double* right) {
    bool is_no_worse = true;
    for (std::size_t k = 0; k < kWidth; ++k) is_no_worse &= left[k] <= right[k];
    return is_no_worse;
  }

  double add(const double* point, const double* reference) {
    std::array<double, kWidth> limits{};
    std::copy_n(reference, kWidth, limits.begin());
    if (!narrow(point, limits)) return 0.0;
    std::size_t num_limited = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const double* other = &front_[i * kWidth];
      double* limited = &limited_[num_limited * kWidth];
      bool is_inside = true;
      for (std::size_t k = 0; k < kWidth; ++k) {
        is_inside &= other[k] < limits[k];
        limited[k] = std::max(other[k], point[k]);
      }
      if (is_inside) num_limited = keep_unless_covered(num_limited);
    }
    double box = 1.0;
    for (std::size_t k = 0; k < kWidth; ++k) box *= limits[k] - point[k];
    const double shared = lower_.volume(limited_.data(), num_limited, limits.data());
    insert(point);
    return box - shared;
  }

  /// Lowers each limit to where a point that is worse along that axis alone takes over.
  /// Gives    whether anything is left
  bool narrow(const double* point, std::array<double, kWidth>& limits) const {
    for (std::size_t i = 0; i < size_; ++i) {
      const double* other = &front_[i * kWidth];
      std::size_t num_worse = 0;
      std::size_t axis = 0;
      for (std::size_t k = 0; k < kWidth; ++k) {
        const bool is_worse = other[k] > point[k];
        num_worse += is_worse ? 1 : 0;
        axis = is_worse ? k : axis;
      }
      if (num_worse == 0) return false;
      if (num_worse == 1) limits[axis] = std::min(limits[axis], other[axis]);
    }
    return true;
  }

  /// Settles whether the row behind the first `count` of limited_ stays; gives the new count.
  std::size_t keep_unless_covered(std::size_t count) {
    const double* candidate = &limited_[count * kWidth];
    for (std::size_t i = count; i-- > 0;) {
      if (covers(&limited_[i * kWidth], candidate)) return count;
    }
    // Only rows of the same last loss can be covered by a later one.
    std::size_t num_kept = count;
    while (num_kept > 0 && limited_[num_kept * kWidth - 1] >= candidate[kWidth - 1]) --num_kept;
    for (std::size_t i = num_kept; i < count; ++i) {
      if (covers(candidate, &limited_[i * kWidth])) continue;
      if (num_kept != i) move_row(limited_, i, num_kept);
      ++num_kept;
    }
    if (num_kept != count) move_row(limited_, count, num_kept);
    return num_kept + 1;
  }

  /// Takes the point into the front in place of those that it covers.
  void insert(const double* point) {
    std::size_t num_kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (covers(point, &front_[i * kWidth])) continue;
      if (num_kept != i) move_row(front_, i, num_kept);
      ++num_kept;
    }
    std::size_t place = num_kept;
    while (place > 0 && front_[place * kWidth - 1] > point[kWidth - 1]) {
      move_row(front_, place - 1, place);
      --place;
    }
    std::copy_n(point, kWidth, &front_[place * kWidth]);
    size_ = num_kept + 1;
  }

  static void move_row(std::vector<double>& rows, std::size_t from, std::size_t to) {
    for (std::size_t k = 0; k < kWidth; ++k) rows[to * kWidth + k] = rows[from * kWidth + k];
  }

  std::size_t size_ = 0;
  std::vector<double> front_;    // [size_ x kWidth] by ascending last column
  std::vector<double> limited_;  // [. x kWidth], the same order
  Sweep<N - 1> lower_;
};

template <>
class Sweep<4> {
 public:
  double volume(const double* rows, std::size_t num_points, const double* reference) {
    set_.reserve(num_points);
    set_.open(reference);
    double volume = 0.0;
    for (std::size_t i = 0; i < num_points; ++i) {
      const double* point = rows + i * 4;
      volume += set_.add(point) * (reference[3] - point[3]);
    }
    return volume;
  }

 private:
  VolumeSet set_;
};

}  // namespace wattune::math::sweeps
