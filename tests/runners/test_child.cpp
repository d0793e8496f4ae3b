// A training program for tests, told by its first argument how to behave.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

using Arguments = std::vector<std::string>;

int channel() {
  const char* number = getenv("WATTUNE_CHANNEL");
  return number == nullptr ? -1 : atoi(number);
}

void say(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t count = write(channel(), text.data() + at, text.size() - at);
    if (count <= 0) return;
    at += static_cast<std::size_t>(count);
  }
}

void report(double step, const std::string& metrics = "{\"val_accuracy\": 0.5}") {
  say("{\"type\": \"report\", \"step\": " + std::to_string(step) + ", \"metrics\": " + metrics +
      ", \"samples\": 10}\n");
}

/// The next line from the engine; empty once it has gone.
std::string hear() {
  std::string line;
  char letter = 0;
  while (read(channel(), &letter, 1) == 1 && letter != '\n') line += letter;
  return line;
}

bool says(const std::string& line, const char* word) {
  return line.find(word) != std::string::npos;
}

/// Leaves one's number in `file`, whole or not at all.
void sign(const std::string& file) {
  std::ofstream(file + ".part") << getpid() << '\n';
  rename((file + ".part").c_str(), file.c_str());
}

void await(const std::string& file) {
  while (access(file.c_str(), F_OK) != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void sleep_for_ever() {
  for (;;) pause();
}

void burn(double seconds) {
  while (static_cast<double>(clock()) / CLOCKS_PER_SEC < seconds) {
  }
}

/// Speaks the protocol as a good program does: train <max> [<first step>].
int train(const Arguments& arguments) {
  const double max = std::stod(arguments.at(0));
  const std::string folder = arguments.at(1);
  double step = 0.0;
  std::ifstream(folder + "/state") >> step;
  for (step += 1.0; step <= max; step += 1.0) {
    say("{\"type\": \"phase\", \"name\": \"train\", \"event\": \"begin\"}\n");
    say("{\"type\": \"phase\", \"name\": \"train\", \"event\": \"end\", \"samples\": 10}\n");
    report(step, "{\"val_accuracy\": " + std::to_string(step / max) + "}");
    const std::string answer = hear();
    if (says(answer, "stop") || answer.empty()) return 0;
    if (!says(answer, "pause")) continue;
    std::ofstream(folder + "/state") << step;
    say("{\"type\": \"checkpoint\", \"step\": " + std::to_string(step) + ", \"path\": \"" + folder +
        "/state\"}\n");
    return 0;
  }
  return 0;
}

int daemonise(const Arguments& arguments) {
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      if (arguments.size() > 1) signal(SIGTERM, SIG_IGN);
      sign(arguments.at(0));
      sleep_for_ever();
    }
    _exit(0);
  }
  await(arguments.at(0));
  report(1);
  return 0;
}

/// A child in a session of its own that ignores SIGTERM, while the program ignores it too.
int stubborn(const Arguments& arguments) {
  signal(SIGTERM, SIG_IGN);
  if (fork() == 0) {
    setsid();
    sign(arguments.at(0));
    sleep_for_ever();
  }
  await(arguments.at(0));
  report(1);
  sleep_for_ever();
  return 0;
}

/// Forks a successor and ends, over and over, in new sessions.
int hop(const Arguments& arguments) {
  if (fork() == 0) {
    signal(SIGTERM, SIG_IGN);
    setsid();
    sign(arguments.at(0));
    for (int i = 0; i < 1'000'000; ++i) {
      usleep(20'000);
      if (fork() != 0) _exit(0);
      sign(arguments.at(0));
    }
  }
  await(arguments.at(0));
  report(1);
  return 0;
}

int show_surroundings(const Arguments& arguments) {
  std::ofstream file(arguments.at(0));
  cpu_set_t cores;
  sched_getaffinity(0, sizeof(cores), &cores);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<std::size_t>(core), &cores)) file << "core " << core << '\n';
  }
  for (int fd = 0; fd < 256; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0 && fd != 4) file << "descriptor " << fd << '\n';
  }
  file << "session " << (getsid(0) == getpid()) << '\n';
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, nullptr, &blocked);
  file << "blocked " << sigismember(&blocked, SIGINT) << '\n';
  file.close();
  report(1);
  return 0;
}

