// `bench-train`: a training step of wattune-train beside the same model in PyTorch, in one run.
//
//   bench-train [--models MODEL,...] [--threads 1,2] [--rounds 3] [--seconds 2] [--cpu-time]
//
// Each figure is the median step of a process of its own; ours and theirs take turns, and of the
// rounds the fastest counts, which is what the machine can do when nobody else uses it. Of
// convolutional networks PyTorch is timed in both memory formats and the faster one counts.
// With --cpu-time one thread is timed by the processor time it takes, on a machine that others use
// too; more threads wait for each other and need a quiet one.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "options.hpp"
#include "training/trainer.hpp"
#include "workload.hpp"

namespace {

using namespace wattune::train;

constexpr std::size_t kFewestSteps = 10;
constexpr std::size_t kWarmUpSteps = 3;

/// Seconds by a clock that runs on, or that runs while this process computes.
double now(bool is_cpu_time) {
  timespec time{};
  ::clock_gettime(is_cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Watches a training for some seconds and keeps when each step has ended.
class StepClock final : public Observer {
 public:
  StepClock(double seconds, bool is_cpu_time) : seconds_(seconds), is_cpu_time_(is_cpu_time) {}

  void info(const Facts& /*facts*/) override {}
  void phase_begin(std::string_view /*name*/) override { ends_.push_back(now(is_cpu_time_)); }
  void phase_end(std::string_view /*name*/, std::int64_t /*samples*/) override {}
  void checkpoint(std::int64_t /*step*/, const std::filesystem::path& /*path*/) override {}
  Answer report(const Report& /*report*/) override { return {.kind = Answer::Kind::Stop}; }
  bool should_end() override {
    ends_.push_back(now(is_cpu_time_));
    return ends_.size() > kFewestSteps && ends_.back() - ends_.front() > seconds_;
  }

  [[nodiscard]] double median_step() const {
    std::vector<double> steps;
    for (std::size_t i = kWarmUpSteps; i + 1 < ends_.size(); ++i) {
      steps.push_back(ends_[i + 1] - ends_[i]);
    }
    std::ranges::sort(steps);
    return steps.at(steps.size() / 2);
  }

 private:
  double seconds_;
  bool is_cpu_time_;
  std::vector<double> ends_;
};

/// The side of this program that is timed: one model in a process of its own.
int time_ours(const std::string& model, int threads, double seconds, bool is_cpu_time) {
  at::set_num_threads(threads);
  at::globalContext().setFlushDenormal(true);
  std::string help;
  const Options options = parse_options({model, "--device", "cpu"}, help).value();
  const Workload workload = make_workload(options, 1, at::kCPU);
  StepClock clock(seconds, is_cpu_time);
  Assignment assignment{.unit = Unit::Steps,
                        .to = 1'000'000'000,
                        .max = 1'000'000'000,
                        .report_every = 1'000'000'000,
                        .is_probe = true};
  Trainer(to_trainer_options(options, 1, at::kCPU), assignment, *workload.task, *workload.model,
          clock)
      .run();
  fmt::print("{:.9f}\n", clock.median_step());
  return 0;
}

double seconds_from(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                             ::pclose);
  std::array<char, 256> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) {
    throw std::runtime_error("no figure came from: " + command);
  }
  return std::strtod(line.data(), nullptr);
}

struct Comparison {
  double ours = std::numeric_limits<double>::infinity();
  double theirs = std::numeric_limits<double>::infinity();
};

Comparison compare(const std::string& self, const std::string& model, int threads, int rounds,
                   double seconds, bool is_cpu_time) {
  const bool has_convolutions = model == "cnn" || model == "resnet18" || model == "simple-cnn";
  const std::string bound = fmt::format("OMP_NUM_THREADS={} ", threads);
  const std::string figures = fmt::format("{} {} {} {}", model, threads, seconds,
                                          is_cpu_time && threads == 1 ? "cpu" : "wall");
  const std::string peer =
      fmt::format("{}/usr/bin/python3 {} {}", bound, WATTUNE_TRAIN_PEERS, figures);
  const std::string own = fmt::format("{}{} --ours {}", bound, self, figures);
  Comparison best;
  for (int round = 0; round < rounds; ++round) {
    best.ours = std::min(best.ours, seconds_from(own));
    best.theirs = std::min(best.theirs, seconds_from(peer));
    if (has_convolutions) {
      best.theirs = std::min(best.theirs, seconds_from(peer + " channels_last"));
    }
  }
  return best;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');) items.push_back(item);
  return items;
}

int compare_all(int argc, char** argv) {
  std::string models = "mlp,cnn,resnet18,lstm,transformer,dense-poly,dense-linear,simple-cnn";
  std::string threads = "1,2";
  int rounds = 3;
  double seconds = 2;
  bool is_cpu_time = false;
  wattune::bench::read_arguments(
      argc, argv, {{"--cpu-time", [&] { is_cpu_time = true; }}},
      {{"--models", [&](const std::string& value) { models = value; }},
       {"--threads", [&](const std::string& value) { threads = value; }},
       {"--rounds", [&](const std::string& value) { rounds = std::stoi(value); }},
       {"--seconds", [&](const std::string& value) { seconds = std::stod(value); }}});
  fmt::print("a training step, best of {} rounds of {} s: ours, PyTorch's, ratio\n", rounds,
             seconds);
  std::string json;
  for (const std::string& model : split(models)) {
    for (const std::string& count : split(threads)) {
      const Comparison best =
          compare(argv[0], model, std::atoi(count.c_str()), rounds, seconds, is_cpu_time);
      const double ratio = best.ours / best.theirs;
      fmt::print("{:<13} {} threads  {:8.3f} ms  {:8.3f} ms  {:.3f}\n", model, count,
                 1e3 * best.ours, 1e3 * best.theirs, ratio);
      std::fflush(stdout);
      std::string key = "ratio_" + model;
      std::ranges::replace(key, '-', '_');
      if (count != "1") key += "_" + count + "t";
      json += fmt::format(R"({}"{}": {:.4f})", json.empty() ? "" : ", ", key, ratio);
    }
  }
  fmt::print("{{{}}}\n", json);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  int status = 0;
  try {
    status = arguments.size() == 5 && arguments[0] == "--ours"
                 ? time_ours(arguments[1], std::atoi(arguments[2].c_str()),
                             std::atof(arguments[3].c_str()), arguments[4] == "cpu")
                 : compare_all(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-train: {}\n", error.what());
    status = 1;
  }
  std::fflush(nullptr);
  std::_Exit(status);  // as wattune-train: LibTorch's static destructors free nothing of use
}
