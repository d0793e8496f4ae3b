/* A library with the interface of the NVIDIA driver's, for tests. What it answers stands in the
 * file that the environment variable FAKE_NVML names; scenario.h tells of the keys for time, power
 * and energy. The others are
 *
 *   init, count, driver
 *   uuid<i> name<i> architecture<i> memory<i> (bytes) pci<i>
 *   limit<i> default_limit<i> least_limit<i> most_limit<i> (mW): limit<i> is what holds, until
 *     somebody sets another, which a file beside the scenario keeps
 *   power<i> usage<i> (mW) if they are not to follow the trace; utilisation<i> (percent)
 *   module<i>  1: power is told for the whole module; 2: for the module only
 *   temperature<i> sm_clock<i> memory_clock<i>
 *   instances<i>  "MIG-a:3 MIG-b:2": MIG is on, with these slices; slices<i> is their most
 *   energy_result<i> power_result<i> usage_result<i> fields_result<i> limit_result<i>: error codes
 *   device_result<i>  an error of every call about the device but its name and identifier
 *
 * A key that is absent answers "not supported" (3). A hook set by the test is called before each
 * answer that a driver takes its time for.
 *
 * With FAKE_NVML_OLD it is the library of an old driver: first names only, and no energy. With
 * FAKE_NVML_NO_FIELDS it has no field interface. */

#include "../fake_scenario/scenario.h"

typedef struct {
  Number total;
  Number free;
  Number used;
} Memory;

typedef struct {
  int board;
  int instance; /* -1: the board itself */
} Device;

enum { kMostBoards = 16, kMostInstances = 8 };

static Device boards[kMostBoards];
static Device instances[kMostBoards][kMostInstances];
static int starts;
static int all_starts;
static void (*hook)(void);

/* For tests: how often the library was started, and what to do before slow answers. */
void fake_nvml_answer_from(const char* lines) {
  scenario_text = lines;
}
int fake_nvml_starts(void) {
  return all_starts;
}
void fake_nvml_set_hook(void (*called)(void)) {
  hook = called;
}

static void take_time(void) {
  if (hook != NULL) hook();
}

static int board_of(const void* device) {
  return ((const Device*)device)->board;
}

static int result_of(const char* key, const void* device) {
  const int index = board_of(device);
  if (starts == 0) return 1;
  const Number whole = number_or(key_of("device_result", index), 0);
  return (int)(whole != 0 ? whole : number_or(key_of(key, index), 0));
}

static int start(void) {
  Number result = 0;
  scenario_variable = "FAKE_NVML";
  if (number_of("init", &result) && result != 0) return (int)result;
  ++starts;
  ++all_starts;
  return 0;
}

static int count_devices(unsigned* count) {
  Number number = 0;
  if (starts == 0) return 1;
  if (!number_of("count", &number)) return 3;
  *count = (unsigned)number;
  return 0;
}

static int device_at(unsigned index, void** device) {
  unsigned count = 0;
  if (count_devices(&count) != 0 || index >= count || index >= kMostBoards) return 2;
  boards[index].board = (int)index;
  boards[index].instance = -1;
  *device = &boards[index];
  return 0;
}

/* Reads "MIG-a:3 MIG-b:2" up to one entry. */
static int instance_entry(int board, int wanted, char* uuid, size_t length, unsigned* slices) {
  char text[512];
  char* rest = NULL;
  int index = 0;
  if (!text_of(key_of("instances", board), text, sizeof text)) return 0;
  for (char* word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
    char* colon = strrchr(word, ':');
    if (index++ != wanted || colon == NULL) continue;
    *colon = '\0';
    if (uuid != NULL) snprintf(uuid, length, "%s", word);
    *slices = (unsigned)atoi(colon + 1);
    return 1;
  }
  return 0;
}

int nvmlShutdown(void) {
  if (starts == 0) return 1;
  --starts;
  return 0;
}

const char* nvmlErrorString(int code) {
  return code == 3    ? "Not Supported"
         : code == 9  ? "Driver Not Loaded"
         : code == 15 ? "GPU is lost"
                      : "Some Error";
}

