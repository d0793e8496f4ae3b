#pragma once

#include <string>
#include <string_view>

namespace wattune::energy {

/// The SHA-256 of some bytes in lower-case hexadecimal digits.
///
/// Source   FIPS 180-4, section 6.2
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace wattune::energy
