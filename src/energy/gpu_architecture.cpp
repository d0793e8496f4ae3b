#include "gpu_architecture.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace wattune::energy {
namespace {

struct Row {
  unsigned number;
  GpuArchitecture facts;
};

constexpr Seconds kSlow{0.1};
constexpr Seconds kQuarter{0.025};
constexpr Seconds kFast{0.02};
constexpr double kSeesAll = 0.08;
constexpr double kOfUsage = 0.10;
constexpr double kSeesAQuarter = 0.15;

// The low-pass sensor of Maxwell was found 41 % off on one board.
constexpr std::array kRows{
    Row{2, {"Kepler", kSlow, kSlow, false, kSeesAQuarter, kSeesAQuarter}},
    Row{3, {"Maxwell", kSlow, kSlow, false, 0.40, 0.40}},
    Row{4, {"Pascal", kFast, Seconds{0.01}, false, kSeesAll, kOfUsage}},
    Row{5, {"Volta", kFast, Seconds{0.01}, false, kSeesAll, kOfUsage}},
    Row{6, {"Turing", kSlow, kSlow, false, kSeesAll, kOfUsage}},
    Row{7, {"Ampere GA10x", kSlow, kSlow, true, kSeesAll, kOfUsage}},
    Row{8, {"Ada", kSlow, kSlow, true, kSeesAll, kOfUsage}},
    Row{9, {"Hopper", kSlow, kQuarter, true, kSeesAQuarter, kOfUsage}},
};
constexpr GpuArchitecture kGa100{"Ampere GA100", kSlow,         kQuarter,
                                 false,          kSeesAQuarter, kSeesAQuarter};
constexpr GpuArchitecture kUnknown{"unknown", kSlow, kQuarter, true, kSeesAQuarter, kSeesAQuarter};

constexpr unsigned kAmpere = 7;

/// Whether one of the words of a name, cut at everything but letters and digits, is in the list.
bool has_word(std::string_view name, std::span<const std::string_view> words) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  auto begin = name.begin();
  while (begin != name.end()) {
    begin = std::find_if(begin, name.end(), is_part);
    const auto end = std::find_if_not(begin, name.end(), is_part);
    if (std::ranges::find(words, std::string_view(begin, end)) != words.end()) return true;
    begin = end;
  }
  return false;
}

}  // namespace

const GpuArchitecture& gpu_architecture(std::optional<unsigned> number, std::string_view name) {
  static constexpr std::array<std::string_view, 6> kGa100Names{"A100", "A100X", "A30",
                                                               "A30X", "A800",  "170HX"};
  if (number.value_or(kAmpere) == kAmpere && has_word(name, kGa100Names)) return kGa100;
  const auto row = std::ranges::find(kRows, number.value_or(0), &Row::number);
  return row != kRows.end() ? row->facts : kUnknown;
}

bool is_module_name(std::string_view name) {
  static constexpr std::array<std::string_view, 1> kModules{"GH200"};
  return has_word(name, kModules);
}

Watts gpu_model_power(double utilisation, Watts limit) {
  const Watts idle = limit * kIdleShareOfLimit;
  return idle + (limit - idle) * std::clamp(utilisation, 0.0, 1.0);
}

}  // namespace wattune::energy
