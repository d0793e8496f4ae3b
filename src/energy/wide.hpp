#pragma once

namespace wattune::energy {

/// Products of energies, times and shares before they are divided again: exact.
__extension__ using Wide = __int128;

}  // namespace wattune::energy
