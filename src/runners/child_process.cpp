#include "child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace wattune::runners {
namespace {

namespace fs = std::filesystem;

/// All that the new process needs, prepared before it exists: it shares this memory until it
/// executes its program and must not allocate.
struct Prepared {
  const char* program = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* working_directory = nullptr;
  const cpu_set_t* cores = nullptr;
  std::size_t cores_bytes = 0;
  int descriptors[4] = {-1, -1, -1, -1};  // become 0, 1, 2, 3; all above 3
  pid_t parent = 0;
  sigset_t no_signals{};
  int group = -1;
  bool is_in_group = false;
  int error = 0;  // errno of the step that failed
};

// The new process runs on a stack that the address sanitizer does not know.
[[gnu::no_sanitize_address]] int fail_child(Prepared& prepared) {
  prepared.error = errno;
  _exit(127);
}

[[gnu::no_sanitize_address]] int run_child(void* argument) {
  Prepared& prepared = *static_cast<Prepared*>(argument);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != prepared.parent) _exit(127);  // the engine died before the line above
  if (prepared.cores_bytes > 0) {
    ::sched_setaffinity(0, prepared.cores_bytes, prepared.cores);
  }
  // Without its group a trial still runs; its CPU time is then that of its process tree.
  if (prepared.group >= 0) prepared.is_in_group = ::write(prepared.group, "0", 1) == 1;
  for (int number = 0; number < 4; ++number) {
    if (::dup2(prepared.descriptors[number], number) < 0) return fail_child(prepared);
  }
  // Best effort: the engine opens everything with O_CLOEXEC, a host program may not.
  ::syscall(SYS_close_range, 4U, ~0U, CLOSE_RANGE_CLOEXEC);
  if (::chdir(prepared.working_directory) != 0) return fail_child(prepared);
  ::sigprocmask(SIG_SETMASK, &prepared.no_signals, nullptr);
  ::execve(prepared.program, prepared.arguments, prepared.environment);
  return fail_child(prepared);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Path of the program as a shell finds it. A program with a slash is relative to the working
/// directory, which is where it is executed.
Result<std::string> find_program(const ChildSpec& spec) {
  const std::string& name = spec.arguments.front();
  if (name.find('/') != std::string::npos) return name;
  const auto path = spec.environment.find("PATH");
  const std::string folders = path == spec.environment.end() ? "/usr/bin:/bin" : path->second;
  std::optional<std::string> refused;
  for (std::size_t start = 0; start <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', start), folders.size());
    const std::string folder = folders.substr(start, end - start);
    const std::string candidate = (spec.working_directory / folder / name).string();
    struct stat info {};
    if (::stat(candidate.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
      refused = candidate;
    }
    start = end + 1;
  }
  if (refused) return fail(ErrorKind::Permission, fmt::format("{} is not executable", *refused));
  return fail(ErrorKind::NotFound,
              fmt::format("there is no program '{}' in PATH ({})", name, folders));
}

Error exec_error(int number, const ChildSpec& spec, const std::string& program) {
  const char* text = ::strerrordesc_np(number);
  const std::string name = spec.arguments.front();
  const std::string place = spec.working_directory.string();
  if (number == ENOENT && !fs::is_directory(spec.working_directory)) {
    return {ErrorKind::NotFound, fmt::format("there is no working directory {}", place)};
  }
  if (number == ENOENT) {
    const bool exists = fs::exists(spec.working_directory / program);
    return {ErrorKind::NotFound,
            exists ? fmt::format("the interpreter named in the first line of {} is missing", name)
                   : fmt::format("there is no program '{}' (working directory {})", name, place)};
  }
  if (number == ENOEXEC) {
    return {ErrorKind::Invalid,
            fmt::format("'{}' is no program: it has no #! line and is no binary", name)};
  }
  const bool is_permission = number == EACCES || number == EPERM;
  return {is_permission ? ErrorKind::Permission : ErrorKind::Invalid,
          fmt::format("cannot execute '{}': {}", name, text)};
}

/// A copy with a number that no standard descriptor has.
Descriptor moved_up(int number) {
  return Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, 16));
}

/// Runs the child on a stack of its own while this thread waits for its exec.
Result<Child> clone_child(Prepared& prepared) {
  constexpr std::size_t kStackBytes = 64 * 1024;
  void* stack = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return fail(ErrorKind::Transient, "no memory to start a process");
  sigset_t all_signals;
  sigset_t before;
  sigfillset(&all_signals);
  ::pthread_sigmask(SIG_BLOCK, &all_signals, &before);
  int pidfd = -1;
  const pid_t pid = ::clone(run_child, static_cast<char*>(stack) + kStackBytes,
                            CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &prepared, &pidfd);
  const int clone_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::munmap(stack, kStackBytes);
  if (pid < 0) {
    return fail(ErrorKind::Transient,
                fmt::format("cannot start a process: {}", ::strerrordesc_np(clone_error)));
  }
  return Child{pid, Descriptor(pidfd), prepared.is_in_group};
}

}  // namespace

Result<Child> start_child(const ChildSpec& spec) {
  const Result<std::string> program = find_program(spec);
  if (!program) return tl::unexpected(program.error());
  std::vector<std::string> arguments = spec.arguments;
  std::vector<std::string> variables;
  for (const auto& [name, value] : spec.environment) variables.push_back(name + "=" + value);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> variable_pointers = pointers(variables);
  const int most = spec.cores.empty() ? 0 : spec.cores.back() + 1;
  cpu_set_t* cores = CPU_ALLOC(static_cast<std::size_t>(std::max(most, 1)));
  const std::size_t cores_bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(std::max(most, 1)));
  CPU_ZERO_S(cores_bytes, cores);
  for (const int core : spec.cores) CPU_SET_S(static_cast<std::size_t>(core), cores_bytes, cores);

  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor moved[4] = {moved_up(nothing.number()), moved_up(spec.stdout_fd),
                               moved_up(spec.stderr_fd), moved_up(spec.channel_fd)};
  const std::string directory = spec.working_directory.string();
  Prepared prepared;
  prepared.program = program->c_str();
  prepared.arguments = argument_pointers.data();
  prepared.environment = variable_pointers.data();
  prepared.working_directory = directory.c_str();
  prepared.cores = cores;
  prepared.cores_bytes = spec.cores.empty() ? 0 : cores_bytes;
  for (std::size_t i = 0; i < 4; ++i) prepared.descriptors[i] = moved[i].number();
  prepared.parent = ::getpid();
  prepared.group = spec.group_fd;
  sigemptyset(&prepared.no_signals);

  Result<Child> child = clone_child(prepared);
  CPU_FREE(cores);
  if (child && prepared.error != 0) {
    static_cast<void>(reap(child->pid));
    return tl::unexpected(exec_error(prepared.error, spec, *program));
  }
  return child;
}

bool has_ended(pid_t pid) {
  siginfo_t info{};
  const int result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return result == 0 ? info.si_pid == pid : errno == ECHILD;
}

std::optional<ChildExit> reap(pid_t pid) {
  int status = 0;
  rusage usage{};
  pid_t reaped = -1;
  do {
    reaped = ::wait4(pid, &status, 0, &usage);
  } while (reaped < 0 && errno == EINTR);
  if (reaped != pid) return std::nullopt;
  const auto seconds = [](const timeval& time) {
    return Seconds{static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6};
  };
  ChildExit exit;
  if (WIFEXITED(status)) exit.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
  exit.cpu_time = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return exit;
}

Descriptor open_pidfd(pid_t pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace wattune::runners
