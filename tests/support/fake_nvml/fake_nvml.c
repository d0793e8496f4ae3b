/* A library with the interface of the NVIDIA driver's, for tests. What it answers stands in the
 * file that the environment variable FAKE_NVML names, one "key value" per line, read anew at every
 * call: init, count, and for GPU i: uuid<i>, name<i>, energy<i> (mJ), energy_result<i>, limit<i>
 * (mW), memory<i> (bytes). A key that is absent answers "not supported" (3).
 *
 * With FAKE_NVML_OLD it is the library of an old driver: first names only, and no energy. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} Memory;

static int devices[16];
static int starts;

static int text_of(const char* key, char* value, unsigned length) {
  const char* path = getenv("FAKE_NVML");
  FILE* file = path != NULL ? fopen(path, "r") : NULL;
  char line[256];
  int found = 0;
  if (file == NULL) return 0;
  while (!found && fgets(line, sizeof line, file) != NULL) {
    const size_t key_length = strlen(key);
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, key, key_length) == 0 && line[key_length] == ' ') {
      snprintf(value, length, "%s", line + key_length + 1);
      found = 1;
    }
  }
  fclose(file);
  return found;
}

static int number_of(const char* key, unsigned long long* value) {
  char text[64];
  if (!text_of(key, text, sizeof text)) return 0;
  *value = strtoull(text, NULL, 10);
  return 1;
}

static const char* key_of(const char* key, const void* device) {
  static char full[64];
  snprintf(full, sizeof full, "%s%d", key, (int)((const int*)device - devices));
  return full;
}

static int start(void) {
  unsigned long long result = 0;
  if (number_of("init", &result) && result != 0) return (int)result;
  ++starts;
  return 0;
}

static int count_devices(unsigned* count) {
  unsigned long long number = 0;
  if (starts == 0) return 1;
  if (!number_of("count", &number)) return 3;
  *count = (unsigned)number;
  return 0;
}

static int device_at(unsigned index, void** device) {
  unsigned count = 0;
  if (count_devices(&count) != 0 || index >= count) return 2;
  *device = &devices[index];
  return 0;
}

int nvmlShutdown(void) {
  if (starts == 0) return 1;
  --starts;
  return 0;
}

const char* nvmlErrorString(int code) {
  return code == 9 ? "Driver Not Loaded" : code == 15 ? "GPU is lost" : "Some Error";
}

int nvmlDeviceGetName(void* device, char* name, unsigned length) {
  return text_of(key_of("name", device), name, length) ? 0 : 3;
}

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned length) {
  return text_of(key_of("uuid", device), uuid, length) ? 0 : 3;
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

int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  unsigned long long result = 0;
  if (starts == 0) return 1;
  if (number_of(key_of("energy_result", device), &result) && result != 0) return (int)result;
  return number_of(key_of("energy", device), millijoules) ? 0 : 3;
}

int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* milliwatts) {
  unsigned long long limit = 0;
  if (!number_of(key_of("limit", device), &limit)) return 3;
  *milliwatts = (unsigned)limit;
  return 0;
}

int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  memset(memory, 0, sizeof *memory);
  return number_of(key_of("memory", device), &memory->total) ? 0 : 3;
}

static int number_for(const char* key, void* device, unsigned* value) {
  unsigned long long number = 0;
  if (!number_of(key_of(key, device), &number)) return 3;
  *value = (unsigned)number;
  return 0;
}

int nvmlSystemGetDriverVersion(char* version, unsigned length) {
  return text_of("driver", version, length) ? 0 : 3;
}
int nvmlDeviceGetTemperature(void* device, unsigned sensor, unsigned* degrees) {
  return sensor != 0 ? 2 : number_for("temperature", device, degrees);
}
int nvmlDeviceGetClockInfo(void* device, unsigned type, unsigned* mhz) {
  return type == 1   ? number_for("sm_clock", device, mhz)
         : type == 2 ? number_for("memory_clock", device, mhz)
                     : 2;
}
int nvmlDeviceGetPowerManagementDefaultLimit(void* device, unsigned* milliwatts) {
  return number_for("default_limit", device, milliwatts);
}

#endif
