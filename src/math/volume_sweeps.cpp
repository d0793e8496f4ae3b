#include "volume_sweeps.hpp"
#include "infinity.hpp"

namespace wattune::math::sweeps {
namespace {

std::ptrdiff_t offset(std::size_t i) {
  return static_cast<std::ptrdiff_t>(i);
}

/// Puts one step in place of those from begin to end.
void replace_steps(std::vector<Step>& steps, std::size_t begin, std::size_t end, Step step) {
  if (begin == end) {
    steps.insert(steps.begin() + offset(begin), step);
  } else {
    steps[begin] = step;
    steps.erase(steps.begin() + offset(begin + 1), steps.begin() + offset(end));
  }
}

}  // namespace

void Stairs::open(double x_limit, double y_limit) {
  steps_.clear();
  steps_.push_back({-kInfinity, y_limit});
  steps_.push_back({x_limit, -kInfinity});
}

std::size_t Stairs::first_right_of(double x) const {
  const auto place =
      std::partition_point(steps_.begin(), steps_.end(), [x](Step step) { return step.x <= x; });
  return static_cast<std::size_t>(place - steps_.begin());
}

bool Stairs::covers(double x, double y) const {
  return steps_[first_right_of(x) - 1].y <= y;
}

double Stairs::add(double x, double y) {
  const std::size_t right = first_right_of(x);
  double ceiling = steps_[right - 1].y;
  if (ceiling <= y) return 0.0;
  double area = 0.0;
  double left = x;
  std::size_t end = right;
  while (true) {
    area += (steps_[end].x - left) * (ceiling - y);
    if (steps_[end].y <= y) break;
    left = steps_[end].x;
    ceiling = steps_[end].y;
    ++end;
  }
  replace_steps(steps_, steps_[right - 1].x == x ? right - 1 : right, end, {x, y});
  return area;
}

void Window::open(double x, double y, double x_limit, double y_limit) {
  x_ = x;
  y_ = y;
  free_area_ = (x_limit - x) * (y_limit - y);
  steps_.clear();
  steps_.push_back({x, y_limit});
  steps_.push_back({x_limit, y});
}

void Window::add(double x, double y) {
  x = std::max(x, x_);
  y = std::max(y, y_);
  std::size_t right = 1;
  while (right < steps_.size() && steps_[right].x <= x) ++right;
  if (right == steps_.size()) return;
  double ceiling = steps_[right - 1].y;
  if (ceiling <= y) return;
  double left = x;
  std::size_t end = right;
  while (true) {
    free_area_ -= (steps_[end].x - left) * (ceiling - y);
    if (steps_[end].y <= y || end + 1 == steps_.size()) break;
    left = steps_[end].x;
    ceiling = steps_[end].y;
    ++end;
  }
  if (x == x_ && y == y_) free_area_ = 0.0;  // without what rounding leaves
  replace_steps(steps_, steps_[right - 1].x == x ? right - 1 : right, end, {x, y});
}

void VolumeSet::open(const double* reference) {
  std::copy_n(reference, 3, reference_.begin());
  size_ = 0;
}

void VolumeSet::reserve(std::size_t num_points) {
  if (x_.size() > num_points) return;
  x_.resize(num_points + 1);
  y_.resize(num_points + 1);
  z_.resize(num_points + 1);
}

VolumeSet::Limits VolumeSet::limits_at(const double* point) const {
  const double x = point[0];
  const double y = point[1];
  Limits limits{0, reference_[0], reference_[1], false};
  limits.num_lower = static_cast<std::size_t>(
      std::upper_bound(z_.begin(), z_.begin() + offset(size_), point[2]) - z_.begin());
  double y_limit = limits.y, x_limit = limits.x;
  for (std::size_t i = 0; i < limits.num_lower; ++i) {
    const double yi = x_[i] <= x ? y_[i] : reference_[1];
    const double xi = y_[i] <= y ? x_[i] : reference_[0];
    y_limit = yi < y_limit ? yi : y_limit;
    x_limit = xi < x_limit ? xi : x_limit;
  }
  limits.y = y_limit;
  limits.x = x_limit;
  limits.is_covered = limits.y <= y;
  return limits;
}

double VolumeSet::free_volume(const double* point, const Limits& limits) {
  window_.open(point[0], point[1], limits.x, limits.y);
  for (std::size_t i = 0; i < limits.num_lower; ++i) {
    if ((x_[i] < limits.x) & (y_[i] < limits.y) & (x_[i] > point[0]) & (y_[i] > point[1])) {
      window_.add(x_[i], y_[i]);
    }
  }
  double volume = 0.0;
  double height = point[2];
  for (std::size_t i = limits.num_lower; i < size_; ++i) {
    if (!((x_[i] < limits.x) & (y_[i] < limits.y))) continue;
    volume += window_.free_area() * (z_[i] - height);
    height = z_[i];
    window_.add(x_[i], y_[i]);
    if (x_[i] <= point[0] && y_[i] <= point[1]) return volume;
  }
  return volume + window_.free_area() * (reference_[2] - height);
}

void VolumeSet::insert(const double* point, std::size_t place) {
  const auto is_covered = [&](std::size_t i) { return x_[i] >= point[0] && y_[i] >= point[1]; };
  std::size_t gap = place;  // the first covered row gives way to the new one
  while (gap < size_ && !is_covered(gap)) ++gap;
  const auto shift = [&](std::vector<double>& column, double value) {
    const auto begin = column.begin();
    std::move_backward(begin + offset(place), begin + offset(gap), begin + offset(gap + 1));
    column[place] = value;
  };
  std::size_t num_kept = gap + 1;
  for (std::size_t i = gap + 1; i < size_; ++i) {
    if (is_covered(i)) continue;
    x_[num_kept] = x_[i];
    y_[num_kept] = y_[i];
    z_[num_kept] = z_[i];
    ++num_kept;
  }
  shift(x_, point[0]);
  shift(y_, point[1]);
  shift(z_, point[2]);
  size_ = num_kept;
}

double VolumeSet::add(const double* point) {
  const Limits limits = limits_at(point);
  if (limits.is_covered) return 0.0;
  const double volume = free_volume(point, limits);
  insert(point, limits.num_lower);
  return volume;
}

double VolumeSet::gain(const double* point) {
  const Limits limits = limits_at(point);
  return limits.is_covered ? 0.0 : free_volume(point, limits);
}

double volume_of_two(const double* rows, std::size_t num_points, const double* reference) {
  double volume = 0.0;
  double ceiling = reference[0];
  for (std::size_t i = 0; i < num_points; ++i) {
    const double* point = rows + i * 2;
    if (point[0] >= ceiling) continue;
    volume += (reference[1] - point[1]) * (ceiling - point[0]);
    ceiling = point[0];
  }
  return volume;
}

double volume_of_three(const double* rows, std::size_t num_points, const double* reference,
                       Stairs& stairs) {
  stairs.open(reference[0], reference[1]);
  double volume = 0.0;
  for (std::size_t i = 0; i < num_points; ++i) {
    const double* point = rows + i * 3;
    volume += stairs.add(point[0], point[1]) * (reference[2] - point[2]);
  }
  return volume;
}

}  // namespace wattune::math::sweeps
