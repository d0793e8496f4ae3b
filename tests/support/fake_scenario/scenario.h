/* What the fake driver libraries have in common: answers from a file of "key value" lines, read
 * anew at every call, and sensors that follow a trace of power.
 *
 * Time is a key too, `time_us`: it stands still unless a test moves it. With `real_time 1` it is
 * the machine's monotonic clock, to try by hand what runs on hardware. For device i: trace<i>
 * "0:80000 1500000:300000": from these microseconds on so many milliwatts refresh<i>  microseconds
 * between two steps of the counter and the sensor, 100000 if absent window<i>   microseconds that
 * the instant power sees, at most the refresh, 25000 if absent gain<i>     what the counter shows
 * in percent of the truth, 100 if absent energy<i>   where the counter starts; without a trace it
 * stays there */

#ifndef FAKE_SCENARIO_H
#define FAKE_SCENARIO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned long long Number;

static const char* scenario_variable; /* names the file */

/* CPU time that it takes to read answers from a file, which a driver does not do. */
static Number file_ns;

static Number cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (Number)now.tv_sec * 1000000000 + (Number)now.tv_nsec;
}

static int find_text(const char* key, char* value, size_t length) {
  const char* path = getenv(scenario_variable);
  FILE* file = path != NULL ? fopen(path, "r") : NULL;
  char line[4096];
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

static int text_of(const char* key, char* value, size_t length) {
  const Number begun = cpu_ns();
  const int found = find_text(key, value, length);
  file_ns += cpu_ns() - begun;
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
