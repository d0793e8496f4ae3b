#include "wattune/base/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <vector>

namespace wattune {
namespace {

char lower(char letter) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
}

/// Optimal string alignment distance, case ignored.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> back(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates) {
  std::optional<std::string> nearest;
  std::size_t best = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    const std::size_t longest = std::max(name.size(), candidate.size());
    if (distance * 3 > std::max<std::size_t>(longest, 3)) continue;
    if (!nearest || distance < best) {
      nearest = candidate;
      best = distance;
    }
  }
  return nearest;
}

std::string join_names(std::span<const std::string> names, std::string_view last_word) {
  std::string joined;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) joined += i + 1 == names.size() ? fmt::format(" {} ", last_word) : ", ";
    joined += names[i];
  }
  return joined;
}

std::string si_text(double value, std::string_view unit) {
  struct Prefix {
    double factor;
    std::string_view name;
  };
  constexpr std::array prefixes{Prefix{1e12, "T"}, Prefix{1e9, "G"}, Prefix{1e6, "M"},
                                Prefix{1e3, "k"},  Prefix{1.0, ""},  Prefix{1e-3, "m"},
                                Prefix{1e-6, "µ"}, Prefix{1e-9, "n"}};
  if (value == 0.0 || !std::isfinite(value)) return fmt::format("{} {}", value, unit);
  for (const Prefix& prefix : prefixes) {
    const double scaled = value / prefix.factor;
    // 999.5 would be shown as 1e+03: it belongs to the next prefix.
    if (std::abs(scaled) < 0.9995) continue;
    const int digits = std::abs(scaled) >= 99.95 ? 0 : std::abs(scaled) >= 9.995 ? 1 : 2;
    return fmt::format("{:.{}f} {}{}", scaled, digits, prefix.name, unit);
  }
  return fmt::format("{:.3g} {}", value, unit);
}

std::string to_text(const EnergyFigure& figure) {
  if (figure.is_missing()) return "unknown (missing)";
  return fmt::format("{} ± {} ({})", si_text(figure.total().joules().value(), "J"),
                     si_text(figure.uncertainty.value(), "J"), to_text(figure.provenance));
}

std::string number_text(double value) {
  return fmt::format("{}", value);
}

std::string duration_text(Seconds duration) {
  const double seconds = duration.value();
  if (seconds < 10.0) return fmt::format("{:.2g} s", seconds);
  if (seconds < 59.5) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string iso_text(WallTime time) {
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

}  // namespace wattune
