#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wattune/base/clock.hpp"
#include "wattune/base/energy_figure.hpp"
#include "wattune/energy/cpu_topology.hpp"
#include "wattune/energy/meter.hpp"
#include "wattune/energy/node_claims.hpp"
#include "wattune/energy/nvml.hpp"
#include "wattune/energy/process_cpu.hpp"

namespace wattune::energy {

/// Names one account: whoever energy is booked to.
class AccountId {
 public:
  constexpr AccountId() = default;
  constexpr explicit AccountId(std::uint32_t number) : number_(number) {}
  [[nodiscard]] constexpr std::uint32_t number() const { return number_; }
  constexpr auto operator<=>(const AccountId&) const = default;

 private:
  std::uint32_t number_ = 0;
};

/// What the holder of an account has reserved of the machine.
struct Reservation {
  double num_cores = 0.0;
  std::vector<std::string> gpu_uuids;
  std::vector<int> cpus = {};  ///< Hardware threads it is pinned to; empty: it runs on any.
};

/// CPU time that the processes of an account have used since the account was opened.
struct Activity {
  AccountId account;
  Seconds cpu_time;
};

struct AccountantOptions {
  double num_cores = 1.0;  ///< Hardware threads of the machine; reservations are shares of it.
  std::filesystem::path proc_root = "/proc";  ///< Where the CPU time of the whole machine is read.
  std::function<Seconds()> engine_cpu_time = own_cpu_time;  ///< Charged to `engine()`.
  CpuTopology topology = {};  ///< Splits the channels of a socket by what is done on it.
  /// Boards and their slices: who reserves a slice is charged its part of the board.
  std::vector<GpuInfo> gpus = {};
  NodeClaims* claims = nullptr;  ///< What other processes have reserved; outlives the accountant.
};

/// Splits what the meters read among the accounts, so that every microjoule is booked exactly once.
///
/// Per channel and interval between two ticks: idle energy goes to accounts by reserved cores, the
/// rest by CPU time, both on the channel's own socket where it has one; a GPU belongs whole to the
/// account that reserved it, and a slice of one (MIG) has its share of the board. What belongs to
/// nobody here, trials of other processes included, goes to `rest()`. For every channel, the sum
/// over all accounts and `rest()` equals the meter, in whole microjoules.
///
/// Threads  one thread
/// Source   docs/metering.md, "Attribution"
class EnergyAccountant {
 public:
  /// Errors   ConfigError  the channels must not be added up: one is part of another
  EnergyAccountant(std::vector<std::unique_ptr<Meter>> meters, AccountantOptions options,
                   MonotonicTime now);
  ~EnergyAccountant();
  EnergyAccountant(EnergyAccountant&&) noexcept;
  EnergyAccountant& operator=(EnergyAccountant&&) noexcept;

  /// A position in an account's books; windows lie between two marks.
  struct Mark;

  /// Opens an account that is charged from the last tick on; tick first.
  [[nodiscard]] AccountId open(const Reservation& reservation);
  /// No more energy is booked to it; tick first. Its books stay readable.
  void close(AccountId account);
  /// Energy that belongs to no account: other processes and idle power that nobody reserved.
  [[nodiscard]] AccountId rest() const;
  /// The engine's own account, opened with the accountant; reserves nothing.
  [[nodiscard]] AccountId engine() const;

  /// Reads every meter and books what was drawn since the last tick. Activities list every open
  /// account but `rest()`; one left out did nothing. `engine()` may be left out: its CPU time is
  /// then read here.
  void tick(MonotonicTime now, std::span<const Activity> activities);

  /// Idle power of a channel that was calibrated; replaces what the meter knows.
  void set_idle_power(const std::string& channel_id, Watts power);

  [[nodiscard]] Mark mark(AccountId account) const;
  /// What was booked to the account since the mark; missing where no channel could be read, where
  /// a channel has gone, and where a reserved GPU has no meter. A read that failed at an edge only
  /// widens the uncertainty: its energy is booked at the next good read.
  [[nodiscard]] EnergyFigure since(const Mark& mark) const;
  /// The same for every channel, in the order of `channels()`; missing on a GPU that is another's.
  [[nodiscard]] std::vector<EnergyFigure> since_by_channel(const Mark& mark) const;
  /// The full-node view of the window: what all channels drew, whoever for. A trial that has the
  /// machine to itself is charged with this.
  [[nodiscard]] EnergyFigure node_since(const Mark& mark) const;
  /// CPU time of processes that belong to no account, as a share of all that the machine's cores
  /// could have given in the window; nothing where the machine does not tell.
  [[nodiscard]] std::optional<double> foreign_share_since(const Mark& mark) const;
  /// What the meters read altogether since the accountant was made.
  [[nodiscard]] EnergyFigure metered() const;
  /// Mean power over the last interval in which the counters moved; 0 W once closed.
  [[nodiscard]] Watts last_power(AccountId account) const;

  /// What has happened to the meters since this was last asked, in words: a channel whose source
  /// failed and that is read from another now.
  [[nodiscard]] std::vector<std::string> take_notes();

  [[nodiscard]] std::vector<Channel> channels() const;
  /// Tick at least this often.
  [[nodiscard]] Seconds longest_safe_gap() const;

 private:
  struct Books;
  std::unique_ptr<Books> books_;
};

/// Cumulative bookings per channel at one moment.
struct EnergyAccountant::Mark {
  struct Amount {
    Microjoules idle;
    Microjoules dynamic;
    Watts power;  ///< Over the last step of the counter.
    MonotonicTime
        known_at;   ///< Until when the channel's total is known; `at` unless a read failed.
    Seconds off;    ///< How far that reading was from the tick that asked for it.
    Seconds delay;  ///< It was read so long after the tick, at most.
    double guessed_j2 = 0.0;  ///< Squares of the half widths of what had to be guessed, in J^2.
    Microjoules node_idle;    ///< Of the whole channel, whoever for.
    Microjoules node_dynamic;
    double node_guessed_j2 = 0.0;
    double split_j = 0.0;  ///< Half widths of what was split by CPU time.
  };
  AccountId account;
  MonotonicTime at;
  Seconds foreign_cpu_time;  ///< Of processes that belong to no account.
  std::vector<Amount> per_channel;
};

}  // namespace wattune::energy
