#include "wattune/runners/measured_command.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <set>
#include <utility>

#include "child_process.hpp"
#include "descriptor.hpp"
#include "wattune/energy/machine_watch.hpp"
#include "wattune/energy/process_cpu.hpp"

namespace wattune::runners {
namespace {

using energy::EnergyAccountant;

constexpr std::array kPassedOn{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
constexpr Seconds kShortestInterval{0.02};
constexpr double kLeastGain = 0.01;  ///< Nobody asks for more than 1 %.

/// Blocks signals and takes them from a descriptor, so that none is missed and none interrupts.
class SignalGate {
 public:
  SignalGate() {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : kPassedOn) sigaddset(&wanted, number);
    ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
    descriptor_ = Descriptor(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~SignalGate() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalGate(const SignalGate&) = delete;
  SignalGate& operator=(const SignalGate&) = delete;

  [[nodiscard]] int number() const { return descriptor_.number(); }
  [[nodiscard]] const sigset_t& before() const { return before_; }

  [[nodiscard]] std::optional<signalfd_siginfo> take() const {
    signalfd_siginfo info{};
    if (::read(number(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
      return std::nullopt;
    }
    return info;
  }

 private:
  sigset_t before_{};
  Descriptor descriptor_;
};

/// The kernel itself sends what is typed on a terminal, to every process of the group.
bool was_sent_by_terminal(const signalfd_siginfo& info) {
  return info.ssi_code == SI_KERNEL;
}

Error start_error(int number, const std::string& name) {
  if (number == ENOENT && name.find('/') == std::string::npos) {
    return {ErrorKind::NotFound, fmt::format("there is no program '{}' in PATH", name)};
  }
  if (number == ENOENT || number == ENOTDIR) {
    return ::access(name.c_str(), F_OK) == 0
               ? Error{ErrorKind::NotFound,
                       fmt::format("the interpreter named in the first line of {} is missing",
                                   name)}
               : Error{ErrorKind::NotFound, fmt::format("there is no program '{}'", name)};
  }
  if (number == EACCES || number == EPERM) {
    return {ErrorKind::Permission, fmt::format("'{}' is not executable", name)};
  }
  if (number == ENOEXEC) {
    return {ErrorKind::Invalid,
            fmt::format("'{}' is no program: it has no #! line and is no binary", name)};
  }
  return {ErrorKind::Transient,
          fmt::format("cannot start '{}': {}", name, ::strerrordesc_np(number))};
}

/// Starts a program that gets everything as this process has it, and the signals as they were.
Result<pid_t> spawn(const std::vector<std::string>& command, const sigset_t& mask) {
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  ::posix_spawnattr_setsigmask(&attributes, &mask);
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, arguments[0], nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return tl::unexpected(start_error(error, command.front()));
  return pid;
}

int milliseconds_until(MonotonicTime due, MonotonicTime now) {
  return std::max(0, static_cast<int>(std::ceil(elapsed(now, due).value() * 1000.0)));
}

}  // namespace

class CommandMeter::Impl {
 public:
  Impl(std::vector<std::unique_ptr<energy::Meter>> meters, CommandMeterOptions options,
       const Clock& clock)
      : options_(std::move(options)), clock_(clock), interval_(options_.interval) {
    for (const auto& meter : meters) {
      interval_ = std::min({interval_, meter->preferred_gap(), meter->longest_safe_gap()});
      if (!meter->idle_power()) uncalibrated_.insert(meter->channel().id);
    }
    interval_ = std::max(interval_, kShortestInterval);
    accountant_ =
        std::make_unique<EnergyAccountant>(std::move(meters), options_.accountant, clock_.now());
    channels_ = accountant_->channels();
  }

  [[nodiscard]] Result<MeasuredRun> run(const std::vector<std::string>& command);
  [[nodiscard]] std::optional<int> rest(Seconds duration);

  void set_idle_power(const std::string& channel_id, Watts power) {
    accountant_->set_idle_power(channel_id, power);
    uncalibrated_.erase(channel_id);
  }
  [[nodiscard]] const std::vector<energy::Channel>& channels() const { return channels_; }

  [[nodiscard]] bool is_charged(const energy::Channel& channel) const {
    if (!energy::is_gpu(channel.kind)) return true;
    return channel.device_uuid && std::ranges::count(options_.gpu_uuids, *channel.device_uuid) > 0;
  }
  [[nodiscard]] std::vector<std::string> uncalibrated() const {
    std::vector<std::string> ids;
    for (const energy::Channel& channel : channels_) {
      if (is_charged(channel) && uncalibrated_.contains(channel.id)) ids.push_back(channel.id);
    }
    return ids;
  }

 private:
  void tick(energy::AccountId account, Seconds cpu_time) {
    const std::array activity{energy::Activity{account, cpu_time}};
    ticked_ = clock_.now();
    accountant_->tick(ticked_, activity);
  }
  void watch(pid_t pid, energy::AccountId account, energy::ProcessTreeCpu& cpu, MeasuredRun& run);
  void finish(pid_t pid, energy::AccountId account, energy::ProcessTreeCpu& cpu, MeasuredRun& run);
  void fill_figures(const EnergyAccountant::Mark& mark,
                    const std::vector<EnergyAccountant::Mark>& machine, MeasuredRun& run) const;

  CommandMeterOptions options_;
  const Clock& clock_;
  Seconds interval_;
  SignalGate gate_;
  std::set<std::string> uncalibrated_;
  std::unique_ptr<EnergyAccountant> accountant_;
  std::vector<energy::Channel> channels_;
  MonotonicTime ticked_;
};

Result<MeasuredRun> CommandMeter::Impl::run(const std::vector<std::string>& command) {
  MeasuredRun run;
  accountant_->tick(clock_.now(), {});
  const energy::AccountId account =
      accountant_->open({options_.accountant.num_cores, options_.gpu_uuids});
  const EnergyAccountant::Mark mark = accountant_->mark(account);
  const auto machine = energy::mark_machine(*accountant_, {account});
  run.started_at = clock_.wall_now();
  const Result<pid_t> pid = spawn(command, gate_.before());
  if (!pid) {
    tick(account, Seconds{});
    accountant_->close(account);
    return tl::unexpected(pid.error());
  }
  energy::ProcessTreeCpu cpu(*pid, options_.accountant.proc_root);
  watch(*pid, account, cpu, run);
  finish(*pid, account, cpu, run);
  run.duration = elapsed(mark.at, ticked_);
  fill_figures(mark, machine, run);
  run.notes = accountant_->take_notes();
  accountant_->close(account);
  return run;
}

/// Reads the meters now and then and passes signals on until the command has ended.
void CommandMeter::Impl::watch(pid_t pid, energy::AccountId account, energy::ProcessTreeCpu& cpu,
                               MeasuredRun& run) {
  const Descriptor pidfd = open_pidfd(pid);
  std::array<pollfd, 2> watched{{{pidfd.number(), POLLIN, 0}, {gate_.number(), POLLIN, 0}}};
  MonotonicTime due = after(clock_.now(), interval_);
  while (!has_ended(pid)) {
    // Without a pidfd (an old kernel) the end is noticed by looking often.
    const int patience = pidfd.number() < 0 ? 1 : milliseconds_until(due, clock_.now());
    ::poll(watched.data(), watched.size(), patience);
    while (const auto signal = gate_.take()) {
      const int number = static_cast<int>(signal->ssi_signo);
      run.stopped_by = number;
      if (!was_sent_by_terminal(*signal)) ::kill(pid, number);
    }
    if (clock_.now() >= due && !has_ended(pid)) {
      tick(account, cpu.read());
      due = after(clock_.now(), interval_);
    }
  }
}

/// The process has ended but is still there: its times can be read once more.
void CommandMeter::Impl::finish(pid_t pid, energy::AccountId account, energy::ProcessTreeCpu& cpu,
                                MeasuredRun& run) {
  static_cast<void>(cpu.read());
  for (const pid_t member : cpu.members()) {
    if (member != pid) ++run.num_left_running;
  }
  const std::optional<ChildExit> exit = reap(pid);
  if (exit) run.end = {exit->status, exit->signal};
  run.cpu_time = exit ? cpu.reconcile(exit->cpu_time) : cpu.read();
  tick(account, run.cpu_time);
}

void CommandMeter::Impl::fill_figures(const EnergyAccountant::Mark& mark,
                                      const std::vector<EnergyAccountant::Mark>& machine,
                                      MeasuredRun& run) const {
  const std::vector<EnergyFigure> of_machine = energy::machine_since(*accountant_, machine);
  const std::vector<EnergyFigure> of_command = accountant_->since_by_channel(mark);
  run.command = accountant_->since(mark);
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    ChannelUse use{std::nullopt, of_machine[i]};
    if (is_charged(channels_[i])) {
      use.command = of_command[i];
      // A part of what nobody could measure is not known either.
      use.command->provenance = std::max(use.command->provenance, of_machine[i].provenance);
      run.command.provenance = std::max(run.command.provenance, use.command->provenance);
    }
    run.channels.push_back(use);
  }
  run.machine = energy::sum_of(of_machine);
}

std::optional<int> CommandMeter::Impl::rest(Seconds duration) {
  if (options_.wait_idle) {
    options_.wait_idle(duration);
    return std::nullopt;
  }
  const MonotonicTime end = after(clock_.now(), duration);
  const Seconds gap = std::min(Seconds{1.0}, accountant_->longest_safe_gap());
  pollfd signals{gate_.number(), POLLIN, 0};
  while (clock_.now() < end) {
    const MonotonicTime due = std::min(end, after(clock_.now(), gap));
    ::poll(&signals, 1, milliseconds_until(due, clock_.now()));
    if (const auto signal = gate_.take()) return static_cast<int>(signal->ssi_signo);
    accountant_->tick(clock_.now(), {});
  }
  return std::nullopt;
}

CommandMeter::CommandMeter(std::vector<std::unique_ptr<energy::Meter>> meters,
                           CommandMeterOptions options, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(meters), std::move(options), clock)) {
}

CommandMeter::~CommandMeter() = default;

Result<MeasuredRun> CommandMeter::run(const std::vector<std::string>& command) {
  return impl_->run(command);
}

std::optional<int> CommandMeter::rest(Seconds duration) {
  return impl_->rest(duration);
}

void CommandMeter::set_idle_power(const std::string& channel_id, Watts power) {
  impl_->set_idle_power(channel_id, power);
}

const std::vector<energy::Channel>& CommandMeter::channels() const {
  return impl_->channels();
}

bool CommandMeter::knows_idle_power() const {
  return impl_->uncalibrated().empty();
}

std::vector<std::string> CommandMeter::uncalibrated() const {
  return impl_->uncalibrated();
}

std::optional<Seconds> longer_window_wanted(const std::vector<energy::Channel>& channels,
                                            Seconds duration) {
  Seconds wanted;
  for (const energy::Channel& channel : channels) {
    const double gain = std::max(channel.gain_uncertainty, kLeastGain);
    wanted = std::max(wanted, channel.refresh * (2.0 / (std::sqrt(6.0) * gain)));
  }
  if (duration >= wanted) return std::nullopt;
  return wanted;
}

}  // namespace wattune::runners
