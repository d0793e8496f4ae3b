// Plays the engine: starts the real program on a socket pair and drives it by the trial protocol.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <nlohmann/json.hpp>

#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

constexpr int kPatienceMs = 60'000;

/// One run of the program with the engine's end of the channel.
class Program {
 public:
  Program(const std::filesystem::path& folder, std::vector<std::string> arguments,
          const json& config)
      : error_path_(folder / "stderr.txt") {
    const std::filesystem::path config_path = folder / "config.json";
    fake::write_file(config_path, config.dump());
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    channel_ = ends[0];
    arguments.insert(arguments.begin(), WATTUNE_TRAIN_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string channel_text = std::to_string(ends[1]);
    process_ = ::fork();
    if (process_ == 0) {
      ::fcntl(ends[1], F_SETFD, 0);
      ::setenv("WATTUNE_CONFIG", config_path.c_str(), 1);
      ::setenv("WATTUNE_CHANNEL", channel_text.c_str(), 1);
      ::dup2(::open(error_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    hang_up();
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
  }

  /// The next message; null when the program has closed its end or says nothing for a minute.
  json next() {
    while (buffer_.find('\n') == std::string::npos) {
      pollfd watched{channel_, POLLIN, 0};
      char chunk[4096];
      if (::poll(&watched, 1, kPatienceMs) <= 0) return nullptr;
      const ssize_t got = ::read(channel_, chunk, sizeof chunk);
      if (got <= 0) return nullptr;
      buffer_.append(chunk, static_cast<std::size_t>(got));
    }
    const std::size_t end = buffer_.find('\n');
    const json message = json::parse(buffer_.substr(0, end));
    buffer_.erase(0, end + 1);
    return message;
  }

  /// Skips to the next message of a type.
  json next(const std::string& type) {
    json message = next();
    while (!message.is_null() && message.at("type") != type) message = next();
    return message;
  }

  void answer(const json& decision) {
    const std::string line = decision.dump() + "\n";
    EXPECT_EQ(::send(channel_, line.data(), line.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(line.size()));
  }

  void send_signal(int signal) { ::kill(process_, signal); }

  void hang_up() {
    if (channel_ >= 0) ::close(channel_);
    channel_ = -1;
  }

  /// Exit status, or 1000 + the signal that ended it.
  int wait() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  [[nodiscard]] std::string errors() const { return fake::read_file(error_path_); }

 private:
  std::filesystem::path error_path_;
  int channel_ = -1;
  pid_t process_ = -1;
  std::string buffer_;
};

class TrainProgram : public testing::Test {
 protected:
  TrainProgram() {
    fake::write_data(folder_.path());
    std::filesystem::create_directories(folder_.path() / "trial");
  }

  json config(std::int64_t to, const json& resume_from = nullptr) {
    return {{"protocol", 1},
            {"seed", 3},
            {"purpose", "search"},
            {"resource", {{"unit", "samples"}, {"to", to}, {"max", 3000}, {"report_every", 1000}}},
            {"checkpoint",
             {{"dir", (folder_.path() / "trial").string()}, {"resume_from", resume_from}}}};
  }

  std::vector<std::string> arguments() {
    return {"cnn",       "--data",    folder_.path(), "--width",      "4",
            "--threads", "1",         "--optimizer",  "adam",         "--lr",
            "0.005",     "--dropout", "0.1",          "--batch-norm", "true"};
  }

  fake::Folder folder_;
};

TEST_F(TrainProgram, PausesResumesAndEndsWithTheSameNumbersAsAStraightRun) {
  const json keep_going{{"decision", "continue"}, {"until", 3000}};
  Program straight(folder_.path(), arguments(), config(3000));
  straight.next("report");
  straight.answer(keep_going);
  straight.next("report");
  straight.answer(keep_going);
  const json expected = straight.next("report");
  straight.answer({{"decision", "stop"}});
  EXPECT_EQ(straight.wait(), 0);

  Program first(folder_.path(), arguments(), config(1000));
  EXPECT_EQ(first.next().at("type"), "info");
  EXPECT_EQ(first.next("report").at("step"), 1024);
  first.answer({{"decision", "continue"}, {"until", 2000}});
  EXPECT_EQ(first.next("report").at("step"), 2048);
  first.answer({{"decision", "pause"}});
  const json checkpoint = first.next("checkpoint");
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(checkpoint.at("step"), 2048);

  Program second(folder_.path(), arguments(), config(3000, checkpoint.at("path")));
  const json resumed = second.next("report");
  second.answer({{"decision", "continue"}, {"until", 3000}});
  EXPECT_EQ(second.wait(), 0);
  EXPECT_EQ(resumed, expected);
  EXPECT_TRUE(resumed.at("metrics").contains("test_accuracy"));
}

TEST_F(TrainProgram, StopsWithoutACheckpoint) {
  Program program(folder_.path(), arguments(), config(1000));
  program.next("report");
  program.answer({{"decision", "stop"}});

  EXPECT_TRUE(program.next("checkpoint").is_null());
  EXPECT_EQ(program.wait(), 0);
}

TEST_F(TrainProgram, SavesACheckpointOnSigtermAndIgnoresSigint) {
  Program program(folder_.path(), arguments(), config(1000));
  program.next("report");
  program.send_signal(SIGINT);
  program.answer({{"decision", "continue"}, {"until", 3000}});
  EXPECT_EQ(program.next("report").at("step"), 2048);  // lives, and now waits for its answer
  program.send_signal(SIGTERM);

  const json checkpoint = program.next("checkpoint");
  EXPECT_EQ(checkpoint.at("step"), 2048);
  EXPECT_TRUE(std::filesystem::exists(checkpoint.at("path").get<std::string>()));
  EXPECT_EQ(program.wait(), 1000 + SIGTERM);
}

TEST_F(TrainProgram, EndsWhenTheEngineGoesAway) {
  Program program(folder_.path(), arguments(), config(1000));
  program.next("report");
  program.hang_up();

  EXPECT_EQ(program.wait(), 1);
  EXPECT_THAT(program.errors(), HasSubstr("the engine has closed the channel"));
}

TEST_F(TrainProgram, ReportsOnlyTrainLossInAProbe) {
  json probe = config(1000);
  probe["purpose"] = "probe";
  Program program(folder_.path(), arguments(), probe);
  const json report = program.next("report");
  program.answer({{"decision", "pause"}});

  EXPECT_EQ(report.at("metrics").size(), 1U);
  EXPECT_TRUE(report.at("metrics").contains("train_loss"));
  EXPECT_TRUE(program.next("checkpoint").is_null());
  EXPECT_EQ(program.wait(), 0);
}

TEST_F(TrainProgram, RefusesBadOptionsAndBadDataWithStatus2) {
  Program bad_option(folder_.path(), {"cnn", "--lr", "-1"}, config(1000));
  EXPECT_EQ(bad_option.wait(), 2);
  EXPECT_THAT(bad_option.errors(), HasSubstr("--lr: '-1'"));

  std::filesystem::resize_file(folder_.path() / "train-images-idx3-ubyte.gz", 2000);
  Program bad_data(folder_.path(), arguments(), config(1000));
  EXPECT_EQ(bad_data.wait(), 2);
  EXPECT_THAT(bad_data.errors(),
              AllOf(HasSubstr("train-images-idx3-ubyte.gz"), HasSubstr("truncated")));
}

TEST_F(TrainProgram, RefusesDataOfAnotherShapeWithStatus2) {
  const auto refusal = [this](const std::vector<std::string>& arguments) {
    Program program(folder_.path(), arguments, config(1000));
    EXPECT_EQ(program.wait(), 2);
    return program.errors();
  };
  const std::string file = folder_.path() / "data_batch_1.bin";
  fake::write_file(file, "too short");
  EXPECT_THAT(refusal({"resnet18", "--data", folder_.path()}),
              AllOf(HasSubstr("data_batch_1.bin"), HasSubstr("truncated")));
  EXPECT_THAT(refusal({"lstm", "--data", file}), HasSubstr("Date;Time"));
  EXPECT_THAT(refusal({"lstm", "--heads", "gas"}), HasSubstr("global_active_power, "));
  EXPECT_THAT(refusal({"transformer", "--data", "/proc/self/exe"}), HasSubstr("not text"));
  EXPECT_THAT(refusal({"generate", file}), HasSubstr("data_batch_1.bin"));
}

TEST_F(TrainProgram, GeneratesTextWithAModelThatItHasSaved) {
  const std::string text = folder_.path() / "text";
  const std::string model = folder_.path() / "spelling.model";
  std::string words;
  for (int i = 0; i < 400; ++i) words += "joules and watts ";
  fake::write_file(text, words);
  Program training(folder_.path(),
                   {"transformer", "--data", text, "--context", "24", "--width", "16", "--depth",
                    "1", "--threads", "1", "--save", model},
                   config(3000));
  json report = training.next("report");
  for (; !report.is_null(); report = training.next("report")) {
    EXPECT_TRUE(report.at("metrics").contains("val_bits_per_byte"));
    training.answer({{"decision", "continue"}, {"until", 3000}});
  }
  EXPECT_EQ(training.wait(), 0);

  json one_run = config(1);  // of a study without a resource
  one_run["resource"] = {{"unit", "run"}, {"from", 0}, {"to", 1}, {"max", 1}};
  Program writing(folder_.path(),
                  {"generate", model, "--data", text, "--batch-size", "3", "--prompt-tokens", "5",
                   "--tokens", "20", "--repetitions", "2", "--threads", "1"},
                  one_run);
  EXPECT_TRUE(writing.next("info").at("values").contains("flops"));
  json phase = writing.next("phase");
  while (phase.at("name") != "inference" || phase.at("event") != "end") {
    phase = writing.next("phase");
  }
  EXPECT_EQ(phase.at("samples"), 3 * 20 * 2);
  const json last = writing.next("report");
  EXPECT_EQ(last.at("step"), 1);
  EXPECT_GT(last.at("metrics").at("tokens_per_second"), 0);
  writing.answer({{"decision", "stop"}});
  EXPECT_EQ(writing.wait(), 0);

  Program too_long(folder_.path(), {"generate", model, "--data", text, "--tokens", "500"}, one_run);
  EXPECT_EQ(too_long.wait(), 2);
  EXPECT_THAT(too_long.errors(), AllOf(HasSubstr("--tokens: '500'"), HasSubstr("context of 24")));
}

}  // namespace
}  // namespace wattune::train
