#include "wattune/config/study_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_folder.hpp"
#include "wattune/samplers/tpe.hpp"
#include "wattune/schedulers/successive_halving.hpp"

namespace wattune::config {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::filesystem::path kSourceDir = SOURCE_DIR;

StudyFile full_study() {
  std::ifstream stream(kSourceDir / "tests/config/full.yaml");
  return parse_study(std::string{std::istreambuf_iterator<char>{stream}, {}}, "folder/full.yaml");
}

std::string minimal_text(std::string_view extra) {
  return "command: run {x}\nparameters: {x: {type: int, low: 1, high: 9}}\n"
         "objectives: [{maximize: score}]\n" +
         std::string{extra};
}

std::string error_of(const std::string& text) {
  try {
    (void)parse_study(text, "study.yaml");
  } catch (const StudyFileError& problem) {
    return problem.what();
  }
  return "no error";
}

TEST(StudyFile, KeepsTheProblemAsWritten) {
  const trial::Problem problem = full_study().problem;

  EXPECT_EQ(problem.name, "fashion-mnist");
  EXPECT_EQ(problem.seed, 7U);
  ASSERT_EQ(problem.objectives.size(), 3U);
  EXPECT_EQ(to_text(problem.objectives[0].measure), "val_accuracy");
  EXPECT_EQ(problem.objectives[0].direction, trial::Direction::Maximize);
  EXPECT_EQ(problem.objectives[1].measure.kind, trial::MeasureKind::Energy);
  EXPECT_EQ(problem.objectives[1].direction, trial::Direction::Minimize);
  EXPECT_EQ(problem.objectives[2].measure,
            (trial::Measure{trial::MeasureKind::SamplesPerJoule, "inference"}));
  ASSERT_EQ(problem.constraints.size(), 2U);
  EXPECT_EQ(problem.constraints[0].min, 0.8);
  EXPECT_EQ(problem.constraints[0].max, std::nullopt);
  EXPECT_EQ(problem.constraints[1].max, 2000.0);
  EXPECT_EQ(problem.resource.unit, trial::ResourceUnit::Samples);
  EXPECT_EQ(problem.resource.min, 5000.0);
  EXPECT_EQ(problem.resource.max, 200000.0);
  EXPECT_EQ(problem.strategy, "sm2");
}

TEST(StudyFile, KeepsEveryKindOfParameter) {
  const trial::Problem problem = full_study().problem;
  const auto parameters = problem.space.parameters();
  ASSERT_EQ(parameters.size(), 8U);

  const auto& lr = std::get<space::FloatDomain>(parameters[0].domain);
  EXPECT_EQ(lr.low, 1e-4);
  EXPECT_EQ(lr.high, 0.3);
  EXPECT_TRUE(lr.log);
  EXPECT_EQ(parameters[0].role, space::Role::LearningRate);
  EXPECT_EQ(std::get<space::IntDomain>(parameters[1].domain).high, 1024);
  EXPECT_EQ(parameters[1].default_value, space::Choice{std::int64_t{128}});
  EXPECT_TRUE(std::get<space::ChoiceDomain>(parameters[2].domain).ordered);
  EXPECT_THAT(std::get<space::ChoiceDomain>(parameters[3].domain).choices,
              ElementsAre(space::Choice{"sgd"}, space::Choice{"adam"}, space::Choice{"1"}));
  EXPECT_EQ(std::get<space::FloatDomain>(parameters[4].domain).step, 0.1);
  EXPECT_THAT(std::get<space::ChoiceDomain>(parameters[5].domain).choices,
              ElementsAre(space::Choice{false}, space::Choice{true}));
  EXPECT_EQ(std::get<space::IntDomain>(parameters[6].domain).step, 2);
  EXPECT_EQ(std::get<space::ConstantDomain>(parameters[7].domain).value,
            space::Choice{std::int64_t{3}});
}

TEST(StudyFile, KeepsConditionsAndWhatIsForbidden) {
  const trial::Problem problem = full_study().problem;
  const auto parameters = problem.space.parameters();

  ASSERT_EQ(parameters[5].when.size(), 2U);
  EXPECT_EQ(parameters[5].when[0].parent, "momentum");
  EXPECT_EQ(parameters[5].when[0].comparison, space::Comparison::Greater);
  EXPECT_EQ(parameters[5].when[1].parent, "optimizer");
  EXPECT_EQ(parameters[5].when[1].comparison, space::Comparison::In);
  EXPECT_EQ(parameters[6].when[0].comparison, space::Comparison::GreaterEqual);

  const auto base = problem.space.default_configuration();
  ASSERT_TRUE(base);
  const std::vector<std::pair<std::string, space::Choice>> changes{
      {"optimizer", space::Choice{"adam"}}, {"batch_size", space::Choice{std::int64_t{512}}}};
  const auto changed = problem.space.with(*base, changes);
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->is_active(4));
  EXPECT_TRUE(problem.space.is_forbidden(*changed));
}

