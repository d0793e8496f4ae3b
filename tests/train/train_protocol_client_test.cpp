#include "protocol/protocol_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "errors.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::array<int, 2> two_ends(bool is_socket) {
  std::array<int, 2> ends{};
  const int status =
      is_socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) : ::pipe(ends.data());
  EXPECT_EQ(status, 0);
  return ends;
}

class ProtocolClientTest : public testing::Test {
 protected:
  ProtocolClientTest() { std::signal(SIGPIPE, SIG_IGN); }
  ~ProtocolClientTest() override {
    for (const int descriptor : {channel_[0], channel_[1], end_request_[0], end_request_[1]}) {
      ::close(descriptor);
    }
  }
  std::string said() {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(channel_[1], bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }
  void tell(std::string_view text) {
    EXPECT_EQ(::write(channel_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  std::array<int, 2> channel_ = two_ends(true);
  std::array<int, 2> end_request_ = two_ends(false);
  ProtocolClient client_{channel_[0], end_request_[0]};
};

TEST_F(ProtocolClientTest, SendsAReportAsOneLineAndReadsTheAnswer) {
  tell("{\"decision\": \"continue\", \"until\": 25000}\n");

  const Answer answer = client_.report(
      {.step = 12'500, .samples = 6250, .metrics = {{"val_accuracy", 0.87}, {"loss", 0.1}}});

  EXPECT_EQ(answer.kind, Answer::Kind::Continue);
  EXPECT_EQ(answer.until, 25'000);
  const std::string line = said();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(nlohmann::json::parse(line), nlohmann::json::parse(R"({"type": "report",
      "step": 12500, "metrics": {"val_accuracy": 0.87, "loss": 0.1}, "samples": 6250})"));
}

TEST_F(ProtocolClientTest, UnderstandsPauseAndStop) {
  tell("{\"decision\": \"pause\"}\n{\"decision\": \"stop\", \"why\": \"budget\"}\n");

  EXPECT_EQ(client_.report({}).kind, Answer::Kind::Pause);
  EXPECT_EQ(client_.report({}).kind, Answer::Kind::Stop);
}

TEST_F(ProtocolClientTest, SendsTheTokensThatJsonLacks) {
  tell("{\"decision\": \"stop\"}\n");
  client_.report({.metrics = {{"a", std::numeric_limits<double>::quiet_NaN()},
                              {"b", std::numeric_limits<double>::infinity()}}});
  EXPECT_THAT(said(), HasSubstr(R"("metrics":{"a":NaN,"b":Infinity})"));
}

TEST_F(ProtocolClientTest, SendsPhasesCheckpointsAndFacts) {
  client_.info({{"parameters", 21'840}, {"flops", 2'400'000}});
  client_.phase_begin("inference");
  client_.phase_end("inference", 10'000);
  client_.checkpoint(12'500, "/some \"folder\"/12500.ckpt");

  EXPECT_EQ(said(),
            "{\"type\":\"info\",\"values\":{\"parameters\":21840,\"flops\":2400000}}\n"
            "{\"type\":\"phase\",\"name\":\"inference\",\"event\":\"begin\"}\n"
            "{\"type\":\"phase\",\"name\":\"inference\",\"event\":\"end\",\"samples\":10000}\n"
            "{\"type\":\"checkpoint\",\"step\":12500,"
            "\"path\":\"/some \\\"folder\\\"/12500.ckpt\"}\n");
}

TEST_F(ProtocolClientTest, RefusesALineThatIsNoAnswer) {
  tell("hello\n{\"decision\": \"continue\"}\n[1]\n");
  for (int i = 0; i < 3; ++i) EXPECT_THROW(client_.report({}), std::runtime_error) << i;
}

TEST_F(ProtocolClientTest, EndsWhenTheEngineHasGone) {
  EXPECT_FALSE(client_.should_end());

  ::shutdown(channel_[1], SHUT_RDWR);
  ::close(channel_[1]);
  channel_[1] = ::dup(end_request_[0]);

  EXPECT_THROW(client_.should_end(), EngineGone);
  EXPECT_THROW(client_.report({}), EngineGone);
}

TEST_F(ProtocolClientTest, StopsWaitingForAnAnswerWhenAskedToEnd) {
  EXPECT_EQ(::write(end_request_[1], "x", 1), 1);

  client_.report({});  // comes back although nobody answered

  EXPECT_TRUE(client_.should_end());
}

class AssignmentTest : public testing::Test {
 protected:
  Assignment read(const nlohmann::json& config) {
    fake::write_file(path_, config.dump());
    return read_assignment(path_);
  }
  std::string refusal(const nlohmann::json& config) {
    try {
      read(config);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }

  fake::Folder folder_;
  std::filesystem::path path_ = folder_.path() / "config.json";
  nlohmann::json config_ = nlohmann::json::parse(R"({
    "protocol": 1, "study": "s", "trial": 7, "seed": 481516234, "purpose": "search",
    "parameters": {"lr": 0.01},
    "resource": {"unit": "samples", "from": 6250, "to": 12500, "max": 200000, "report_every": 6250},
    "checkpoint": {"dir": "/x/trial-000007", "resume_from": "/x/trial-000007/6250.ckpt"},
    "slot": {"cores": [0], "gpus": []}})");
};

TEST_F(AssignmentTest, IsReadFromTheConfigurationFile) {
  const Assignment assignment = read(config_);

  EXPECT_EQ(assignment.unit, Unit::Samples);
  EXPECT_EQ(assignment.to, 12'500);
  EXPECT_EQ(assignment.max, 200'000);
  EXPECT_EQ(assignment.report_every, 6250);
  EXPECT_EQ(assignment.seed, 481516234U);
  EXPECT_FALSE(assignment.is_probe);
  EXPECT_EQ(assignment.checkpoint_dir, "/x/trial-000007");
  EXPECT_EQ(assignment.resume_from, "/x/trial-000007/6250.ckpt");
}

TEST_F(AssignmentTest, MayBeAFreshProbeWithoutAnInterval) {
  config_["purpose"] = "probe";
  config_["checkpoint"]["resume_from"] = nullptr;
  config_["resource"].erase("report_every");

  const Assignment assignment = read(config_);

  EXPECT_TRUE(assignment.is_probe);
  EXPECT_FALSE(assignment.resume_from);
  EXPECT_FALSE(assignment.report_every);
}

TEST_F(AssignmentTest, NamesTheKeyThatIsWrong) {
  config_["resource"]["unit"] = "joules";
  EXPECT_THAT(refusal(config_),
              AllOf(HasSubstr("config.json"), HasSubstr("/resource/unit is \"joules\""),
                    HasSubstr("epochs, steps, samples")));
  config_["resource"]["unit"] = "steps";
  config_["resource"]["to"] = 1.5;
  EXPECT_THAT(refusal(config_), HasSubstr("/resource/to is 1.5"));
  config_["resource"].erase("to");
  EXPECT_THAT(refusal(config_), HasSubstr("/resource/to is null"));
  config_["protocol"] = 2;
  EXPECT_THAT(refusal(config_), HasSubstr("/protocol is 2"));
}

TEST_F(AssignmentTest, NamesAFileThatIsMissingOrNotJson) {
  EXPECT_THROW(read_assignment(folder_.path() / "absent.json"), UsageError);
  fake::write_file(path_, "{");
  try {
    read_assignment(path_);
    FAIL() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("not JSON"));
  }
}

}  // namespace
}  // namespace wattune::train