int nvmlDeviceGetName(void* device, char* name, unsigned length) {
  return text_of(key_of("name", board_of(device)), name, length) ? 0 : 3;
}

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned length) {
  const Device* asked = device;
  unsigned slices = 0;
  if (asked->instance >= 0) {
    return instance_entry(asked->board, asked->instance, uuid, length, &slices) ? 0 : 3;
  }
  return text_of(key_of("uuid", asked->board), uuid, length) ? 0 : 3;
}

#ifdef FAKE_NVML_OLD

int nvmlInit(void) {
  return start();
}
int nvmlDeviceGetCount(unsigned* count) {
  return count_devices(count);
}
int nvmlDeviceGetHandleByIndex(unsigned index, void** device) {
  return device_at(index, device);
}

#else

/* The first names are there too, and wrong: they must not be preferred. */
int nvmlInit(void) {
  return 999;
}
int nvmlDeviceGetCount(unsigned* count) {
  *count = 0;
  return 0;
}

int nvmlInit_v2(void) {
  return start();
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  return count_devices(count);
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  return device_at(index, device);
}

/* Nobody may join anything by process number. */
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, void* processes) {
  (void)device, (void)count, (void)processes;
  abort();
}
int nvmlDeviceGetProcessUtilization(void* device, void* samples, unsigned* count, Number since) {
  (void)device, (void)samples, (void)count, (void)since;
  abort();
}

static int number_for(const char* key, void* device, unsigned* value) {
  Number number = 0;
  const int result = result_of("other_result", device);
  if (result != 0) return result;
  if (!number_of(key_of(key, board_of(device)), &number)) return 3;
  *value = (unsigned)number;
  return 0;
}

static int total_energy(void* device, Number* millijoules) {
  const int result = result_of("energy_result", device);
  if (result != 0) return result;
  return energy_of(board_of(device), millijoules) ? 0 : 3;
}

static int instant_power(void* device, unsigned scope, Number* milliwatts) {
  const int index = board_of(device);
  const Number module = number_or(key_of("module", index), 0);
  const int result = result_of("power_result", device);
  if (result != 0) return result;
  if ((scope == 1 && module == 0) || (scope == 0 && module == 2) || scope > 1) return 3;
  if (number_of(key_of("power", index), milliwatts)) return 0;
  return mean_power_of(index, number_or(key_of("window", index), 25000), milliwatts) ? 0 : 3;
}

int nvmlDeviceGetTotalEnergyConsumption(void* device, Number* millijoules) {
  take_time();
  return total_energy(device, millijoules);
}

int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  Number power = 0;
  const int result = result_of("usage_result", device);
  take_time();
  if (result != 0) return result;
  if (!number_of(key_of("usage", board_of(device)), &power) &&
      !mean_power_of(board_of(device), 1000000, &power)) {
    return 3;
  }
  *milliwatts = (unsigned)power;
  return 0;
}

#ifndef FAKE_NVML_NO_FIELDS

typedef struct {
  unsigned field_id;
  unsigned scope_id;
  long long timestamp;
  long long latency;
  int value_type;
  int result;
  union {
    double as_double;
    unsigned as_unsigned;
    Number as_number;
  } value;
} FieldValue;
_Static_assert(sizeof(FieldValue) == 40, "as the driver has it");

int nvmlDeviceGetFieldValues(void* device, int count, FieldValue* values) {
  const int result = result_of("fields_result", device);
  take_time();
  if (result != 0) return result;
  for (int i = 0; i < count; ++i) {
    Number value = 0;
    values[i].timestamp = (long long)time_us();
    values[i].latency = 0;
    if (values[i].field_id == 83) {
      values[i].result = total_energy(device, &value);
      values[i].value_type = 3;
      values[i].value.as_number = value;
    } else if (values[i].field_id == 186) {
      values[i].result = instant_power(device, values[i].scope_id, &value);
      values[i].value_type = 1;
      values[i].value.as_number = ~0ULL; /* only the half that the type names is to be read */
      values[i].value.as_unsigned = (unsigned)value;
    } else {
      values[i].result = 2;
    }
  }
  return 0;
}

