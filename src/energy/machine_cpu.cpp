#include "wattune/energy/machine_cpu.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cctype>

#include "small_file.hpp"

namespace wattune::energy {
namespace {

/// Columns of a cpu line of /proc/stat, after its name.
enum Column : std::size_t { User, Nice, System, Idle, IoWait, Irq, SoftIrq, Steal, NumColumns };

bool names_one_cpu(std::string_view line) {
  return line.size() > 3 && line.starts_with("cpu") &&
         std::isdigit(static_cast<unsigned char>(line[3])) != 0;
}

}  // namespace

Result<MachineCpuTime> read_machine_cpu(const std::filesystem::path& proc_root) {
  const std::filesystem::path path = proc_root / "stat";
  const Result<std::string> text = read_small_file(path);
  if (!text) return fail(ErrorKind::Transient, text.error().message);

  std::string_view rest = *text;
  if (!rest.starts_with("cpu ")) {
    return fail(ErrorKind::Invalid,
                fmt::format("{}: does not begin with CPU times", path.string()));
  }
  rest.remove_prefix(4);
  std::array<std::uint64_t, NumColumns> ticks{};
  for (std::size_t column = 0; column < NumColumns; ++column) {
    const std::optional<std::uint64_t> number = take_number(rest);
    if (number) ticks[column] = *number;
    // Kernels before 2.6.11 have no steal column; the others have been there for longer.
    else if (column < Steal) {
      return fail(ErrorKind::Invalid, fmt::format("{}: too few CPU times", path.string()));
    }
  }

  MachineCpuTime time;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    rest.remove_prefix(end + 1);
    if (!names_one_cpu(rest)) break;
    ++time.num_cpus;
  }
  const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const std::uint64_t busy =
      ticks[User] + ticks[Nice] + ticks[System] + ticks[Irq] + ticks[SoftIrq];
  time.busy = Seconds{static_cast<double>(busy) * tick};
  time.stolen = Seconds{static_cast<double>(ticks[Steal]) * tick};
  return time;
}

}  // namespace wattune::energy
