#include "wattune/replication/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "wattune/config/assemble.hpp"
#include "wattune/replication/kinds.hpp"
#include "wattune/replication/planned_study.hpp"

namespace wattune::replication {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kStudy =
    "command: train --lr {lr} --from={model}  # as users write it\n"
    "parameters:\n"
    "  lr: {type: float, low: 1e-4, high: 0.1, log: true}\n"
    "  model: {type: constant, value: none}\n"
    "objectives:\n"
    "  - maximize: accuracy\n"
    "  - minimize: energy\n"
    "capture:\n"
    "  accuracy: 'accuracy: \"([0-9.]+)\"'\n"
    "budget: {trials: 30}\n";

constexpr const char* kHead =
    "title: T\n"
    "paper: {title: P}\n"
    "experiments:\n"
    "  - name: first\n"
    "    study: base.yaml\n"
    "  - name: second\n"
    "    study: base.yaml\n"
    "    set: {budget: {trials: 5}}\n"
    "    small:\n"
    "      parameters:\n"
    "        lr: {type: ordinal, values: [0.1, 0.2]}\n"
    "      budget: {time: 1 min}\n"
    "    inputs: {model: {experiment: first, file: model.pt}}\n";

class ManifestTest : public ::testing::Test {
 protected:
  ManifestTest() { std::ofstream(folder_.path() / "base.yaml") << kStudy; }

  [[nodiscard]] Manifest parse(const std::string& below = "") const {
    return parse_manifest(kHead + below, folder_.path());
  }

  [[nodiscard]] std::string problem_of(const std::string& text) const {
    try {
      [[maybe_unused]] const Manifest manifest = parse_manifest(text, folder_.path());
    } catch (const config::StudyFileError& error) {
      return error.what();
    }
    return {};
  }

