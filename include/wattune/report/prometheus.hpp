#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/energy/meter.hpp"

namespace wattune::report {

/// What one channel shows to a monitoring system. What is not known is left out, never 0.
struct ChannelMetrics {
  energy::Channel channel;
  std::optional<Microjoules> total;  ///< Never goes down, also over restarts.
  std::optional<Watts> power;
  std::optional<double> uncertainty_ratio;  ///< Relative half width of a 95 % interval.
};

/// The Content-Type that goes with the text.
inline constexpr std::string_view kPrometheusContentType =
    "text/plain; version=0.0.4; charset=utf-8";

/// The channels in Prometheus's text format 0.0.4: wattune_joules_total, wattune_watts and
/// wattune_uncertainty_ratio with the labels channel, kind, socket, uuid, source and quality, and
/// wattune_channel_info with the words about the source, which may change with a version. A label
/// without a value is left out.
[[nodiscard]] std::string prometheus_text(const std::vector<ChannelMetrics>& channels,
                                          std::string_view version);

}  // namespace wattune::report
