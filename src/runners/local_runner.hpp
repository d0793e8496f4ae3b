#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cooling.hpp"
#include "oom_counter.hpp"
#include "orphan_search.hpp"
#include "outcome.hpp"
#include "overhead_book.hpp"
#include "trial_process.hpp"
#include "wattune/runners/local.hpp"
#include "wattune/runners/protocol.hpp"

namespace wattune::runners {

// The stages of an assignment:
//
//   Running --- end, a limit, a broken rule ---> Terminating --- grace is over ---> Killing
//      |                                             |                                |
//      +--- the program ends ---> Draining <---------+--------------------------------+
//                                    |   SIGTERM to orphans, SIGKILL after the grace period
//                                    v
//                              AssignmentEnded
enum class Stage : std::uint8_t { Running, Terminating, Killing, Draining };

struct OpenPhase {
  std::string name;
  energy::EnergyAccountant::Mark mark;
  MonotonicTime begun;
};

/// An assignment that runs now.
struct Active {
  Launch launch;
  Slot slot;
  std::unique_ptr<TrialProcess> process;
  std::optional<Capture> capture;
  Stage stage = Stage::Running;
  std::optional<MonotonicTime> stage_ends;  ///< When the next, harder step is due.
  std::optional<MonotonicTime> kill_from;   ///< When orphans get SIGKILL.
  std::optional<ForcedEnd> forced;

  energy::AccountId account;
  energy::EnergyAccountant::Mark start;
  energy::EnergyAccountant::Mark edge;  ///< Start or last report.
  MonotonicTime edge_at;
  MonotonicTime started;
  energy::EnergyAccountant::Mark power_mark;
  MonotonicTime power_since;
  std::optional<Watts> power;
  std::optional<OpenPhase> phase;

  std::optional<double> last_step;
  std::set<std::string> metrics_seen;
  bool has_checkpoint = false;
  std::size_t num_unanswered = 0;
  bool is_held_back = false;           ///< Its end waits for an answer; see local.hpp.
  std::optional<trial::Verdict> told;  ///< Pause or Stop.
  std::optional<MonotonicTime> must_obey_by;

  MonotonicTime last_word;
  long long logged_bytes = 0;
  std::uint64_t oom_count = 0;
};

/// The runner of local.hpp. local.cpp has the life of an assignment, local_dialogue.cpp what its
/// program says and is told.
class LocalRunner final : public Runner {
 public:
  LocalRunner(LocalRunnerOptions options, energy::EnergyAccountant& accountant, space::Space space,
              const Clock& clock);
  ~LocalRunner() override = default;

  [[nodiscard]] std::size_t num_free_slots() const override { return slots_.num_free(); }
  [[nodiscard]] Preparation prepare(
      const std::vector<DeviceTemperature>& idle_temperatures) override;
  void start(const Launch& launch) override;
  [[nodiscard]] std::vector<trial::Event> wait(Seconds at_most) override;
  void answer(TrialId trial, trial::Verdict verdict, double until) override;
  void end(TrialId trial, trial::Outcome outcome) override;
  [[nodiscard]] trial::IdleMeasured measure_idle(Seconds duration) override;
  [[nodiscard]] std::vector<Running> running() const override;
  [[nodiscard]] Unbooked unbooked() override;
  [[nodiscard]] std::vector<trial::Event> finish() override;

 private:
  // starting
  void look_at_devices(TrialId trial, const Slot& slot);
  [[nodiscard]] Result<std::unique_ptr<TrialProcess>> start_process(const Launch& launch,
                                                                    const Slot& slot) const;

  // one round of waiting
  bool poll_once(Seconds at_most);
  void serve(Active& active);
  void keep_time(Active& active);
  bool look_for_output(Active& active);
  void keep_obedience(Active& active, MonotonicTime now);
  [[nodiscard]] MonotonicTime next_deadline() const;

  // what programs say
  void read_messages(Active& active, bool to_the_end);
  bool take_line(Active& active, std::string_view line, bool is_last);
  void take(Active& active, const ReportMessage& report);
  void take(Active& active, const PhaseMessage& phase);
  void take(Active& active, const CheckpointMessage& checkpoint);
  void take(Active& active, const InfoMessage& info);
  [[nodiscard]] bool is_at_max(const Active& active) const;
  void tell(Active& active, trial::Verdict verdict, double until);

  // how they end
  void terminate(Active& active, ForcedEnd why);
  bool drain(Active& active);
  void finish(Active& active);
  void find_orphans();

  // energy
  void tick();
  void tick_for_edge();
  void meter_powers();
  void book_overhead();
  [[nodiscard]] std::vector<trial::Event> take_events();

  LocalRunnerOptions options_;
  energy::EnergyAccountant& accountant_;
  space::Space space_;
  const Clock& clock_;
  SlotPool slots_;
  OomCounter oom_counter_;
  OrphanSearch orphans_;
  Cooling cooling_;
  std::map<TrialId, std::unique_ptr<Active>> active_;
  std::vector<trial::Event> events_;

  std::vector<energy::Activity> activities_;
  MonotonicTime last_tick_;
  MonotonicTime metered_at_;
  Seconds tick_cost_;
  OverheadBook overhead_;
};

}  // namespace wattune::runners
