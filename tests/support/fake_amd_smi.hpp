#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <string>

#include "support/fake_scenario.hpp"

namespace wattune::fake {

/// What the fake library of AMD's GPUs answers; see fake_amd_smi/fake_amd_smi.c for the keys.
class AmdSmiScenario final : public Scenario {
 public:
  AmdSmiScenario() : Scenario("FAKE_AMD_SMI") { set("sockets", "0"); }

  /// A GPU at 0000:0N:00.0 with a counter of 1 kJ and a cap of 750 W.
  void add_gpu(const std::string& uuid, std::uint64_t energy_mj = 1'000'000) {
    const std::string index = std::to_string(num_gpus_++);
    set("uuid" + index, uuid);
    set("name" + index, "AMD Fake MI300X");
    set("pci" + index, std::to_string(num_gpus_ << 8));
    set("energy" + index, std::to_string(energy_mj));
    set("cap" + index, "750000000");
    set("sockets", std::to_string(num_gpus_));
  }

  /// How often the library was started since the program began.
  [[nodiscard]] static int starts() {
    static void* const kept = ::dlopen(WATTUNE_FAKE_AMD_SMI, RTLD_LAZY | RTLD_LOCAL);
    return reinterpret_cast<int (*)()>(::dlsym(kept, "fake_amd_smi_starts"))();
  }
  [[nodiscard]] static std::string library() { return WATTUNE_FAKE_AMD_SMI; }

 private:
  int num_gpus_ = 0;
};

}  // namespace wattune::fake
