#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wattune::runners {

/// A part of the machine that one trial has to itself.
struct Slot {
  std::size_t index = 0;
  std::vector<int> cores;         ///< Numbers of hardware threads; the trial runs on no other.
  std::vector<std::string> gpus;  ///< UUIDs.
  double num_cores_reserved = 0.0;
};

struct SlotOptions {
  std::optional<std::size_t> workers;  ///< Trials at once; as many as fit where left out.
  std::size_t cores_per_trial = 1;     ///< 0: trials share all cores and are not pinned.
  std::size_t gpus_per_trial = 0;
  std::vector<int> cores;         ///< Hardware threads that may be used; see allowed_cores().
  std::vector<std::string> gpus;  ///< UUIDs of the machine's GPUs, of slices in MIG mode.
  /// What ROCR_VISIBLE_DEVICES takes for those that are AMD's, by UUID.
  std::map<std::string, std::string> rocm_ids = {};
};

/// Hands out slots, lowest first.
///
/// Threads  one thread
class SlotPool {
 public:
  /// Errors   ConfigError  more workers, cores or GPUs than the machine has; names what would fit
  explicit SlotPool(const SlotOptions& options);

  [[nodiscard]] std::size_t num_free() const { return free_.size(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Nothing where all are taken.
  [[nodiscard]] std::optional<Slot> take();
  void give_back(Slot slot);

  /// Thread counts and visible GPUs of a slot; names of variables and their values.
  [[nodiscard]] std::map<std::string, std::string> environment(const Slot& slot) const;

 private:
  std::vector<Slot> free_;  // highest index first
  std::size_t size_ = 0;
  bool has_cuda_gpus_ = false;
  std::map<std::string, std::string> rocm_ids_;
};

/// Hardware threads that this process may run on, ascending.
[[nodiscard]] std::vector<int> allowed_cores();

}  // namespace wattune::runners