TEST(StudyFile, KeepsStrategyBudgetAndRunnerInSiUnits) {
  const StudyFile file = full_study();

  const auto& sm2 = std::get<Sm2Section>(file.strategy);
  EXPECT_EQ(sm2.options.weights.energy, 0.5);
  EXPECT_EQ(sm2.options.energy_mode, strategies::EnergyMode::Cumulative);
  EXPECT_EQ(sm2.options.rule, strategies::HalvingRule::CostAware);
  EXPECT_EQ(sm2.options.order, strategies::Sm2Order::BatchSizeFirst);
  EXPECT_EQ(sm2.options.rung_unit, strategies::RungUnit::Joules);
  EXPECT_EQ(sm2.options.rate_search, strategies::RateSearch::RangeTest);
  EXPECT_EQ(sm2.options.optimizer, strategies::OptimizerKind::Adam);
  EXPECT_EQ(sm2.options.idle_duration, Seconds{0.0});
  EXPECT_EQ(sm2.options.memory_limit, 0.8);
  EXPECT_EQ(sm2.options.max_candidates, 16U);
  EXPECT_EQ(file.budget.trials, 40);
  EXPECT_EQ(file.budget.energy, Joules{5000.0});
  EXPECT_EQ(file.budget.time, Seconds{300.0});
  EXPECT_EQ(file.budget.carbon_g, 10.0);
  EXPECT_EQ(file.budget.cost, 0.05);
  EXPECT_EQ(file.budget.per_trial.energy, Joules{200.0});
  EXPECT_EQ(file.budget.per_trial.time, Seconds{20.0});
  EXPECT_EQ(file.budget.per_trial.carbon_g, 1.0);
  EXPECT_EQ(file.budget.per_trial.cost, 0.01);
  EXPECT_TRUE(file.runner.keeps_all_checkpoints);
  EXPECT_FALSE(file.has_history);
  EXPECT_EQ(file.runner.workers, 2);
  EXPECT_EQ(file.runner.cores_per_trial, 3);
  EXPECT_EQ(file.runner.gpus_per_trial, 1);
  EXPECT_EQ(file.runner.time_limit, Seconds{600.0});
  EXPECT_EQ(file.runner.silence_limit, Seconds{90.0});
  EXPECT_EQ(file.runner.grace, Seconds{5.0});
  EXPECT_EQ(file.runner.directory, "folder/data");
  EXPECT_THAT(file.runner.environment,
              ElementsAre(std::pair{"OMP_NUM_THREADS", "1"}, std::pair{"MODE", ""}));
  EXPECT_EQ(file.problem.tariff.intensity->rate.constant(), 381.0);
  EXPECT_EQ(file.problem.tariff.intensity->zone, "DEU");
  EXPECT_EQ(file.problem.tariff.intensity->year, std::nullopt) << "the number is the user's";
  EXPECT_EQ(file.problem.tariff.price->rate.constant(), 0.30);
  EXPECT_EQ(file.problem.tariff.price->currency, "EUR");
  EXPECT_EQ(file.problem.tariff.pue.factor, 1.2);
  EXPECT_EQ(file.report.tolerance, 0.02);
  EXPECT_THAT(file.metrics, ElementsAre("val_accuracy", "train_loss"));
  EXPECT_TRUE(file.warnings.empty());
}

/// A small study with this `energy:` section, in `folder`.
StudyFile study_with_energy(const std::string& section, const std::filesystem::path& folder = "") {
  return parse_study(
      "command: run {lr}\nparameters:\n  lr: {type: float, low: 0.1, high: 1}\n"
      "objectives: [{maximize: accuracy}, {minimize: carbon}]\nbudget: {trials: 3}\n"
      "energy: " +
          section + "\n",
      folder / "small.yaml");
}

