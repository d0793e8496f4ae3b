#include "wattune/runners/slots.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "wattune/base/require.hpp"
#include "wattune/base/result.hpp"

namespace wattune::runners {
namespace {

/// How many trials fit at once.
std::size_t capacity(const SlotOptions& options) {
  std::size_t fits = options.cores_per_trial > 0 ? options.cores.size() / options.cores_per_trial
                                                 : options.cores.size();
  if (options.gpus_per_trial > 0) {
    fits = std::min(fits, options.gpus.size() / options.gpus_per_trial);
  }
  return fits;
}

void check(const SlotOptions& options) {
  if (options.cores.empty()) throw ConfigError("runner: no core to run trials on");
  if (options.cores_per_trial > options.cores.size()) {
    throw ConfigError(fmt::format("runner: cores_per_trial is {}, but only {} can be used",
                                  options.cores_per_trial, options.cores.size()));
  }
  if (options.gpus_per_trial > options.gpus.size()) {
    throw ConfigError(fmt::format("runner: gpus_per_trial is {}, but the machine has {}",
                                  options.gpus_per_trial, options.gpus.size()));
  }
  if (options.workers == 0) throw ConfigError("runner: workers is 0; at least 1 is needed");
  const bool shares_cores = options.cores_per_trial == 0 && options.gpus_per_trial == 0;
  if (!shares_cores && options.workers > capacity(options)) {
    throw ConfigError(fmt::format(
        "runner: {} workers of {} cores and {} GPUs do not fit; the machine has {} cores and {} "
        "GPUs, so at most {} fit (cores_per_trial: 0 lets trials share all cores)",
        *options.workers, options.cores_per_trial, options.gpus_per_trial, options.cores.size(),
        options.gpus.size(), capacity(options)));
  }
}

}  // namespace

SlotPool::SlotPool(const SlotOptions& options)
    : has_cuda_gpus_(options.gpus.size() > options.rocm_ids.size()), rocm_ids_(options.rocm_ids) {
  check(options);
  size_ = options.workers.value_or(capacity(options));
  const auto num_cores = static_cast<double>(options.cores.size());
  for (std::size_t index = size_; index-- > 0;) {
    Slot slot;
    slot.index = index;
    if (options.cores_per_trial == 0) {
      slot.cores = options.cores;
      slot.num_cores_reserved = num_cores / static_cast<double>(size_);
    }
    for (std::size_t i = 0; i < options.cores_per_trial; ++i) {
      slot.cores.push_back(options.cores[index * options.cores_per_trial + i]);
      slot.num_cores_reserved += 1.0;
    }
    for (std::size_t i = 0; i < options.gpus_per_trial; ++i) {
      slot.gpus.push_back(options.gpus[index * options.gpus_per_trial + i]);
    }
    free_.push_back(std::move(slot));
  }
}

std::optional<Slot> SlotPool::take() {
  if (free_.empty()) return std::nullopt;
  Slot slot = std::move(free_.back());
  free_.pop_back();
  return slot;
}

void SlotPool::give_back(Slot slot) {
  WATTUNE_REQUIRE(free_.size() < size_);
  const auto place =
      std::ranges::find_if(free_, [&](const Slot& other) { return other.index < slot.index; });
  free_.insert(place, std::move(slot));
}

std::map<std::string, std::string> SlotPool::environment(const Slot& slot) const {
  const auto num_threads = std::max(1, static_cast<int>(slot.num_cores_reserved));
  std::map<std::string, std::string> variables;
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}) {
    variables[name] = std::to_string(num_threads);
  }
  std::vector<std::string> cuda;
  std::vector<std::string> rocm;
  std::vector<std::size_t> places;  // among what ROCR_VISIBLE_DEVICES has left
  for (const std::string& gpu : slot.gpus) {
    const auto found = rocm_ids_.find(gpu);
    if (found == rocm_ids_.end()) {
      cuda.push_back(gpu);
    } else {
      rocm.push_back(found->second);
      // One GPU may be several to the runtime: its partitions.
      const auto num_more = std::ranges::count(found->second, ',');
      for (std::ptrdiff_t i = 0; i <= num_more; ++i) places.push_back(places.size());
    }
  }
  if (has_cuda_gpus_) variables["CUDA_VISIBLE_DEVICES"] = fmt::format("{}", fmt::join(cuda, ","));
  if (!rocm_ids_.empty()) {
    variables["ROCR_VISIBLE_DEVICES"] = fmt::format("{}", fmt::join(rocm, ","));
    variables["HIP_VISIBLE_DEVICES"] =
        rocm.empty() ? "-1" : fmt::format("{}", fmt::join(places, ","));
  }
  return variables;
}

std::vector<int> allowed_cores() {
  // The kernel refuses a mask that is too small for the machine.
  for (int size = 1024; size <= (1 << 20); size *= 4) {
    cpu_set_t* mask = CPU_ALLOC(static_cast<std::size_t>(size));
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(size));
    std::vector<int> cores;
    const bool is_read = ::sched_getaffinity(0, bytes, mask) == 0;
    for (int core = 0; is_read && core < size; ++core) {
      if (CPU_ISSET_S(static_cast<std::size_t>(core), bytes, mask)) cores.push_back(core);
    }
    CPU_FREE(mask);
    if (is_read) return cores;
  }
  return {};
}

}  // namespace wattune::runners
