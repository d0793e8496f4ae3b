#include "node_view.hpp"

#include <algorithm>
#include <cmath>

namespace wattune::energy {
namespace {

/// A reading that is carried on for longer is a guess; for much longer it is none.
constexpr Seconds kShortCarry{1.0};
constexpr Seconds kLongestCarry{10.0};

}  // namespace

Result<Reading> NodeSampler::View::read(MonotonicTime now) {
  if (core_.is_in_child()) {
    return fail(ErrorKind::Ended, channel().id + ": its sampler belongs to the parent process");
  }
  const BoardReading newest = core_.edge(index_, now);
  const bool is_answer = was_attempted(newest) && newest.attempt_at >= now;
  if (newest.error && (is_answer || *newest.error == ErrorKind::Ended)) {
    return fail(*newest.error, sampled().error_words());
  }
  const bool is_estimated = newest.num_estimated != num_estimated_;
  num_estimated_ = newest.num_estimated;
  const double guessed = std::sqrt(std::max(0.0, newest.guessed_j2 - guessed_j2_));
  Result<Reading> reading =
      is_answer ? give(newest.total, newest.read_at, false, Seconds{}) : carry(newest, now);
  if (!reading) return reading;
  guessed_j2_ = newest.guessed_j2;
  reading->estimated = reading->estimated || is_estimated;
  reading->uncertainty = Joules{guessed};
  reading->fallback = newest.fallback;
  return reading;
}

/// What to say of a device, or of another process, that has not answered in time.
Result<Reading> NodeSampler::View::carry(BoardReading newest, MonotonicTime now) {
  const Seconds age = newest.has_reading ? elapsed(newest.read_at, now) : kLongestCarry;
  if (age > core_.silence()) {
    const auto own = sampled().reading_beside();
    if (own) return give(own->total, own->read_at, true, Seconds{});
  }
  if (age >= kLongestCarry) {
    return fail(ErrorKind::Transient, channel().id + ": has not answered for too long");
  }
  const Seconds length = std::max(age, Seconds{});
  const Microjoules unseen = to_microjoules(newest.power * length);
  return give(newest.total + unseen, now, length > kShortCarry, length);
}

Reading NodeSampler::View::give(Microjoules total, MonotonicTime at, bool is_estimated,
                                Seconds carried) {
  if (!base_) base_ = total;
  given_ = std::max(given_, total - *base_);
  return Reading{given_, at, is_estimated, Joules{}, Seconds{}, carried};
}

}  // namespace wattune::energy
