// Keeps a GPU of NVIDIA busy until it is ended, for tests of the meter on real hardware. Needs the
// driver alone: the kernel is PTX, which the driver itself translates for whatever GPU there is.

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdio>

namespace {

// Every thread turns a loop of independent multiply-adds and stores one number at the end, so that
// nothing can be left out.
constexpr const char* kKernel = R"(
.version 6.0
.target sm_50
.address_size 64

.visible .entry busy(.param .u64 results, .param .u32 rounds)
{
  .reg .pred %again;
  .reg .f32 %a, %b, %c, %d, %x, %y;
  .reg .u32 %round, %last, %block, %width, %thread, %index;
  .reg .u64 %base, %offset, %place;

  ld.param.u64 %base, [results];
  ld.param.u32 %last, [rounds];
  cvta.to.global.u64 %base, %base;
  mov.u32 %block, %ctaid.x;
  mov.u32 %width, %ntid.x;
  mov.u32 %thread, %tid.x;
  mad.lo.u32 %index, %block, %width, %thread;
  cvt.rn.f32.u32 %a, %index;
  mov.f32 %b, 0f3F800000;
  mov.f32 %c, 0f40000000;
  mov.f32 %d, 0f40400000;
  mov.f32 %x, 0f3F7FFFFE;
  mov.f32 %y, 0f3A83126F;
  mov.u32 %round, 0;
again:
  fma.rn.f32 %a, %a, %x, %y;
  fma.rn.f32 %b, %b, %x, %y;
  fma.rn.f32 %c, %c, %x, %y;
  fma.rn.f32 %d, %d, %x, %y;
  fma.rn.f32 %a, %a, %x, %y;
  fma.rn.f32 %b, %b, %x, %y;
  fma.rn.f32 %c, %c, %x, %y;
  fma.rn.f32 %d, %d, %x, %y;
  add.u32 %round, %round, 1;
  setp.lt.u32 %again, %round, %last;
  @%again bra again;
  add.f32 %a, %a, %b;
  add.f32 %c, %c, %d;
  add.f32 %a, %a, %c;
  mul.wide.u32 %offset, %index, 4;
  add.u64 %place, %base, %offset;
  st.global.f32 [%place], %a;
  ret;
}
)";

constexpr unsigned kThreads = 256;
constexpr unsigned kBlocks = 4096;
constexpr std::uint32_t kRounds = 200'000;

/// The functions of the driver that are needed.
struct Cuda {
  void* library = nullptr;
  int (*init)(unsigned) = nullptr;
  int (*device)(int*, int) = nullptr;
  int (*context)(void**, unsigned, int) = nullptr;
  int (*module)(void**, const void*) = nullptr;
  int (*function)(void**, void*, const char*) = nullptr;
  int (*allocate)(std::uint64_t*, std::size_t) = nullptr;
  int (*launch)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*,
                void**, void**) = nullptr;
  int (*wait)() = nullptr;

  template <typename Function>
  bool resolve(Function& target, const char* name) {
    target = reinterpret_cast<Function>(::dlsym(library, name));
    return target != nullptr;
  }
  bool open() {
    for (const char* place : {"libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1",
                              "/usr/lib/wsl/lib/libcuda.so.1"}) {
      if (library == nullptr) library = ::dlopen(place, RTLD_LAZY | RTLD_LOCAL);
    }
    return library != nullptr && resolve(init, "cuInit") && resolve(device, "cuDeviceGet") &&
           resolve(context, "cuCtxCreate_v2") && resolve(module, "cuModuleLoadData") &&
           resolve(function, "cuModuleGetFunction") && resolve(allocate, "cuMemAlloc_v2") &&
           resolve(launch, "cuLaunchKernel") && resolve(wait, "cuCtxSynchronize");
  }
};

int failed(const char* step, int code) {
  std::fprintf(stderr, "gpu_load: %s failed with CUDA error %d\n", step, code);
  return 1;
}

}  // namespace

int main() {
  Cuda cuda;
  if (!cuda.open()) {
    std::fprintf(stderr, "gpu_load: libcuda.so.1 cannot be used\n");
    return 1;
  }
  int device = 0;
  void* context = nullptr;
  void* module = nullptr;
  void* kernel = nullptr;
  std::uint64_t results = 0;
  std::uint32_t rounds = kRounds;
  if (const int code = cuda.init(0)) return failed("cuInit", code);
  if (const int code = cuda.device(&device, 0)) return failed("cuDeviceGet", code);
  if (const int code = cuda.context(&context, 0, device)) return failed("cuCtxCreate", code);
  if (const int code = cuda.module(&module, kKernel)) return failed("cuModuleLoadData", code);
  if (const int code = cuda.function(&kernel, module, "busy")) {
    return failed("cuModuleGetFunction", code);
  }
  if (const int code = cuda.allocate(&results, std::size_t{kThreads} * kBlocks * sizeof(float))) {
    return failed("cuMemAlloc", code);
  }
  std::array<void*, 2> arguments{&results, &rounds};
  while (true) {
    if (const int code = cuda.launch(kernel, kBlocks, 1, 1, kThreads, 1, 1, 0, nullptr,
                                     arguments.data(), nullptr)) {
      return failed("cuLaunchKernel", code);
    }
    if (const int code = cuda.wait()) return failed("cuCtxSynchronize", code);
  }
}
