#include "wattune/energy/machine_cpu.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "small_file.hpp"

namespace wattune::energy {
namespace {

/// Columns of a cpu line of /proc/stat, after its name.
enum Column : std::size_t { User, Nice, System, Idle, IoWait, Irq, SoftIrq, Steal, NumColumns };

using Ticks = std::array<std::uint64_t, NumColumns>;

bool names_one_cpu(std::string_view line) {
  return line.size() > 3 && line.starts_with("cpu") &&
         std::isdigit(static_cast<unsigned char>(line[3])) != 0;
}

/// Takes the columns from the front of the text; nothing where there are too few.
std::optional<Ticks> take_ticks(std::string_view& text) {
  Ticks ticks{};
  for (std::size_t column = 0; column < NumColumns; ++column) {
    const std::optional<std::uint64_t> number = take_number(text);
    if (number) ticks[column] = *number;
    // Kernels before 2.6.11 have no steal column; the others have been there for longer.
    else if (column < Steal)
      return std::nullopt;
  }
  return ticks;
}

Seconds busy_time(const Ticks& ticks, double tick) {
  const std::uint64_t busy =
      ticks[User] + ticks[Nice] + ticks[System] + ticks[Irq] + ticks[SoftIrq];
  return Seconds{static_cast<double>(busy) * tick};
}

/// Adds one line "cpuN ..." to the times of the single hardware threads.
void take_cpu(std::string_view line, double tick, MachineCpuTime& time) {
  line.remove_prefix(3);
  const std::optional<std::uint64_t> number = take_number(line);
  const std::optional<Ticks> ticks = take_ticks(line);
  if (!number || !ticks || *number > 1'000'000) return;
  const auto cpu = static_cast<std::size_t>(*number);
  time.busy_of_cpu.resize(std::max(time.busy_of_cpu.size(), cpu + 1));
  time.busy_of_cpu[cpu] = busy_time(*ticks, tick);
}

}  // namespace

Result<MachineCpuTime> read_machine_cpu(const std::filesystem::path& proc_root,
                                        bool with_each_cpu) {
  const std::filesystem::path path = proc_root / "stat";
  const Result<std::string> text = read_small_file(path);
  if (!text) return fail(ErrorKind::Transient, text.error().message);

  std::string_view rest = *text;
  if (!rest.starts_with("cpu ")) {
    return fail(ErrorKind::Invalid,
                fmt::format("{}: does not begin with CPU times", path.string()));
  }
  rest.remove_prefix(4);
  const std::optional<Ticks> ticks = take_ticks(rest);
  if (!ticks) return fail(ErrorKind::Invalid, fmt::format("{}: too few CPU times", path.string()));

  const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  MachineCpuTime time;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    rest.remove_prefix(end + 1);
    if (!names_one_cpu(rest)) break;
    ++time.num_cpus;
    if (with_each_cpu) take_cpu(rest.substr(0, rest.find('\n')), tick, time);
  }
  time.busy = busy_time(*ticks, tick);
  time.stolen = Seconds{static_cast<double>((*ticks)[Steal]) * tick};
  return time;
}

}  // namespace wattune::energy