TEST(StudyFile, TakesIntensityAndPueFromTheShippedTables) {
  const trial::Tariff tariff =
      study_with_energy("{zone: gcp:europe-west3, pue: uptime-2024}").problem.tariff;
  EXPECT_EQ(tariff.intensity->zone, "gcp:europe-west3");
  EXPECT_EQ(tariff.intensity->year, 2024);
  EXPECT_EQ(to_text(*tariff.intensity->kind), "direct average");
  EXPECT_EQ(tariff.pue.factor, 1.56);
  EXPECT_THAT(tariff.pue.source, HasSubstr("uptime-2024"));
  EXPECT_EQ(study_with_energy("{zone: deu}").problem.tariff.pue, energy::Pue{}) << "IT only";
  EXPECT_FALSE(study_with_energy("{zone: deu}").problem.tariff.embodied) << "only when asked for";
}

TEST(StudyFile, ReadsTablesOfIntensityAndPriceBesideIt) {
  const TemporaryFolder folder;
  folder.write("hours.csv",
               "# kind: life-cycle marginal\nfrom,gram_per_kwh\n2026-11-21T00:00Z,100\n"
               "2026-11-21T01:00Z,300\n");
  folder.write("tariff.csv",
               "# currency: EUR\n# year: 2026\n# utc_offset: +01:00\n"
               "days,from,until,price_per_kwh\nall,06:00,22:00,0.34\nall,22:00,06:00,0.22\n");
  const trial::Tariff tariff =
      study_with_energy("{zone: DEU, intensity: hours.csv, price: tariff.csv}", folder.path())
          .problem.tariff;
  EXPECT_EQ(tariff.intensity->rate.highest(), 300.0);
  EXPECT_EQ(tariff.intensity->zone, "DEU") << "the name stays, the numbers are the user's";
  EXPECT_EQ(to_text(*tariff.intensity->kind), "life-cycle marginal");
  EXPECT_EQ(tariff.price->rate.lowest(), 0.22);
  EXPECT_EQ(tariff.price->currency, "EUR");
}

TEST(StudyFile, TellsWhereATableIsWrong) {
  const TemporaryFolder folder;
  folder.write("hours.csv", "from,gram_per_kwh\n2026-11-21T00:00Z,x\n2026-11-21T01:00Z,300\n");
  try {
    (void)study_with_energy("{intensity: hours.csv}", folder.path());
    FAIL() << "the table was accepted";
  } catch (const StudyFileError& error) {
    EXPECT_THAT(error.what(), HasSubstr("small.yaml:6:21: `energy.intensity`"));
    EXPECT_THAT(error.what(), HasSubstr("hours.csv:2:19: `x` is no gram_per_kwh"));
  }
}

