// Runs the real program as a person does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tactics/scripted_model.hpp"
#include "train/support/script_models.hpp"
#include "train/support/synthetic_data.hpp"

namespace wattune::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Ended {
  int status;
  std::string output;
  std::string error;
};

class Program : public testing::Test {
 protected:
  Program() {
    write_torchscript(model_, fake::two_layers(), {.model = "two", .input = {6}});
    fake::write_file(folder_.path() / "notes.txt", "accuracy 0.9\n");
  }

  Ended run(const std::string& arguments) {
    const std::filesystem::path output = folder_.path() / "out";
    const std::filesystem::path error = folder_.path() / "err";
    const std::string command = std::string(WATTUNE_TRAIN_PROGRAM) + " " + arguments + " >" +
                                output.string() + " 2>" + error.string();
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), fake::read_file(output), fake::read_file(error)};
  }

  fake::Folder folder_;
  std::filesystem::path model_ = folder_.path() / "two.pt";
};

TEST_F(Program, PrintsPhasesAndMetricsForAPerson) {
  const Ended ended =
      run("infer " + model_.string() + " --tactic int8-dynamic --repetitions 2 --min-seconds 0");

  EXPECT_EQ(ended.status, 0) << ended.error;
  EXPECT_THAT(ended.output, AllOf(HasSubstr("optimize"), HasSubstr("inference"),
                                  HasSubstr("seconds_per_sample"), HasSubstr("flops")));
}

TEST_F(Program, TellsByItsStatusThatATacticIsNotSupported) {
  write_torchscript(model_, torch::jit::freeze(fake::two_layers()), {.model = "", .input = {6}});

  const Ended ended = run("infer " + model_.string() + " --tactic prune-local");

  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.error, HasSubstr("not supported here: pruning: the model has no weights"));
}

TEST_F(Program, RefusesWhatIsNoModelOrNoTactic) {
  const std::string notes = (folder_.path() / "notes.txt").string();
  for (const std::string command : {"infer ", "profile "}) {
    const Ended ended = run(command + notes);
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.error, AllOf(HasSubstr("not a TorchScript file"), HasSubstr("--export")));
  }
  const Ended unknown = run("infer " + model_.string() + " --tactic int4");
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.error, AllOf(HasSubstr("int4"), HasSubstr("int8-dynamic")));
  EXPECT_EQ(run("infer " + model_.string() + " --amount 1.5").status, 2);
  EXPECT_EQ(run("infer").status, 2);
}

TEST_F(Program, KeepsADefaultWhereAnOptionIsEmpty) {
  EXPECT_EQ(run("infer " + model_.string() + " --amount= --repetitions 1 --min-seconds 0").status,
            0);
}

TEST_F(Program, ProfilesLayersAsTextAndAsJson) {
  const Ended text = run("profile " + model_.string() + " --seconds 0.5 --batch-size 8");
  EXPECT_EQ(text.status, 0) << text.error;
  EXPECT_THAT(text.output, AllOf(HasSubstr("linear"), HasSubstr("the layers add up to")));

  const Ended json = run("profile " + model_.string() + " --seconds 0.5 --batch-size 8 --json");
  EXPECT_EQ(json.status, 0) << json.error;
  const auto root = nlohmann::json::parse(json.output);
  EXPECT_EQ(root.at("batch_size"), 8);
  EXPECT_EQ(root.at("forward").at("sum_flops"), 8 * 90);
  EXPECT_EQ(root.at("backward").at("sum_flops"), 8 * (60 + 2 * 30));
}

}  // namespace
}  // namespace wattune::train
