#pragma once

#include <span>
#include <vector>

namespace wattune::samplers {

/// Scales losses so that the best known is 0 and the plane through the extreme points of the front
/// meets every axis at 1; learns from generation to generation.
///
/// Symbols  ideal: the lowest loss seen of each objective; extreme point of an objective: the one
///          closest to its axis; nadir: where the plane meets the axes
/// Source   Deb, Jain, IEEE Trans. Evol. Comput. 18(4), 2014, section IV.C and algorithm 2
/// Differs  where the extreme points span no plane, or one that meets an axis beyond the worst of
///          the candidates, the worst of the best front is the nadir
class ReferencePlane {
 public:
  /// Takes    losses  of all candidates; num_first  how many of them, from the first on, are the
  ///          best front
  void learn(std::span<const std::vector<double>* const> losses, std::size_t num_first);

  [[nodiscard]] std::vector<double> scaled(const std::vector<double>& losses) const;

  [[nodiscard]] const std::vector<double>& ideal() const { return ideal_; }
  [[nodiscard]] const std::vector<double>& nadir() const { return nadir_; }

 private:
  void learn_extremes(std::span<const std::vector<double>* const> losses);
  [[nodiscard]] std::vector<double> intercepts() const;

  std::vector<double> ideal_;
  std::vector<double> nadir_;
  std::vector<std::vector<double>> extremes_;  // one per objective
};

}  // namespace wattune::samplers
