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
#include "options.hpp"
#include "protocol_client.hpp"
#include "terminal_observer.hpp"
#include "trainer.hpp"

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

at::Device to_device(DeviceChoice choice) {
  if (choice == DeviceChoice::Cpu) return at::kCPU;
  if (at::hasCUDA()) return at::Device(at::kCUDA, 0);
  if (choice == DeviceChoice::Cuda) {
    throw UsageError(
        "--device: 'cuda' is not allowed; no GPU that this LibTorch can use was found");
  }
  return at::kCPU;
}

TrainerOptions to_trainer_options(const Options& options, const Dataset& data, std::uint64_t seed) {
  TrainerOptions result;
  result.shape.height = data.height;
  result.shape.width = data.width;
  result.shape.dropout = options.dropout;
  if (options.model == Model::Mlp) {
    result.shape.hidden = options.hidden;
  } else {
    for (std::int64_t block = 0; block < options.blocks; ++block) {
      result.shape.block_channels.push_back(options.width << block);
    }
    result.shape.kernel = options.kernel;
    result.shape.batch_norm = options.batch_norm;
  }
  result.optimizer = options.optimizer;
  result.schedule = options.schedule;
  result.learning_rate = options.learning_rate;
  result.batch_size = options.batch_size;
  result.report_every_samples = options.report_every > 0 ? options.report_every : data.train.size();
  result.validation_samples = options.validation_samples;
  result.inference_batch = options.inference_batch;
  result.seed = seed;
  result.device = to_device(options.device);
  return result;
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

Ending train(const Options& options, const char* config, const char* channel) {
  const int end_request = catch_signals(config != nullptr);
  const Assignment assignment =
      config != nullptr ? read_assignment(config) : stand_alone_assignment(options);
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  at::globalContext().setFlushDenormal(true);

  std::unique_ptr<Observer> observer;
  if (config != nullptr) {
    observer = std::make_unique<ProtocolClient>(channel_from(channel), end_request);
  } else {
    observer = std::make_unique<TerminalObserver>(stdout, "epochs", assignment.max, end_request);
  }
  const Dataset data(options.data);
  const std::uint64_t seed = options.seed.value_or(assignment.seed.value_or(1));
  Trainer trainer(to_trainer_options(options, data, seed), assignment, data, *observer);
  return trainer.run();
}

int run(int argc, char** argv) {
  std::string help;
  const std::optional<Options> options = parse_options({argv + 1, argv + argc}, help);
  if (!options) {
    fmt::print("{}", help);
    return 0;
  }
  const char* config = std::getenv("WATTUNE_CONFIG");
  const char* channel = std::getenv("WATTUNE_CHANNEL");
  if ((config == nullptr) != (channel == nullptr)) {
    throw UsageError("WATTUNE_CONFIG and WATTUNE_CHANNEL must be set together");
  }
  if (train(*options, config, channel) == Ending::Asked) {
    std::signal(SIGTERM, SIG_DFL);
    std::raise(SIGTERM);
  }
  return 0;
}

int run_and_explain(int argc, char** argv) {
  try {
    return run(argc, argv);
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
