// `wattune meter serve` becomes this program; docs/command-line.md describes the command.
#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include "machine.hpp"
#include "machine_options.hpp"
#include "power_limits.hpp"
#include "stop_wait.hpp"
#include "wattune/base/version.hpp"
#include "wattune/energy/lasting_totals.hpp"
#include "wattune/energy/machine_watch.hpp"
#include "wattune/report/prometheus.hpp"

namespace wattune::serve {
namespace {

using energy::LastingTotals;
using energy::MachineWatch;
using energy::WatchedChannel;

struct Options {
  std::string address;
  int port = 0;
  double interval_s = 1.0;
  std::string state;
};

/// The page that scrapes are answered with; written by one thread, read by several.
class Page {
 public:
  void set(std::string text) {
    const std::lock_guard lock{mutex_};
    text_ = std::move(text);
  }
  [[nodiscard]] std::string get() const {
    const std::lock_guard lock{mutex_};
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

std::string page_text(const MachineWatch& watch, const LastingTotals& totals) {
  std::vector<report::ChannelMetrics> channels;
  for (const WatchedChannel& watched : watch.channels()) {
    report::ChannelMetrics metrics{watched.channel, {}, watched.power, {}};
    const auto total = totals.totals().find(watched.channel.id);
    if (total != totals.totals().end()) metrics.total = total->second;
    if (!watched.energy.is_missing()) {
      metrics.uncertainty_ratio = watched.energy.uncertainty / watched.energy.total().joules();
    }
    channels.push_back(std::move(metrics));
  }
  return report::prometheus_text(channels, version());
}

/// Totals are stored before they are shown, so that no restart can take back what was scraped.
void publish(const MachineWatch& watch, LastingTotals& totals, Page& page) {
  for (const WatchedChannel& watched : watch.channels()) {
    if (!watched.energy.is_missing()) {
      totals.set_counted(watched.channel.id, watched.energy.total());
    }
  }
  const Result<void> saved = totals.save();
  if (saved) {
    page.set(page_text(watch, totals));
  } else {
    fmt::print(stderr, "wattune: {}; the page stays as it was\n", saved.error().message);
  }
}

constexpr const char* kFrontPage =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Wattune meter</title>"
    "</head>\n<body><h1>Wattune meter</h1><p>Energy of this machine: "
    "<a href=\"/metrics\">/metrics</a>, in Prometheus's text format.</p></body></html>\n";

void set_up(httplib::Server& server, const Page& page) {
  // The library's own options let a second server take the same port, and scrapes go to either.
  server.set_socket_options([](int socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.new_task_queue = [] { return new httplib::ThreadPool(2); };
  server.set_keep_alive_timeout(2);
  server.Get("/metrics", [&page](const httplib::Request&, httplib::Response& response) {
    response.set_content(page.get(), std::string(report::kPrometheusContentType));
  });
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(kFrontPage, "text/html; charset=utf-8");
  });
}

int bind(httplib::Server& server, const Options& options) {
  errno = 0;
  if (options.port == 0) return server.bind_to_any_port(options.address);
  return server.bind_to_port(options.address, options.port) ? options.port : -1;
}

std::string bind_error(const Options& options, int number) {
  const std::string place = fmt::format("{} port {}", options.address, options.port);
  if (number == EADDRINUSE) {
    return fmt::format("{} is taken by another program; --port chooses another", place);
  }
  if (number == EACCES)
    return fmt::format("{} is for root only; ports from 1024 on are not", place);
  return fmt::format("cannot listen on {}: {}", place,
                     number != 0 ? ::strerrordesc_np(number) : "no such address here");
}

int serve(const Options& options, const cli::MachineOptions& machine_options) {
  cli::StopWait stop;  // First: every thread made later has the signals blocked.
  const SystemClock clock;
  Page page;
  httplib::Server server;
  set_up(server, page);
  const int port = bind(server, options);
  if (port < 0) {
    fmt::print(stderr, "wattune: {}\n", bind_error(options, errno));
    return 1;
  }
  Result<LastingTotals> totals = LastingTotals::open(options.state);
  if (!totals) {
    fmt::print(stderr, "wattune: {}\n", totals.error().message);
    return 1;
  }
  cli::restore_left_power_limits(machine_options.nvml_library);
  energy::MachineMeters machine = open_machine(clock, machine_options);
  if (machine.meters.empty()) {
    fmt::print(stderr, "wattune: nothing here can be metered; `wattune doctor` says why\n");
    return 1;
  }
  MachineWatch watch{std::move(machine.meters),
                     {.num_cores = cli::num_cores(), .proc_root = machine_options.proc_root},
                     clock.now()};
  watch.tick(clock.now());
  publish(watch, *totals, page);
  std::thread listener{[&] { server.listen_after_bind(); }};
  fmt::print("serving http://{}:{}/metrics; Ctrl-C ends it\n", options.address, port);
  std::fflush(stdout);
  const Seconds gap = std::min(Seconds{options.interval_s}, watch.longest_safe_gap());
  for (bool goes_on = true; goes_on;) {
    goes_on = !stop.wait(gap);
    watch.tick(clock.now());
    publish(watch, *totals, page);
  }
  server.stop();
  listener.join();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App program{"Serves energy readings; use `wattune meter serve`.", "wattune-serve"};
  const cli::Command command{program};
  Options options;
  const auto machine = std::make_shared<cli::MachineOptions>();
  command.option("--address", options.address).required();
  command.option("--port", options.port).required();
  command.option("--interval", options.interval_s).required();
  command.option("--state", options.state).required();
  cli::add_machine_options(command, machine);
  try {
    program.parse(argc, argv);
    return serve(options, *machine);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "wattune: {}\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace wattune::serve

int main(int argc, char** argv) {
  return wattune::serve::run(argc, argv);
}
