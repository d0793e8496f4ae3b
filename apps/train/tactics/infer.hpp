#pragma once

#include <cstdint>

#include "protocol/observer.hpp"
#include "tactics/infer_options.hpp"

namespace wattune::train {

enum class InferEnding : std::uint8_t { Done, Asked };

/// Applies a tactic to a model and uses it again and again, telling phases and one report.
///
/// Phases: `optimize` (the tactic and the first call after it, which may compile), `warm_up`,
/// `cool_down`, an `inference` for every repetition, and `validate` where there are labels.
///
/// Errors   UsageError    the file, the data, or the two together
///          NotSupported  the tactic, here
InferEnding infer(const InferOptions& options, Observer& observer);

}  // namespace wattune::train
