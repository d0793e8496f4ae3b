#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "wattune/base/ids.hpp"
#include "wattune/math/correlation.hpp"
#include "wattune/trial/history.hpp"

namespace wattune::report {

/// The worst that comes of choosing by a proxy: of all trials at least as good as some quality, the
/// one that the proxy prefers draws more than another one.
struct Misled {
  TrialId chosen;
  TrialId cheapest;
  double excess = 0.0;               ///< 0.4: `chosen` draws 40 % more.
  std::optional<double> at_quality;  ///< In the unit of the first objective.
};

struct ProxyPoint {
  TrialId trial;
  double proxy = 0.0;
  double energy_j = 0.0;
};

/// A cheap number that might stand in for the measured energy, and how well it does.
struct Proxy {
  std::string name;
  std::vector<ProxyPoint> points;                    ///< By trial.
  std::optional<math::Correlation> spearman;         ///< Of the order.
  std::optional<math::Correlation> pearson_of_logs;  ///< Where all are above 0.
  std::optional<Misled> misled;
  std::vector<std::string> warnings;  ///< Where it misleads, in words.
};

struct ProxyReport {
  std::optional<double> step;  ///< Where the trials were compared.
  std::size_t num_trials = 0;  ///< With a known energy.
  std::vector<Proxy> proxies;
  std::vector<std::string> notes;
};

/// All that may be named as a proxy: facts that programs gave as info, metrics, "duration",
/// "samples".
[[nodiscard]] std::vector<std::string> known_proxies(const trial::History& history);

/// Correlation of proxies with the energy, over the finished trials of the search.
///
/// A proxy misleads where the rank correlation is less than 0.7 in size, or where choosing by it
/// costs more than a tenth of the energy at some quality. A proxy that falls as the energy rises is
/// read the other way round.
///
/// Takes    names  of known_proxies; empty: the facts given as info, "duration" and "samples"
[[nodiscard]] ProxyReport proxies(const trial::History& history,
                                  const std::vector<std::string>& names = {});

}  // namespace wattune::report