#endif

typedef struct {
  unsigned gpu;
  unsigned memory;
} Utilisation;

int nvmlDeviceGetUtilizationRates(void* device, Utilisation* rates) {
  rates->memory = 0;
  return number_for("utilisation", device, &rates->gpu);
}

int nvmlSystemGetDriverVersion(char* version, unsigned length) {
  return text_of("driver", version, length) ? 0 : 3;
}
int nvmlDeviceGetArchitecture(void* device, unsigned* number) {
  return number_for("architecture", device, number);
}
int nvmlDeviceGetTemperature(void* device, unsigned sensor, unsigned* degrees) {
  return sensor != 0 ? 2 : number_for("temperature", device, degrees);
}
int nvmlDeviceGetClockInfo(void* device, unsigned type, unsigned* mhz) {
  return type == 1   ? number_for("sm_clock", device, mhz)
         : type == 2 ? number_for("memory_clock", device, mhz)
                     : 2;
}

int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  memset(memory, 0, sizeof *memory);
  return number_of(key_of("memory", board_of(device)), &memory->total) ? 0 : 3;
}

typedef struct {
  char legacy[16];
  unsigned numbers[5];
  char address[32];
} Pci;

int nvmlDeviceGetPciInfo_v3(void* device, Pci* pci) {
  memset(pci, 0, sizeof *pci);
  return text_of(key_of("pci", board_of(device)), pci->address, sizeof pci->address) ? 0 : 3;
}

/* The file that keeps a limit that was set, for as a driver's it outlives the program. */
static FILE* limit_file(void* device, const char* mode) {
  char path[512];
  snprintf(path, sizeof path, "%s.%s", getenv(scenario_variable),
           key_of("limit", board_of(device)));
  return fopen(path, mode);
}

int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* milliwatts) {
  FILE* file = limit_file(device, "r");
  if (file == NULL) return number_for("limit", device, milliwatts);
  const int found = fscanf(file, "%u", milliwatts);
  fclose(file);
  return found == 1 ? 0 : 999;
}
int nvmlDeviceGetPowerManagementLimit(void* device, unsigned* milliwatts) {
  return nvmlDeviceGetEnforcedPowerLimit(device, milliwatts);
}
int nvmlDeviceGetPowerManagementDefaultLimit(void* device, unsigned* milliwatts) {
  return number_for("default_limit", device, milliwatts);
}
int nvmlDeviceGetPowerManagementLimitConstraints(void* device, unsigned* least, unsigned* most) {
  const int result = number_for("least_limit", device, least);
  return result != 0 ? result : number_for("most_limit", device, most);
}
int nvmlDeviceSetPowerManagementLimit(void* device, unsigned milliwatts) {
  const int result = result_of("limit_result", device);
  if (result != 0) return result;
  FILE* file = limit_file(device, "w");
  if (file == NULL) return 999;
  fprintf(file, "%u", milliwatts);
  fclose(file);
  return 0;
}

int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  char text[512];
  *current = text_of(key_of("instances", board_of(device)), text, sizeof text) ? 1 : 0;
  *pending = *current;
  return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  return number_for("slices", device, count);
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** instance) {
  const int board = board_of(device);
  unsigned slices = 0;
  if (index >= kMostInstances || !instance_entry(board, (int)index, NULL, 0, &slices)) return 6;
  instances[board][index].board = board;
  instances[board][index].instance = (int)index;
  *instance = &instances[board][index];
  return 0;
}

typedef struct {
  unsigned numbers[6];
  unsigned gpu_slices;
  unsigned compute_slices;
  Number memory_mb;
} Attributes;

int nvmlDeviceGetAttributes_v2(void* device, Attributes* attributes) {
  const Device* asked = device;
  memset(attributes, 0, sizeof *attributes);
  return instance_entry(asked->board, asked->instance, NULL, 0, &attributes->gpu_slices) ? 0 : 3;
}

#endif