  [[nodiscard]] std::string problem_below(const std::string& below) const {
    return problem_of(kHead + below);
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_F(ManifestTest, MergesSectionsKeyByKeyAndReplacesWhatStandsBelow) {
  const Manifest manifest = parse();
  const PlannedStudy planned =
      plan_study(manifest, manifest.experiment("second"), Scale::Small, {{"model", "/a/m.pt"}});
  EXPECT_EQ(planned.file.budget.trials, 5);
  ASSERT_TRUE(planned.file.budget.time);
  const auto parameters = planned.file.problem.space.parameters();
  const auto& learning_rate =
      std::get<space::ChoiceDomain>(parameters[*planned.file.problem.space.index_of("lr")].domain);
  EXPECT_EQ(learning_rate.choices.size(), 2U);
  const auto& model = std::get<space::ConstantDomain>(
      parameters[*planned.file.problem.space.index_of("model")].domain);
  EXPECT_EQ(std::get<std::string>(model.value), "/a/m.pt");
  EXPECT_EQ(planned.file.problem.name, manifest.name + "-second");
}

TEST_F(ManifestTest, WritesAStudyThatReadsBackAsTheSame) {
  const Manifest manifest = parse();
  const PlannedStudy planned = plan_study(manifest, manifest.experiment("first"), Scale::Full);
  EXPECT_EQ(planned.file.budget.trials, 30);
  ASSERT_EQ(planned.file.capture.size(), 1U);
  EXPECT_EQ(planned.file.capture[0].pattern, "accuracy: \"([0-9.]+)\"");
  const config::StudyFile again = config::parse_study(planned.text, "again.yaml");
  EXPECT_FALSE(difference(again.problem, planned.file.problem));
  EXPECT_THAT(planned.text, HasSubstr("command: train --lr {lr} --from={model}\n"));
}

TEST_F(ManifestTest, TakesAKeyAwayThatHasNothingBehindIt) {
  const config::YamlNode base =
      config::parse_yaml(config::SourceText("a", "one: 1\ntwo: {three: 3, four: 4}\n"));
  const config::YamlNode over =
      config::parse_yaml(config::SourceText("b", "one:\ntwo: {four:}\nfive: [6]\n"));
  EXPECT_EQ(to_yaml(merged(base, over)), "two:\n  three: 3\nfive:\n  - 6\n");
}

TEST_F(ManifestTest, ShowsTheExperimentWhoseOverridesDoNotFit) {
  std::string text = kHead;
  text.replace(text.find("trials: 5"), 9, "trails: 5");
  const Manifest manifest = parse_manifest(text, folder_.path());
  try {
    [[maybe_unused]] const auto planned =
        plan_study(manifest, manifest.experiment("second"), Scale::Full);
    FAIL() << "an unknown key was accepted";
  } catch (const config::StudyFileError& error) {
    EXPECT_THAT(error.what(), HasSubstr("replication.yaml:6:5: experiment `second` at scale full"));
    EXPECT_THAT(error.what(), HasSubstr("unknown key `trails` in `budget`"));
  }
}

TEST_F(ManifestTest, ReadsAnalysesFiguresAndChecks) {
  const Manifest manifest = parse(
      "columns: {per_joule: 1 / energy_j}\n"
      "analyses:\n"
      "  - {name: g, kind: groups, of: [first, second], value: energy_j, by: parameter.lr}\n"
      "  - {name: e, kind: extremes, of: g, value: mean}\n"
      "figures:\n"
      "  - {kind: heatmap, title: H, of: first, x: a, y: b, value: c}\n"
      "checks:\n"
      "  - {claim: C, holds: e.ratio >= 1}\n");
  ASSERT_EQ(manifest.analyses.size(), 2U);
  EXPECT_THAT(manifest.analyses[0].of, ElementsAre("first", "second"));
  EXPECT_THAT(manifest.analyses[0].texts("by"), ElementsAre("parameter.lr"));
  EXPECT_EQ(manifest.analyses[1].expression("value").text(), "mean");
  EXPECT_EQ(manifest.checks[0].title, "C");
  EXPECT_EQ(manifest.columns[0].first, "per_joule");
}

TEST_F(ManifestTest, NamesWhatIsWrongAndWhere) {
  EXPECT_THAT(problem_below("analises: []\n"),
              HasSubstr("replication.yaml:14:1: unknown key `analises`; allowed"));
  EXPECT_THAT(problem_below("analyses:\n  - {name: a, kind: grups, of: first}\n"),
              HasSubstr(":15:21: unknown kind of analysis `grups`"));
  EXPECT_THAT(problem_below("analyses:\n  - {name: a, kind: groups, of: frist, value: x}\n"),
              HasSubstr("unknown experiment or analysis above this one `frist`"));
  EXPECT_THAT(problem_below("analyses:\n  - {name: a, kind: groups, of: first}\n"),
              HasSubstr("`analyses[0]` has no `value`"));
  EXPECT_THAT(problem_below("analyses:\n  - {name: a, kind: groups, of: first, value: 1 +}\n"),
              HasSubstr("something is missing, at letter"));
  EXPECT_THAT(problem_below("checks:\n  - {claim: C}\n"), HasSubstr("nothing to check"));
  EXPECT_THAT(problem_below("tables: {t: none.csv}\n"), HasSubstr("there is no table"));
  EXPECT_THAT(problem_of("title: T\n"), HasSubstr("the manifest has no `experiments`"));
}

TEST_F(ManifestTest, RefusesExperimentsThatCannotBe) {
  EXPECT_THAT(problem_of("title: T\npaper: {title: P}\nexperiments:\n"
                         "  - {name: a, study: none.yaml}\n"),
              HasSubstr("experiment `a`: there is no study file"));
  EXPECT_THAT(problem_of("title: T\npaper: {title: P}\nexperiments:\n"
                         "  - {name: a, study: base.yaml}\n  - {name: a, study: base.yaml}\n"),
              HasSubstr("the name `a` is taken"));
  EXPECT_THAT(problem_of("title: T\npaper: {title: P}\nexperiments:\n"
                         "  - {name: a, study: base.yaml, inputs: {m: {experiment: b, file: f}}}\n"
                         "  - {name: b, study: base.yaml}\n"),
              HasSubstr("unknown experiment above this one `b`"));
  EXPECT_THAT(problem_of("title: T\npaper: {title: P}\nexperiments:\n"
                         "  - {name: a b, study: base.yaml, scales: [tiny]}\n"),
              HasSubstr("unknown scale `tiny`"));
}

constexpr const char* kMatrix =
    "title: T\n"
    "paper: {title: P}\n"
    "experiments:\n"
    "  - about: all\n"
    "    set: {budget: {trials: 2}}\n"
    "    matrix:\n"
    "      workload:\n"
    "        - {name: images, about: one, study: base.yaml, small: {budget: {trials: 3}}}\n"
    "        - {name: power, study: base.yaml, scales: [full]}\n"
    "      search:\n"
    "        - {name: grid, about: two, set: {budget: {trials: 4}}}\n"
    "        - {name: random, set: {budget: {time: 1 h}}}\n"
    "analyses:\n"
    "  - {name: g, kind: groups, of: [images, power-grid], value: energy_j}\n"
    "  - {name: t, kind: groups, of: images.curves, value: energy_j}\n";

TEST_F(ManifestTest, MakesAnExperimentOfEveryCombinationOfVariants) {
  const Manifest manifest = parse_manifest(kMatrix, folder_.path());
  std::vector<std::string> names;
  for (const Experiment& experiment : manifest.experiments) names.push_back(experiment.name);
  EXPECT_THAT(names, ElementsAre("images-grid", "images-random", "power-grid", "power-random"));
  EXPECT_EQ(manifest.experiment("images-grid").about, "all; one; two");
  EXPECT_THAT(manifest.experiment("power-grid").scales, ElementsAre(Scale::Full));
  EXPECT_THAT(manifest.analyses[0].of, ElementsAre("images-grid", "images-random", "power-grid"));
  EXPECT_THAT(manifest.analyses[1].of, ElementsAre("images-grid.curves", "images-random.curves"));
}

TEST_F(ManifestTest, LetsTheLastVariantWinAndTheScaleOverAllOfThem) {
  const Manifest manifest = parse_manifest(kMatrix, folder_.path());
  const auto trials = [&](const char* name, Scale scale) {
    return plan_study(manifest, manifest.experiment(name), scale).file.budget.trials;
  };
  EXPECT_EQ(trials("images-random", Scale::Full), 2);
  EXPECT_EQ(trials("images-grid", Scale::Full), 4);
  EXPECT_EQ(trials("images-grid", Scale::Small), 3);
  const PlannedStudy both = plan_study(manifest, manifest.experiment("power-random"), Scale::Full);
  EXPECT_EQ(both.file.budget.trials, 2);
  EXPECT_TRUE(both.file.budget.time);
}

TEST_F(ManifestTest, KeepsWhatBelongsToAScale) {
  const std::string more = "  - {name: p, kind: groups, of: power, value: energy_j}\n";
  const Manifest manifest = at_scale(parse_manifest(kMatrix + more, folder_.path()), Scale::Small);
  ASSERT_EQ(manifest.experiments.size(), 2U);
  EXPECT_EQ(manifest.experiments[1].name, "images-random");
  EXPECT_THAT(manifest.analyses[0].of, ElementsAre("images-grid", "images-random"));
  EXPECT_THAT(manifest.analyses[2].of, ElementsAre("power-grid", "power-random"));
  EXPECT_EQ(at_scale(manifest, Scale::Full).experiments.size(), 2U);
}

TEST_F(ManifestTest, RefusesAMatrixThatIsAmbiguousOrLacksAStudy) {
  const std::string head = "title: T\npaper: {title: P}\nexperiments:\n";
  EXPECT_THAT(problem_of(head + "  - {name: a, matrix: {x: [{name: b}]}}\n"),
              HasSubstr("experiment `a-b` has no `study`"));
  EXPECT_THAT(problem_of(head + "  - {name: a, study: base.yaml, matrix: {x: [{name: b}]}}\n"
                                "  - {name: a-b, study: base.yaml}\n"),
              HasSubstr("the name `a-b` is taken"));
  EXPECT_THAT(problem_of(head + "  - {name: a, study: base.yaml, matrix: {x: [{name: b}]}}\n"
                                "  - {name: a, study: base.yaml}\n"),
              HasSubstr("the name `a` is that of a group"));
  EXPECT_THAT(problem_of(std::string{kMatrix} +
                         "  - {name: images, kind: groups, of: power, value: energy_j}\n"),
              HasSubstr("the name `images` is that of a group"));
  EXPECT_THAT(problem_of(head + "  - {study: base.yaml, matrix: {x: [{study: base.yaml}]}}\n"),
              HasSubstr("`experiments[0].matrix.x[0]` has no `name`"));
  EXPECT_THAT(problem_of(head + "  - {study: base.yaml, matrix: {x: [{name: b, matrix: 1}]}}\n"),
              HasSubstr("unknown key `matrix`"));
}

/// The manual names every kind with its keys in one line of a table or of a list.
bool is_described(const std::string& manual, const Kind& kind) {
  const std::string name = "`" + std::string{kind.name} + "`";
  if (manual.find(name) == std::string::npos) return false;
  return std::ranges::all_of(kind.keys, [&](const KindKey& key) {
    return manual.find("`" + std::string{key.key} + "`") != std::string::npos;
  });
}

TEST(StudiesManual, NamesEveryKindAndKey) {
  std::ifstream stream(fs::path{SOURCE_DIR} / "docs/studies.md");
  const std::string manual{std::istreambuf_iterator<char>{stream}, {}};
  for (const auto kinds : {analysis_kinds(), figure_kinds(), check_kinds()}) {
    for (const Kind& kind : kinds) EXPECT_TRUE(is_described(manual, kind)) << kind.name;
  }
}

// Whatever the project ships must be readable, and every experiment must make a valid study with a
// strategy that takes it, at both scales.
TEST(ShippedStudies, MakeValidStudiesAtEveryScale) {
  std::size_t num_studies = 0;
  for (const auto& entry : fs::directory_iterator(fs::path{SOURCE_DIR} / "studies")) {
    if (!fs::exists(entry.path() / kManifestName)) continue;
    ++num_studies;
    const Manifest manifest = read_manifest(entry.path());
    EXPECT_FALSE(manifest.checks.empty()) << manifest.name;
    EXPECT_TRUE(fs::exists(entry.path() / "README.md")) << manifest.name;
    for (const Experiment& experiment : manifest.experiments) {
      for (const Scale scale : experiment.scales) {
        std::map<std::string, std::string> inputs;
        for (const Input& input : experiment.inputs) inputs[input.parameter] = "/a/file";
        const auto plan = [&] {
          const PlannedStudy planned = plan_study(manifest, experiment, scale, inputs);
          (void)config::make_strategy(planned.file, planned.file.problem);
        };
        EXPECT_NO_THROW(plan()) << manifest.name << " " << experiment.name << " " << to_text(scale);
      }
    }
  }
  EXPECT_GE(num_studies, 2U);
}

}  // namespace wattune::replication