int flood_reports(const Arguments& arguments) {
  for (int step = 1; step <= std::stoi(arguments.at(0)); ++step) report(step);
  return 0;
}

int flood_output(const Arguments&) {
  const std::string line(200, 'x');
  for (int i = 0; i < 5000; ++i) puts(line.c_str());
  puts("accuracy 0.75");
  fflush(stdout);
  return 0;
}

int print_epochs(const Arguments& arguments) {
  for (int epoch = 1; epoch <= std::stoi(arguments.at(0)); ++epoch) {
    printf("epoch %d\naccuracy 0.%d\n", epoch, epoch);
    fflush(stdout);
    usleep(1000);
  }
  if (arguments.size() > 1) sleep_for_ever();
  return 0;
}

int save_nothing(const Arguments&) {
  report(1);
  hear();
  sleep_for_ever();
  return 0;
}

int report_and(const Arguments& arguments) {
  const std::string& deed = arguments.at(0);
  report(1);
  if (deed == "exit3") {
    fputs("first\nlast words\n", stderr);
    exit(3);
  }
  if (deed == "segfault") {
    signal(SIGSEGV, SIG_DFL);  // a sanitizer would catch it and exit instead
    raise(SIGSEGV);
  }
  if (deed == "killself") raise(SIGKILL);
  if (deed == "nan") report(2, "{\"val_accuracy\": NaN}");
  if (deed == "back") report(1);
  if (deed == "badjson") say("{\"type\": \"repo\n");
  if (deed == "halfline") say("{\"type\": \"checkp");
  if (deed == "long") say(std::string(2'000'000, 'x'));
  if (deed == "phases") {
    say("{\"type\": \"phase\", \"name\": \"train\", \"event\": \"begin\"}\n");
    say("{\"type\": \"phase\", \"name\": \"validate\", \"event\": \"begin\"}\n");
  }
  if (deed == "burn") burn(0.15);
  if (deed == "return" || deed == "burn" || deed == "halfline") return 0;
  sleep_for_ever();
  return 0;
}

int print_slowly(const Arguments&) {
  report(1);
  for (int i = 0; i < 8; ++i) {
    puts("still here");
    fflush(stdout);
    usleep(50'000);
  }
  return 0;
}

/// Works in a child that it never waits for, and whose times the kernel therefore drops.
int burn_unseen(const Arguments& arguments) {
  signal(SIGCHLD, SIG_IGN);
  int done[2];
  if (pipe(done) != 0) return 1;
  if (fork() == 0) {
    setsid();
    burn(std::stod(arguments.at(0)));
    _exit(0);
  }
  close(done[1]);
  char byte = 0;
  static_cast<void>(!read(done[0], &byte, 1));  // until the child has ended
  report(1);
  return 0;
}

/// Waits in a child, as a shell script waits for its commands.
int wait_in_child(const Arguments& arguments) {
  if (fork() == 0) {
    sign(arguments.at(0));
    sleep_for_ever();
  }
  sleep_for_ever();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<int(const Arguments&)>> behaviours{
      {"train", train},
      {"daemonise", daemonise},
      {"stubborn", stubborn},
      {"hop", hop},
      {"surroundings", show_surroundings},
      {"flood-reports", flood_reports},
      {"flood-output", flood_output},
      {"print-epochs", print_epochs},
      {"save-nothing", save_nothing},
      {"report-and", report_and},
      {"print-slowly", print_slowly},
      {"wait-in-child", wait_in_child},
      {"burn-unseen", burn_unseen},
      {"nothing", [](const Arguments&) { return 0; }},
  };
  Arguments arguments(argv + 1, argv + argc);
  if (arguments.empty() || !behaviours.contains(arguments[0])) return 64;
  const auto behaviour = behaviours.at(arguments[0]);
  arguments.erase(arguments.begin());
  return behaviour(arguments);
}
