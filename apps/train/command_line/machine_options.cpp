#include "command_line/machine_options.hpp"

namespace wattune::train {

void declare_machine(Declarer declare, std::int64_t& threads, DeviceChoice& device,
                     const char* act) {
  declare.integer("--threads", threads, 0, 1024,
                  "threads; 0 leaves it to OMP_NUM_THREADS or the machine");
  declare.choice<DeviceChoice>(
      "--device", device,
      {{"auto", DeviceChoice::Auto}, {"cpu", DeviceChoice::Cpu}, {"cuda", DeviceChoice::Cuda}},
      fmt::format("where to {}; auto takes a GPU if there is one", act));
}

}  // namespace wattune::train
