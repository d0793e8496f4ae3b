#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "command.hpp"
#include "machine_options.hpp"
#include "parse_duration.hpp"
#include "state_folder.hpp"

namespace wattune::cli {
namespace {

namespace fs = std::filesystem;

struct ServeOptions {
  std::string address = "127.0.0.1";
  int port = 9101;
  std::string interval = "1 s";
  std::string state;
};

void check(const ServeOptions& options) {
  if (options.port < 0 || options.port > 65535) {
    throw CommandError(
        ExitStatus::BadInput,
        fmt::format("--port {}: must be from 1 to 65535, or 0 for any that is free", options.port));
  }
  in6_addr address{};
  if (::inet_pton(AF_INET, options.address.c_str(), &address) != 1 &&
      ::inet_pton(AF_INET6, options.address.c_str(), &address) != 1) {
    throw CommandError(ExitStatus::BadInput,
                       fmt::format("--address {}: must be an address in numbers, such as 127.0.0.1 "
                                   "or 0.0.0.0",
                                   options.address));
  }
}

bool is_loopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.");
}

/// Where the totals of this port are kept.
std::string state_file(const ServeOptions& options) {
  if (!options.state.empty()) return fs::absolute(options.state).string();
  const auto folder = state_folder();
  if (!folder) {
    throw CommandError(ExitStatus::Failure,
                       "neither HOME nor XDG_STATE_HOME says where totals are kept; --state does");
  }
  return (*folder / fmt::format("serve-{}.json", options.port)).string();
}

/// Becomes the program that serves: it needs an HTTP library that would slow down every other
/// command.
[[noreturn]] void become_server(const ServeOptions& options, const MachineOptions& machine) {
  std::error_code ignored;
  const fs::path own = fs::read_symlink("/proc/self/exe", ignored);
  const std::string program = (own.parent_path() / "wattune-serve").string();
  const double interval = parse_duration(options.interval, "--interval").value();
  std::vector<std::string> words{program,
                                 "--address",
                                 options.address,
                                 "--port",
                                 std::to_string(options.port),
                                 "--interval",
                                 fmt::format("{}", interval),
                                 "--state",
                                 state_file(options),
                                 "--powercap-root",
                                 machine.powercap_root,
                                 "--proc-root",
                                 machine.proc_root,
                                 "--cpu-root",
                                 machine.cpu_root,
                                 "--nvml-library",
                                 machine.nvml_library};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(program.c_str(), arguments.data());
  throw CommandError(ExitStatus::Failure,
                     fmt::format("{} is missing; it belongs beside `wattune`", program));
}

}  // namespace

void add_meter_serve(const Command& meter) {
  const Command command =
      meter.add("serve", "Serve what every channel draws to Prometheus, until Ctrl-C");
  const auto options = std::make_shared<ServeOptions>();
  const auto machine = std::make_shared<MachineOptions>();
  command.option("--port", options->port, "9101 where left out; 0: any that is free");
  command.option("--address", options->address,
                 "127.0.0.1 where left out: only this machine can ask");
  command.option("--interval", options->interval, "between two readings; 1 s where left out");
  command.option("--state", options->state,
                 "file that keeps the totals over restarts; in the state folder where left out");
  add_machine_options(command, machine);
  command.footer(
      "Shows wattune_joules_total, wattune_watts and wattune_uncertainty_ratio per channel.\n"
      "Examples:\n"
      "  wattune meter serve\n"
      "  wattune meter serve --address 0.0.0.0 --port 9200\n"
      "  curl http://127.0.0.1:9101/metrics\n");
  command.on_call([options, machine] {
    check(*options);
    if (parse_duration(options->interval, "--interval") < Seconds{0.05}) {
      throw CommandError(ExitStatus::BadInput,
                         fmt::format("--interval {}: at least 0.05 s", options->interval));
    }
    if (!is_loopback(options->address)) {
      fmt::print(stderr,
                 "everybody who can reach {} can read this; fine energy readings can give away "
                 "what runs here\n",
                 options->address);
    }
    become_server(*options, *machine);
  });
}

}  // namespace wattune::cli
