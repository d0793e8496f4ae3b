// A trial that exits at once after one report, without waiting for the answer: what
// `trial_overhead_ms` starts.
#include <unistd.h>

#include <cstdlib>
#include <string_view>

int main() {
  constexpr std::string_view kReport =
      "{\"type\":\"report\",\"step\":1,\"metrics\":{\"val_accuracy\":0.5}}\n";
  const char* channel = std::getenv("WATTUNE_CHANNEL");
  if (channel == nullptr) return 0;
  const ssize_t written = write(std::atoi(channel), kReport.data(), kReport.size());
  return written == static_cast<ssize_t>(kReport.size()) ? 0 : 1;
}
