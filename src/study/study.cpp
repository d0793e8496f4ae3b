#include "wattune/study/study.hpp"

#include "session.hpp"
#include "wattune/base/random.hpp"

namespace wattune::study {

Result<StudyEnd> run_study(const StudyParts& parts, const StopSignal& stop) try {
  return Session(parts, stop).run();
} catch (const ConfigError& error) {
  return fail(ErrorKind::Invalid, error.what());
}

std::uint32_t trial_seed(std::uint64_t study_seed, TrialId trial) {
  return static_cast<std::uint32_t>(mix_seed(study_seed, trial.number()) >> 33U);
}

std::uint32_t repeat_seed(std::uint64_t study_seed, std::uint16_t number) {
  constexpr std::uint64_t kRepeats = 0x66696e616c697374;  // a stream apart from that of the trials
  return static_cast<std::uint32_t>(mix_seed(mix_seed(study_seed, kRepeats), number) >> 33U);
}

}  // namespace wattune::study
