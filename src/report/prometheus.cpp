#include "wattune/report/prometheus.hpp"

#include <fmt/format.h>

#include <functional>

namespace wattune::report {
namespace {

/// Backslash, quote and line feed, as the format asks.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\' || c == '"') result += '\\';
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result;
}

std::string labels_of(const energy::Channel& channel) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", name, escaped(value));
  };
  add("channel", channel.id);
  add("kind", to_text(channel.kind));
  if (channel.socket) add("socket", std::to_string(*channel.socket));
  if (channel.device_uuid) add("uuid", *channel.device_uuid);
  add("source", channel.id.substr(0, channel.id.find(':')));
  add("quality", to_text(channel.provenance));
  return text;
}

/// Whole microjoules: no digit is lost however long the counter has run.
std::string joules(Microjoules energy) {
  return fmt::format("{}.{:06}", energy.count() / 1'000'000, energy.count() % 1'000'000);
}

using Value = std::function<std::optional<std::string>(const ChannelMetrics&)>;

std::string family(std::string_view name, std::string_view type, std::string_view help,
                   const std::vector<ChannelMetrics>& channels, const Value& value) {
  std::string text = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  for (const ChannelMetrics& channel : channels) {
    if (const auto shown = value(channel)) {
      text += fmt::format("{}{{{}}} {}\n", name, labels_of(channel.channel), *shown);
    }
  }
  return text;
}

std::string number(double value) {
  return fmt::format("{}", value);
}

}  // namespace

std::string prometheus_text(const std::vector<ChannelMetrics>& channels, std::string_view version) {
  std::string text = family("wattune_joules_total", "counter", "Energy drawn, in joules.", channels,
                            [](const ChannelMetrics& channel) -> std::optional<std::string> {
                              if (!channel.total) return std::nullopt;
                              return joules(*channel.total);
                            });
  text += family("wattune_watts", "gauge", "Power over the last step, in watts.", channels,
                 [](const ChannelMetrics& channel) -> std::optional<std::string> {
                   if (!channel.power) return std::nullopt;
                   return number(channel.power->value());
                 });
  text += family("wattune_uncertainty_ratio", "gauge",
                 "Half width of the 95 % interval of the energy, relative to it.", channels,
                 [](const ChannelMetrics& channel) -> std::optional<std::string> {
                   if (!channel.uncertainty_ratio) return std::nullopt;
                   return number(*channel.uncertainty_ratio);
                 });
  text +=
      "# HELP wattune_channel_info Where the figures of a channel come from, in words.\n"
      "# TYPE wattune_channel_info gauge\n";
  for (const ChannelMetrics& each : channels) {
    text += fmt::format("wattune_channel_info{{channel=\"{}\",words=\"{}\"}} 1\n",
                        escaped(each.channel.id), escaped(each.channel.source));
  }
  return text + fmt::format(
                    "# HELP wattune_build_info The version that serves this.\n"
                    "# TYPE wattune_build_info gauge\n"
                    "wattune_build_info{{version=\"{}\"}} 1\n",
                    escaped(version));
}

}  // namespace wattune::report
