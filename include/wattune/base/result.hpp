#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace wattune {

/// What the caller should do about a failure.
enum class ErrorKind : std::uint8_t {
  Transient,   ///< Try again; the next attempt may succeed and nothing is lost.
  Permission,  ///< It is there, but this user may not; the message says what would help.
  NotFound,    ///< The thing named does not exist.
  Invalid,     ///< The thing exists but does not hold what it should (a corrupt or foreign file).
  Ended,       ///< It has gone for good; discard the handle.
};

struct Error {
  ErrorKind kind;
  std::string message;  ///< Names the file, device or job.
};

/// A value, or an expected failure at run time.
template <typename T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

/// A configuration that cannot be accepted: thrown by factories, so that a half-valid object never
/// exists.
///
/// The message names the field, the offending value and what is allowed.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace wattune
