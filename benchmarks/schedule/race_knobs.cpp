#include "schedule/race_knobs.hpp"

#include <array>
#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

namespace wattune::bench {
namespace {

using strategies::RaceTuning;
using Member = std::variant<std::size_t RaceTuning::*, double RaceTuning::*, bool RaceTuning::*>;

constexpr std::array<std::pair<std::string_view, Member>, 23> kKnobs{{
    {"num_start", &RaceTuning::num_start},
    {"num_learned", &RaceTuning::num_learned},
    {"num_beside", &RaceTuning::num_beside},
    {"num_second", &RaceTuning::num_second},
    {"num_blind_start", &RaceTuning::num_blind_start},
    {"num_blind_second", &RaceTuning::num_blind_second},
    {"eta", &RaceTuning::eta},
    {"first_share", &RaceTuning::first_share},
    {"slack", &RaceTuning::slack},
    {"lead_share", &RaceTuning::lead_share},
    {"follower", &RaceTuning::follower},
    {"most_ahead", &RaceTuning::most_ahead},
    {"cost_exponent", &RaceTuning::cost_exponent},
    {"num_candidates", &RaceTuning::num_candidates},
    {"local_share", &RaceTuning::local_share},
    {"num_parents", &RaceTuning::num_parents},
    {"smallest_step", &RaceTuning::smallest_step},
    {"largest_step", &RaceTuning::largest_step},
    {"max_values", &RaceTuning::max_values},
    {"fit_rows", &RaceTuning::fit_rows},
    {"fit_evaluations", &RaceTuning::fit_evaluations},
    {"fit_growth", &RaceTuning::fit_growth},
    {"warp", &RaceTuning::warp},
}};

void set(RaceTuning& tuning, const std::string& word) {
  const auto equals = word.find('=');
  for (const auto& [name, member] : kKnobs) {
    if (word.substr(0, equals) != name || equals == std::string::npos) continue;
    const double value = std::stod(word.substr(equals + 1));
    std::visit(
        [&](auto knob) {
          using Held = std::remove_reference_t<decltype(tuning.*knob)>;
          tuning.*knob = static_cast<Held>(value);
        },
        member);
    return;
  }
  throw std::runtime_error("the race has no knob `" + word + "`");
}

}  // namespace

std::optional<RaceTuning> race_knobs_of(const std::string& strategy) {
  std::istringstream words{strategy};
  std::string word;
  words >> word;
  if (word != "race") return std::nullopt;
  RaceTuning tuning;
  while (words >> word) set(tuning, word);
  return tuning;
}

}  // namespace wattune::bench
