// The table of the modelled CPU: watts per hardware thread without work and at full load.
//
// Source    Cloud Carbon Footprint, ccf-coefficients, output/coefficients-aws-use.csv, derived
// there
//           from SPECpower results; snapshot of April 2026
// Licence   Apache-2.0
// Differs   EPYC 5: blank lines in the published name list make its row the mean over nearly every
//           server (3.682 / 8.961 W); the 41 results that are EPYC 5 give 0.267 / 1.481 W

#include <algorithm>
#include <array>

#include "wattune/energy/cpu_model.hpp"

namespace wattune::energy {
namespace {

constexpr std::array kTable{
    CpuCoefficients{"Sandy Bridge", Watts{2.212}, Watts{8.631}},
    CpuCoefficients{"Ivy Bridge", Watts{1.707}, Watts{5.557}},
    CpuCoefficients{"Haswell", Watts{1.857}, Watts{5.595}},
    CpuCoefficients{"Broadwell", Watts{0.713}, Watts{3.685}},
    CpuCoefficients{"Skylake", Watts{0.613}, Watts{4.104}},
    CpuCoefficients{"Cascade Lake", Watts{0.690}, Watts{4.063}},
    CpuCoefficients{"Coffee Lake", Watts{1.138}, Watts{5.422}},
    CpuCoefficients{"Ice Lake", Watts{0.767}, Watts{3.758}},
    CpuCoefficients{"Sapphire Rapids", Watts{1.036}, Watts{4.160}},
    CpuCoefficients{"Emerald Rapids", Watts{0.814}, Watts{4.482}},
    CpuCoefficients{"Granite Rapids", Watts{0.582}, Watts{2.527}},
    CpuCoefficients{"EPYC 1 (Naples)", Watts{0.847}, Watts{2.604}},
    CpuCoefficients{"EPYC 2 (Rome)", Watts{0.474}, Watts{1.693}},
    CpuCoefficients{"EPYC 3 (Milan)", Watts{0.456}, Watts{1.957}},
    CpuCoefficients{"EPYC 4 (Genoa)", Watts{0.739}, Watts{2.282}},
    CpuCoefficients{"EPYC 5 (Turin)", Watts{0.267}, Watts{1.481}},
    CpuCoefficients{"Graviton 2-4", Watts{0.474}, Watts{1.693}},
};
constexpr CpuCoefficients kMean{"mean", Watts{0.74}, Watts{3.5}};

struct Range {
  std::uint64_t first;
  std::uint64_t last;
  [[nodiscard]] constexpr bool holds(std::uint64_t value) const {
    return value >= first && value <= last;
  }
};
constexpr Range kAny{0, ~std::uint64_t{0}};

/// Which processors are which architecture. Model numbers of parts for desktops whose servers are
/// not in the table are left out: they get the mean.
struct Member {
  std::string_view vendor;
  std::uint64_t family;
  Range models;
  Range steppings;
  std::string_view architecture;
};
constexpr std::string_view kIntel = "GenuineIntel";
constexpr std::string_view kAmd = "AuthenticAMD";
constexpr std::array kMembers{
    Member{kIntel, 6, {42, 42}, kAny, "Sandy Bridge"},
    Member{kIntel, 6, {45, 45}, kAny, "Sandy Bridge"},
    Member{kIntel, 6, {58, 58}, kAny, "Ivy Bridge"},
    Member{kIntel, 6, {62, 62}, kAny, "Ivy Bridge"},
    Member{kIntel, 6, {60, 60}, kAny, "Haswell"},
    Member{kIntel, 6, {63, 63}, kAny, "Haswell"},
    Member{kIntel, 6, {69, 70}, kAny, "Haswell"},
    Member{kIntel, 6, {61, 61}, kAny, "Broadwell"},
    Member{kIntel, 6, {71, 71}, kAny, "Broadwell"},
    Member{kIntel, 6, {79, 79}, kAny, "Broadwell"},
    Member{kIntel, 6, {86, 86}, kAny, "Broadwell"},
    Member{kIntel, 6, {78, 78}, kAny, "Skylake"},
    Member{kIntel, 6, {94, 94}, kAny, "Skylake"},
    Member{kIntel, 6, {85, 85}, {0, 4}, "Skylake"},
    Member{kIntel, 6, {85, 85}, {5, 7}, "Cascade Lake"},
    Member{kIntel, 6, {158, 158}, {10, 13}, "Coffee Lake"},
    Member{kIntel, 6, {106, 106}, kAny, "Ice Lake"},
    Member{kIntel, 6, {108, 108}, kAny, "Ice Lake"},
    Member{kIntel, 6, {143, 143}, kAny, "Sapphire Rapids"},
    Member{kIntel, 6, {207, 207}, kAny, "Emerald Rapids"},
    Member{kIntel, 6, {173, 174}, kAny, "Granite Rapids"},
    Member{kAmd, 0x17, {0x01, 0x01}, kAny, "EPYC 1 (Naples)"},
    Member{kAmd, 0x17, {0x31, 0x31}, kAny, "EPYC 2 (Rome)"},
    Member{kAmd, 0x19, {0x01, 0x01}, kAny, "EPYC 3 (Milan)"},
    Member{kAmd, 0x19, {0x10, 0x1f}, kAny, "EPYC 4 (Genoa)"},
    Member{kAmd, 0x19, {0xa0, 0xaf}, kAny, "EPYC 4 (Genoa)"},
    Member{kAmd, 0x1a, {0x00, 0x1f}, kAny, "EPYC 5 (Turin)"},
    Member{"ARM", 8, {0xd0c, 0xd0c}, kAny, "Graviton 2-4"},
    Member{"ARM", 8, {0xd40, 0xd40}, kAny, "Graviton 2-4"},
    Member{"ARM", 8, {0xd4f, 0xd4f}, kAny, "Graviton 2-4"},
};

}  // namespace

std::span<const CpuCoefficients> cpu_coefficients() {
  return kTable;
}

CpuCoefficients mean_cpu_coefficients() {
  return kMean;
}

std::optional<CpuCoefficients> find_cpu_coefficients(const CpuIdentity& identity) {
  const auto member = std::ranges::find_if(kMembers, [&](const Member& each) {
    return each.vendor == identity.vendor && each.family == identity.family &&
           each.models.holds(identity.model) && each.steppings.holds(identity.stepping);
  });
  if (member == kMembers.end()) return std::nullopt;
  return *std::ranges::find(kTable, member->architecture, &CpuCoefficients::architecture);
}

}  // namespace wattune::energy
