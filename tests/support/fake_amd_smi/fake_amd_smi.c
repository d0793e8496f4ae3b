/* A library with the interface of AMD's management library, for tests. What it answers stands in
 * the file that the environment variable FAKE_AMD_SMI names; scenario.h tells of the keys for time,
 * power and energy. The others are
 *
 *   abi         24, 25 or 26, which decides the layouts; 26 if absent
 *   init        an error code
 *   sockets     how many; partitions<i> is the number of processors of socket i, 1 if absent
 *   uuid<i> name<i> pci<i> (a number)  of socket i; partition p has "-p" behind its identifier
 *   resolution_n<i>  step of the counter in nanojoules, 15300 if absent
 *   cap<i> (uW) activity<i> (percent)
 *   energy_result<i> power_result<i> activity_result<i>  error codes
 *
 * The library must not be used by two threads: if two are inside at once, the program ends. */

#include <stdatomic.h>
#include <stdint.h>

#include "../fake_scenario/scenario.h"

typedef struct {
  int socket;
  int partition;
} Processor;

enum { kMostSockets = 8, kMostPartitions = 8 };

static int socket_numbers[kMostSockets];
static Processor processors[kMostSockets][kMostPartitions];
static int starts;
static int all_starts;
static atomic_int inside;

int fake_amd_smi_starts(void) {
  return all_starts;
}

static void enter(void) {
  if (atomic_fetch_add(&inside, 1) != 0) abort();
}
static unsigned leave(unsigned code) {
  atomic_fetch_sub(&inside, 1);
  return code;
}

static unsigned result_of(const char* key, const Processor* processor) {
  return starts == 0 ? 32 : (unsigned)number_or(key_of(key, processor->socket), 0);
}

typedef struct {
  uint32_t year, major, minor, release;
  const char* build;
} Version24;
typedef struct {
  uint32_t major, minor, release;
  const char* build;
} Version26;

unsigned amdsmi_get_lib_version(void* version) {
  scenario_variable = "FAKE_AMD_SMI";
  const uint32_t abi = (uint32_t)number_or("abi", 26);
  if (abi >= 26) {
    const Version26 answer = {abi, 5, 0, "fake"};
    memcpy(version, &answer, sizeof answer);
  } else {
    const Version24 answer = {abi, 7, 0, 0, "fake"};
    memcpy(version, &answer, sizeof answer);
  }
  return 0;
}

unsigned amdsmi_init(uint64_t flags) {
  const unsigned result = (unsigned)number_or("init", 0);
  if (flags != 2) return 1;
  if (result != 0) return result;
  ++starts;
  ++all_starts;
  return 0;
}

unsigned amdsmi_shut_down(void) {
  --starts;
  return 0;
}

unsigned amdsmi_status_code_to_string(unsigned code, const char** text) {
  *text = code == 2 ? "Not supported" : code == 34 ? "Driver not loaded" : "Some error";
  return 0;
}

unsigned amdsmi_get_socket_handles(uint32_t* count, void** handles) {
  const uint32_t sockets = (uint32_t)number_or("sockets", 0);
  enter();
  for (uint32_t i = 0; handles != NULL && i < *count && i < sockets; ++i) {
    socket_numbers[i] = (int)i;
    handles[i] = &socket_numbers[i];
  }
  *count = sockets;
  return leave(0);
}

unsigned amdsmi_get_processor_handles(void* socket, uint32_t* count, void** handles) {
  const int number = *(const int*)socket;
  const uint32_t partitions = (uint32_t)number_or(key_of("partitions", number), 1);
  enter();
  for (uint32_t i = 0; handles != NULL && i < *count && i < partitions; ++i) {
    processors[number][i].socket = number;
    processors[number][i].partition = (int)i;
    handles[i] = &processors[number][i];
  }
  *count = partitions;
  return leave(0);
}

unsigned amdsmi_get_gpu_device_uuid(void* handle, unsigned* length, char* uuid) {
  const Processor* processor = handle;
  char text[64];
  enter();
  if (!text_of(key_of("uuid", processor->socket), text, sizeof text)) return leave(2);
  if (processor->partition > 0) {
    snprintf(text + strlen(text), 4, "-%d", processor->partition);
  }
  if (*length < 38) return leave(41);
  snprintf(uuid, *length, "%s", text);
  return leave(0);
}

unsigned amdsmi_get_gpu_device_bdf(void* handle, uint64_t* address) {
  const Processor* processor = handle;
  Number value = 0;
  enter();
  if (!number_of(key_of("pci", processor->socket), &value)) return leave(2);
  *address = value;
  return leave(0);
}

unsigned amdsmi_get_gpu_asic_info(void* handle, char* info) {
  const Processor* processor = handle;
  enter();
  return leave(text_of(key_of("name", processor->socket), info, 256) ? 0 : 2);
}

unsigned amdsmi_get_energy_count(void* handle, uint64_t* ticks, float* resolution,
                                 uint64_t* timestamp_ns) {
  const Processor* processor = handle;
  Number millijoules = 0;
  enter();
  const unsigned result = result_of("energy_result", processor);
  if (result != 0) return leave(result);
  if (!energy_of(processor->socket, &millijoules)) return leave(2);
  const Number step_nj = number_or(key_of("resolution_n", processor->socket), 15300);
  *ticks = millijoules * 1000000 / step_nj;
  *resolution = (float)((double)step_nj / 1000.0);
  *timestamp_ns = time_us() * 1000;
  return leave(0);
}

unsigned amdsmi_get_power_info(void* handle, void* info) {
  const Processor* processor = handle;
  const Number abi = number_or("abi", 26);
  Number milliwatts = 0;
  enter();
  const unsigned result = result_of("power_result", processor);
  if (result != 0) return leave(result);
  if (!number_of(key_of("power", processor->socket), &milliwatts) &&
      !mean_power_of(processor->socket, 25000, &milliwatts)) {
    return leave(2);
  }
  uint32_t* words = info;
  memset(info, 0xEE, abi == 24 ? 68 : abi == 25 ? 40 : 192);
  const int first = abi == 24 ? 0 : 2;
  words[first] = number_or("only_average", 0) != 0 ? 0xFFFF : (uint32_t)(milliwatts / 1000);
  words[first + 1] = (uint32_t)(milliwatts / 1000);
  return leave(0);
}

unsigned amdsmi_get_power_cap_info(void* handle, uint32_t sensor, uint64_t* info) {
  const Processor* processor = handle;
  Number cap = 0;
  enter();
  if (sensor != 0 || !number_of(key_of("cap", processor->socket), &cap)) return leave(2);
  memset(info, 0, 64);
  info[0] = cap;
  return leave(0);
}

unsigned amdsmi_get_gpu_activity(void* handle, uint32_t* info) {
  const Processor* processor = handle;
  Number percent = 0;
  enter();
  const unsigned result = result_of("activity_result", processor);
  if (result != 0) return leave(result);
  if (!number_of(key_of("activity", processor->socket), &percent)) return leave(2);
  memset(info, 0, 64);
  info[0] = (uint32_t)percent;
  return leave(0);
}
