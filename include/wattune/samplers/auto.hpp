#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "wattune/samplers/sampler.hpp"
#include "wattune/trial/problem.hpp"

namespace wattune::samplers {

/// What the choice of a sampler depends on beside the problem.
struct AutoOptions {
  std::optional<std::size_t> num_trials = std::nullopt;  ///< Of the whole study, where it is known.
  std::optional<double> budget_j = std::nullopt;         ///< The same in joules.
  bool stops_early = false;                              ///< Are trials cut short and compared?
  std::uint64_t seed = 0;
};

enum class AutoModel : std::uint8_t { Grid, Gp, MultiFidelity, Tpe, Nsga3 };

/// Which sampler leads, which one follows it, and why.
struct AutoChoice {
  AutoModel first = AutoModel::Gp;
  /// Takes over when `first` has seen so many trials; nothing where the study ends before.
  std::optional<std::size_t> first_trials = std::nullopt;
  AutoModel then = AutoModel::Tpe;
  std::string reason;
};

/// Chooses by space, number of objectives and budget. docs/samplers.md has the rules and the
/// figures behind them.
[[nodiscard]] AutoChoice choose_sampler(const trial::Problem& problem, const AutoOptions& options);

/// The sampler that fits the problem; `describe` says in one line which, and why.
[[nodiscard]] std::unique_ptr<Sampler> make_auto(const trial::Problem& problem,
                                                 const AutoOptions& options);

}  // namespace wattune::samplers
