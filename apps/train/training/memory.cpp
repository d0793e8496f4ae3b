#include "training/memory.hpp"

#include <sys/resource.h>

#ifdef WATTUNE_TRAIN_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace wattune::train {

std::int64_t peak_memory_bytes(at::Device device) {
#ifdef WATTUNE_TRAIN_CUDA
  if (device.is_cuda()) {
    const auto index = device.has_index() ? device.index() : c10::DeviceIndex{0};
    return c10::cuda::CUDACachingAllocator::getDeviceStats(index).reserved_bytes[0].peak;
  }
#else
  if (device.is_cuda()) return 0;
#endif
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return std::int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace wattune::train
