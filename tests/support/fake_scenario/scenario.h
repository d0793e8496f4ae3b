// What the fake driver libraries have in common: answers from a file of "key value" lines, read
// anew at every call, and sensors that follow a trace of power. A benchmark, which must not time
// the reading of files, gives the same lines in memory.
//
// Time is a key too, `time_us`: it stands still unless a test moves it. With `real_time 1` it is
// the machine's monotonic clock, to try by hand what runs on hardware. For device i:
//
//   trace<i>    "0:80000 1500000:300000": from these microseconds on so many milliwatts
//   refresh<i>  microseconds between two steps of the counter and the sensor, 100000 if absent
//   window<i>   microseconds that the instant power sees, at most the refresh, 25000 if absent
//   gain<i>     what the counter shows in percent of the truth, 100 if absent
//   energy<i>   where the counter starts; without a trace it stays there

#ifndef FAKE_SCENARIO_H
#define FAKE_SCENARIO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned long long Number;

static const char* scenario_variable; /* names the file */

/* Lines in memory that stand in for the file; they outlive every call. */
static _Atomic(const char*) scenario_text;

/* The value in a line of the key, up to its end; NULL where it is another's. */
static const char* value_in(const char* line, const char* key, size_t key_length) {
  return strncmp(line, key, key_length) == 0 && line[key_length] == ' ' ? line + key_length + 1
                                                                        : NULL;
}

static int text_in_memory(const char* text, const char* key, char* value, size_t length) {
  const size_t key_length = strlen(key);
  for (const char* line = text; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
    const char* found = value_in(line, key, key_length);
    if (found == NULL) continue;
    snprintf(value, length, "%.*s", (int)strcspn(found, "\n"), found);
    return 1;
  }
  return 0;
}

static int text_of(const char* key, char* value, size_t length) {
  const char* text = scenario_text;
  const char* path = getenv(scenario_variable);
  FILE* file = NULL;
  char line[4096];
  int found = 0;
  if (text != NULL) return text_in_memory(text, key, value, length);
  file = path != NULL ? fopen(path, "r") : NULL;
  if (file == NULL) return 0;
  while (!found && fgets(line, sizeof line, file) != NULL) {
    const char* start = NULL;
    line[strcspn(line, "\n")] = '\0';
    start = value_in(line, key, strlen(key));
    if (start == NULL) continue;
    snprintf(value, length, "%s", start);
    found = 1;
  }
  fclose(file);
  return found;
}

static int number_of(const char* key, Number* value) {
  char text[64];
  if (!text_of(key, text, sizeof text)) return 0;
  *value = strtoull(text, NULL, 10);
  return 1;
}

static Number number_or(const char* key, Number otherwise) {
  Number value = 0;
  return number_of(key, &value) ? value : otherwise;
}

static const char* key_of(const char* key, int index) {
  static char full[64];
  snprintf(full, sizeof full, "%s%d", key, index);
  return full;
}

static Number time_us(void) {
  struct timespec now;
  if (number_or("real_time", 0) == 0) return number_or("time_us", 0);
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (Number)now.tv_sec * 1000000 + (Number)now.tv_nsec / 1000;
}

/* Nanojoules (milliwatts times microseconds) that the trace has drawn between two moments. */
static Number drawn_between(const char* trace, Number from, Number to) {
  Number energy = 0;
  const char* at = trace;
  while (*at != '\0') {
    char* end = NULL;
    const Number start = strtoull(at, &end, 10);
    const Number power = strtoull(end + 1, &end, 10);
    const Number stop = *end == '\0' ? to : strtoull(end, NULL, 10);
    const Number first = start > from ? start : from;
    const Number last = stop < to ? stop : to;
    if (last > first) energy += (last - first) * power;
    at = *end == '\0' ? end : end + 1;
  }
  return energy;
}

/* The moment of the last step of the counter. */
static Number last_step(int index) {
  const Number refresh = number_or(key_of("refresh", index), 100000);
  return time_us() / refresh * refresh;
}

/* Millijoules by the trace, and whether there is anything to count. */
static int energy_of(int index, Number* millijoules) {
  char trace[4000];
  Number base = 0;
  const int has_base = number_of(key_of("energy", index), &base);
  *millijoules = base;
  if (!text_of(key_of("trace", index), trace, sizeof trace)) return has_base;
  *millijoules += drawn_between(trace, 0, last_step(index)) *
                  number_or(key_of("gain", index), 100) / 100 / 1000000;
  return 1;
}

/* Mean milliwatts of the trace over the window before the last step; 0 if there is no trace. */
static int mean_power_of(int index, Number window, Number* milliwatts) {
  char trace[4000];
  const Number to = last_step(index);
  const Number from = to > window ? to - window : 0;
  if (!text_of(key_of("trace", index), trace, sizeof trace)) return 0;
  *milliwatts =
      to > from ? drawn_between(trace, from, to) / (to - from) : drawn_between(trace, to, to + 1);
  return 1;
}

#endif
