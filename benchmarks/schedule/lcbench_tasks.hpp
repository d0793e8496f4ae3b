#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/recorded/lcbench.hpp"
#include "wattune/strategies/past_study.hpp"

namespace wattune::bench {

/// What a strategy is given to start with on a task.
enum class Variant : std::uint8_t {
  Plain,    ///< The space alone.
  Default,  ///< A default configuration, which is tried first.
  Margin,   ///< The space without the outer 2 % of every range.
  History,  ///< Studies of the other tasks.
  DefaultAndHistory,
};
/// "plain", "default", "margin", "history", "default_and_history".
[[nodiscard]] std::string_view name_of(Variant variant);
[[nodiscard]] bool has_default(Variant variant);
[[nodiscard]] bool has_history(Variant variant);

/// "", " with default", ...
[[nodiscard]] std::string_view words_for(Variant variant);

/// The space of LCBench as the variant has it.
///
/// The default is common practice: batch size 64, learning rate 0.02, momentum 0.9, weight decay
/// 5e-4, 3 layers, 256 units, dropout 0.2.
[[nodiscard]] space::Space space_of(const space::Space& space, Variant variant);

/// What is remembered of a study of 50 random full trainings on a task.
[[nodiscard]] strategies::PastStudy random_study(const recorded::LcBench& bench,
                                                 const std::string& task);

/// Whether strategies were chosen on this task: every second one in the order of their names.
[[nodiscard]] bool is_of_tuning_half(std::string_view task);
/// Is a task among those that were asked for, by name or as one of `tuning` and `report`?
///
/// Takes    names  empty for all tasks
[[nodiscard]] bool is_asked_for(const std::string& task, const std::vector<std::string>& names);

}  // namespace wattune::bench
