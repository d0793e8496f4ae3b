#include "command.hpp"

namespace wattune::cli {

void add_meter(const Command& program) {
  const Command meter =
      program.add("meter", "Look at the machine's energy channels, serve or calibrate them");
  meter.needs_command();
  add_meter_live(meter);
  add_meter_serve(meter);
  add_meter_calibrate(meter);
  meter.footer(
      "Examples:\n"
      "  wattune meter live              what every channel draws now\n"
      "  wattune meter serve             the same for Prometheus, on port 9101\n"
      "  wattune meter calibrate         find idle power, while the machine is quiet\n");
}

}  // namespace wattune::cli
