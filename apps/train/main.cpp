#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "errors.hpp"
#include "generation/generate.hpp"
#include "options.hpp"
#include "profile/command.hpp"
#include "protocol/protocol_client.hpp"
#include "protocol/terminal_observer.hpp"
#include "tactics/export_model.hpp"
#include "training/memory.hpp"
#include "training/saved_model.hpp"
#include "training/trainer.hpp"
#include "workload.hpp"

namespace {

using namespace wattune::train;

int end_request_writer = -1;

extern "C" void request_end(int /*signal*/) {
  const char byte = 0;
  [[maybe_unused]] const auto ignored = ::write(end_request_writer, &byte, 1);
}

/// Makes SIGTERM readable on a descriptor, and keeps a closed channel from killing the process.
/// Under the engine Ctrl-C is the engine's affair.
int catch_signals(bool is_under_engine) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) throw std::runtime_error("cannot make a pipe");
  end_request_writer = ends[1];
  std::signal(SIGTERM, request_end);
  std::signal(SIGPIPE, SIG_IGN);
  if (is_under_engine) std::signal(SIGINT, SIG_IGN);
  return ends[0];
}

Assignment stand_alone_assignment(const Options& options) {
  Assignment assignment;
  assignment.to = assignment.max = options.epochs;
  assignment.checkpoint_dir = options.checkpoint_dir;
  assignment.resume_from = options.resume;
  if (assignment.checkpoint_dir) std::filesystem::create_directories(*assignment.checkpoint_dir);
  return assignment;
}

int channel_from(const char* text) {
  int channel = -1;
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, channel);
  if (error != std::errc{} || stopped != end || channel < 0) {
    throw UsageError(
        fmt::format("WATTUNE_CHANNEL is '{}'; the number of a descriptor is needed", text));
  }
  return channel;
}

/// Who listens: the engine where it has started this program, otherwise a person.
class Connection {
 public:
  Connection() : config_(std::getenv("WATTUNE_CONFIG")), channel_(std::getenv("WATTUNE_CHANNEL")) {
    if ((config_ == nullptr) != (channel_ == nullptr)) {
      throw UsageError("WATTUNE_CONFIG and WATTUNE_CHANNEL must be set together");
    }
  }

  /// Has the engine started this program?
  [[nodiscard]] bool is_engine() const { return config_ != nullptr; }

  /// Nothing where no engine gives one.
  [[nodiscard]] std::optional<Assignment> assignment() const {
    if (config_ == nullptr) return std::nullopt;
    return read_assignment(config_);
  }

  [[nodiscard]] std::unique_ptr<Observer> open(const char* unit, std::int64_t max) const {
    const int end_request = catch_signals(config_ != nullptr);
    if (config_ == nullptr) {
      return std::make_unique<TerminalObserver>(stdout, unit, max, end_request);
    }
    return std::make_unique<ProtocolClient>(channel_from(channel_), end_request);
  }

 private:
  const char* config_;
  const char* channel_;
};

void prepare_threads(std::int64_t threads) {
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  at::globalContext().setFlushDenormal(true);
}

/// Ends as whoever sent SIGTERM expects it.
int end_as_asked() {
  std::signal(SIGTERM, SIG_DFL);
  std::raise(SIGTERM);
  return 1;
}

int run_training(const std::vector<std::string>& arguments) {
  std::string help;
  const std::optional<Options> options = parse_options(arguments, help);
  if (!options) {
    fmt::print("{}", help);
    return 0;
  }
  const Connection connection;
  const Assignment assignment = connection.assignment().value_or(stand_alone_assignment(*options));
  const auto observer = connection.open("epochs", assignment.max);
  prepare_threads(options->threads);
  const std::uint64_t seed = options->seed.value_or(assignment.seed.value_or(1));
  const at::Device device = chosen_device(options->device, options->precision);
  const Workload workload = make_workload(*options, seed, device);
  Trainer trainer(to_trainer_options(*options, seed, device), assignment, *workload.task,
                  *workload.model, *observer);
  const Ending ending = trainer.run();
  if (options->save && trainer.is_finished()) {
    save_model(*options->save, *workload.model, *workload.task);
  }
  if (options->export_to && trainer.is_finished()) {
    export_model(*options->export_to, arguments[0], *workload.model, *workload.task);
  }
  return ending == Ending::Asked ? end_as_asked() : 0;
}

int run_generation(std::vector<std::string> arguments) {
  arguments.erase(arguments.begin());
  std::string help;
  const std::optional<GenerateOptions> options = parse_generate_options(arguments, help);
  if (!options) {
    fmt::print("{}", help);
    return 0;
  }
  const Connection connection;
  const auto observer = connection.open("run", 1);
  prepare_threads(options->threads);
  const at::Device device = chosen_device(options->device, options->precision);
  const auto model = open_language_model(options->file, device, options->precision);
  const Generated result = generate(*options, *model, device, *observer);
  if (result.asked_to_end) return end_as_asked();
  if (!connection.is_engine()) fmt::print("{}\n", result.sample);
  observer->info({{"peak_memory_bytes", peak_memory_bytes(device)}});
  Report report;
  report.step = 1;
  report.metrics = {{"tokens_per_second", static_cast<double>(result.num_tokens) / result.seconds}};
  observer->report(report);
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments[0] == "generate") return run_generation(arguments);
  const auto open = [](const char* unit, std::int64_t max) { return Connection().open(unit, max); };
  if (const auto ended = run_model_command(arguments, open)) {
    return ended->is_asked ? end_as_asked() : ended->status;
  }
  return run_training(arguments);
}

int run_and_explain(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const UsageError& error) {
    fmt::print(stderr, "wattune-train: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "wattune-train: {}\n", error.what());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int status = run_and_explain(argc, argv);
  std::fflush(nullptr);
  std::_Exit(status);  // LibTorch's static destructors would take another 50 ms and free nothing
}