// Pitfall 34
TEST(StudyFile, CountsTheMachineFromItsPartsOrFromTheMassThatTheUserKnows) {
  const trial::Tariff parts =
      study_with_energy(
          "{zone: DEU, pue: 1.5, embodied: {cpus: 2, gpus: 4, memory_gb: 400, "
          "share: 0.25}}")
          .problem.tariff;
  EXPECT_NEAR(parts.embodied->mass_g, 1e6 + 1e5 + 6e5 + 533e3, 1.0);
  EXPECT_EQ(parts.embodied->share, 0.25);
  EXPECT_EQ(parts.embodied->lifetime, Seconds{35'040.0 * 3600.0});
  EXPECT_THAT(parts.embodied->source, HasSubstr("2021"));
  const trial::Tariff mass =
      study_with_energy("{zone: DEU, embodied: {mass: 2500 kg, lifetime: 50000 h}}").problem.tariff;
  EXPECT_EQ(mass.embodied->mass_g, 2.5e6);
  EXPECT_EQ(mass.embodied->source, "study file");
  EXPECT_EQ(mass.embodied->lifetime, Seconds{1.8e8});
}

TEST(StudyFile, SplitsTheCommandIntoWordsAndKnowsTheirPlaces) {
  const StudyFile file = full_study();

  ASSERT_EQ(file.command.size(), 10U);
  EXPECT_EQ(file.command[3].text, "{lr}");
  EXPECT_EQ(file.command[3].place, (Place{.line = 3, .column = 33, .length = 4}));
  EXPECT_EQ(file.command[9].text, "two words");
  EXPECT_EQ(file.problem.command,
            "wattune-train cnn --lr {lr} --batch-size {batch_size} --width {width} --note "
            "'two words'");
}

TEST(StudyFile, TakesACommandAsAListWordByWord) {
  const StudyFile file = parse_study(
      "command: [run, 'a b', \"{x}\", '{{literal}}']\n"
      "parameters: {x: {type: bool}}\nobjectives: [{maximize: score}]\nbudget: {trials: 1}\n",
      "study.yaml");

  ASSERT_EQ(file.command.size(), 4U);
  EXPECT_EQ(file.command[1].text, "a b");
  EXPECT_EQ(file.command[3].text, "{{literal}}");
}

TEST(StudyFile, NeedsOnlyCommandParametersObjectivesAndABudget) {
  const StudyFile file = parse_study(minimal_text("budget: {trials: 3}\n"), "dir/my study.yaml");

  EXPECT_EQ(file.problem.name, "my-study");
  EXPECT_EQ(file.problem.seed, 1U);
  EXPECT_EQ(file.problem.resource.unit, trial::ResourceUnit::Run);
  EXPECT_EQ(file.problem.strategy, "auto");
  EXPECT_EQ(file.runner.directory, "dir");
  EXPECT_EQ(file.runner.grace, Seconds{10.0});
  EXPECT_EQ(file.report.tolerance, 0.01);
}

TEST(StudyFile, TakesSamplerAndSchedulerByNameOrWithOptions) {
  const StudyFile file = parse_study(
      minimal_text("budget: {trials: 3}\nresource: {unit: epochs, min: 1, max: 9}\n"
                   "strategy: {sampler: {name: tpe, startup_trials: 4, multivariate: false},\n"
                   "           scheduler: {name: halving, reduction_factor: 3}}\n"),
      "study.yaml");

  const auto& composed = std::get<ComposedSection>(file.strategy);
  EXPECT_EQ(composed.sampler.make({file.problem})->describe(),
            samplers::make_tpe(file.problem.space, {.num_startup = 4, .multivariate = false})
                ->describe());
  EXPECT_EQ(composed.scheduler.make(file.problem, {})->describe(),
            schedulers::make_successive_halving(file.problem.resource, {.eta = 3, .num_trials = 16})
                ->describe());
  EXPECT_EQ(file.problem.strategy, "tpe + halving");
}

TEST(StudyFile, NeedsNoBudgetWhereTheStrategyEnds) {
  EXPECT_NO_THROW((void)parse_study(minimal_text("strategy: {sampler: grid}\n"), "study.yaml"));
  EXPECT_THAT(error_of(minimal_text("strategy: {sampler: sobol}\n")),
              HasSubstr("strategy `sobol + full` never ends by itself"));
}

TEST(StudyFile, WarnsWithoutRefusing) {
  const StudyFile file = parse_study(
      "command: run\nparameters: {x: {type: bool}}\ncapture: {score: '(.*)'}\n"
      "objectives: [{maximize: score}]\nbudget: {trials: 1}\n",
      "study.yaml");

  ASSERT_EQ(file.warnings.size(), 1U);
  EXPECT_EQ(to_text(file.source, file.warnings[0]),
            "study.yaml:2:14: warning: the command has no {x}: unless the program reads "
            "WATTUNE_PARAM_x it never learns of it\n"
            "    2 | parameters: {x: {type: bool}}\n"
            "      |              ^\n");
}

TEST(StudyFile, SaysLaterErrorsAtTheirKey) {
  const StudyFile file = full_study();
  const StudyFileError error = file.error_at("runner.gpus_per_trial", "this machine has no GPU");

  EXPECT_THAT(error.what(), HasSubstr("folder/full.yaml:30:3: this machine has no GPU"));
}

TEST(StudyFile, ReadsHowTrialsAreComparedFairly) {
  const StudyFile file = full_study();

  ASSERT_TRUE(file.cooldown.has_value());
  EXPECT_EQ(file.cooldown->degrees, 2.5);
  EXPECT_TRUE(file.cooldown->is_margin);
  EXPECT_EQ(file.cooldown->at_most, Seconds{120});
  ASSERT_TRUE(file.finalists.has_value());
  EXPECT_EQ(file.finalists->count, 4);
  EXPECT_EQ(file.finalists->repeats, 3);
}

TEST(StudyFile, ATemperatureWithoutAPlusIsOneOfItsOwn) {
  const StudyFile file =
      parse_study(minimal_text("budget: {trials: 3}\ncooldown: {until: 45 C}\n"), "study.yaml");
  EXPECT_EQ(file.cooldown->degrees, 45.0);
  EXPECT_FALSE(file.cooldown->is_margin);
  EXPECT_EQ(file.cooldown->at_most, Seconds{60});
}

TEST(StudyFile, NeitherCoolsDownNorMeasuresAgainUnlessItSaysSo) {
  const StudyFile file = parse_study(minimal_text("budget: {trials: 3}\n"), "study.yaml");
  EXPECT_FALSE(file.cooldown.has_value());
  EXPECT_FALSE(file.finalists.has_value());
}

TEST(StudyFile, CountsColumnsInCharacters) {
  EXPECT_THAT(error_of(minimal_text("budget: {trials: 3}\nstudy: \"\u00e9t\u00e9\"\n")),
              HasSubstr("study.yaml:5:8: "));
  EXPECT_THAT(error_of("# \u00e9\n{\"\u00e9\": 1, nonsense: 2}\n"),
              HasSubstr("study.yaml:2:10: unknown key `nonsense`"));
}

TEST(StudyFile, ReadsFilesWithByteOrderMarkAndDosLines) {
  std::string text = minimal_text("budget: {trials: 3}\n");
  for (std::size_t i = 0; (i = text.find('\n', i)) != std::string::npos; i += 2) {
    text.replace(i, 1, "\r\n");
  }
  EXPECT_EQ(parse_study("\xEF\xBB\xBF" + text, "study.yaml").budget.trials, 3);
}

TEST(MinimalExample, IsAcceptedWithoutAWarning) {
  const StudyFile file = read_study_file(kSourceDir / "examples/minimal.yaml");

  EXPECT_EQ(file.problem.name, "minimal");
  EXPECT_TRUE(file.warnings.empty());
}

class StudyFolder : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::string error_of_file(const std::string& name) const {
    try {
      (void)read_study_file(folder_ / name);
    } catch (const StudyFileError& problem) {
      return problem.what();
    }
    return "no error";
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(StudyFolder, SuggestsTheFileThatWasMeant) {
  write("mnist.yaml", "");

  EXPECT_THAT(error_of_file("mnits.yaml"), HasSubstr("no such file; did you mean `"));
  EXPECT_THAT(error_of_file("mnist"), HasSubstr("mnist.yaml`?"));
  EXPECT_THAT(error_of_file("other.yaml"), HasSubstr("other.yaml: no such file\n"));
}

TEST_F(StudyFolder, RefusesAFolder) {
  EXPECT_THAT(error_of_file("."), HasSubstr("is a folder; name the study file in it"));
}

TEST_F(StudyFolder, RefusesAFileThatIsNoText) {
  write("binary.yaml", std::string("command: \0", 10));
  write("latin1.yaml", "study: caf\xE9\n");
  write("wide.yaml", "\xFF\xFEs\0");
  write("large.yaml", std::string((1U << 20U) + 1, '#'));

  EXPECT_THAT(error_of_file("binary.yaml"), HasSubstr("not a text file: byte 0x00 at offset 9"));
  EXPECT_THAT(error_of_file("latin1.yaml"), HasSubstr("not UTF-8: byte 0xe9 in line 1"));
  EXPECT_THAT(error_of_file("wide.yaml"), HasSubstr("the file is UTF-16"));
  EXPECT_THAT(error_of_file("large.yaml"), HasSubstr("larger than 1 MiB"));
}

TEST_F(StudyFolder, RefusesADirectoryThatDoesNotExist) {
  write("study.yaml", minimal_text("budget: {trials: 3}\nrunner: {directory: nowhere}\n"));

  EXPECT_THAT(error_of_file("study.yaml"), HasSubstr("study.yaml:5:10: `runner.directory` names "));
}

}  // namespace wattune::config
