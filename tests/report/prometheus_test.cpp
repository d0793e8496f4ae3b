#include "wattune/report/prometheus.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

namespace wattune::report {
namespace {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0.0;
};

/// Reads the text format as strictly as `promtool check metrics` does, and fails on what it warns
/// of: HELP and TYPE once and before the samples, families together, no series twice, counters
/// that end in _total and nothing else that does, base units.
class StrictParser {
 public:
  static std::vector<Sample> parse(const std::string& text) {
    if (text.empty() || text.back() != '\n') throw std::runtime_error("no line feed at the end");
    StrictParser parser;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) parser.take(line);
    return parser.samples_;
  }

 private:
  static void require(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error(what);
  }

  void take(const std::string& line) {
    static const std::regex help{R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*))"};
    static const std::regex type{R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge))"};
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      require(families_.insert(match[1]).second, "HELP twice: " + line);
      family_ = match[1];
      type_.clear();
    } else if (std::regex_match(line, match, type)) {
      require(match[1] == family_ && type_.empty(), "TYPE without its HELP: " + line);
      type_ = match[2];
      require((type_ == "counter") == family_.ends_with("_total"), "a counter ends in _total");
      for (const char* unit : {"milli", "micro", "kilo", "percent", "kwh"}) {
        require(family_.find(unit) == std::string::npos, "not a base unit: " + family_);
      }
    } else {
      take_sample(line);
    }
  }

  void take_sample(const std::string& line) {
    std::size_t at = line.find('{');
    Sample sample;
    sample.name = line.substr(0, at);
    require(at != std::string::npos && sample.name == family_ && !type_.empty(),
            "a sample outside its family: " + line);
    ++at;
    while (line.at(at) != '}') at = take_label(line, at, sample);
    require(line.at(at + 1) == ' ', "a blank before the value: " + line);
    std::size_t used = 0;
    const std::string value = line.substr(at + 2);
    sample.value = std::stod(value, &used);
    require(used == value.size(), "more than a value: " + line);
    std::string series = sample.name;
    for (const auto& [name, label] : sample.labels) series += name + '\0' + label + '\0';
    require(series_.insert(series).second, "the same series twice: " + line);
    samples_.push_back(sample);
  }

  static std::size_t take_label(const std::string& line, std::size_t at, Sample& sample) {
    const std::size_t equals = line.find("=\"", at);
    const std::string name = line.substr(at, equals - at);
    static const std::regex allowed{"[a-zA-Z_][a-zA-Z0-9_]*"};
    require(std::regex_match(name, allowed) && !name.starts_with("__"), "label name: " + line);
    std::string value;
    for (at = equals + 2; line.at(at) != '"'; ++at) {
      if (line[at] == '\\') {
        const char next = line.at(++at);
        require(next == '\\' || next == '"' || next == 'n', "escape: " + line);
        value += next == 'n' ? '\n' : next;
      } else {
        value += line[at];
      }
    }
    require(sample.labels.emplace(name, value).second, "a label twice: " + line);
    require(!value.empty(), "an empty label: " + line);
    ++at;
    if (line.at(at) == ',') ++at;
    return at;
  }

  std::string family_;
  std::string type_;
  std::set<std::string> families_;
  std::set<std::string> series_;
  std::vector<Sample> samples_;
};

ChannelMetrics package() {
  ChannelMetrics metrics;
  metrics.channel.id = "rapl:package-1";
  metrics.channel.source = "RAPL counter of \"package-1\" in C:\\rapl\nsecond line";
  metrics.channel.socket = 1;
  metrics.total = Microjoules{1'234'567'890'123'456};
  metrics.power = Watts{62.5};
  metrics.uncertainty_ratio = 0.05;
  return metrics;
}

std::optional<Sample> find(const std::vector<Sample>& samples, const std::string& name) {
  for (const Sample& sample : samples) {
    if (sample.name == name) return sample;
  }
  return std::nullopt;
}

TEST(Prometheus, TheTextPassesAStrictParser) {
  ChannelMetrics gpu;
  gpu.channel.id = "nvml:GPU-1";
  gpu.channel.kind = energy::ChannelKind::Gpu;
  gpu.channel.device_uuid = "GPU-1";
  gpu.channel.source = "NVML total energy";
  gpu.total = Microjoules{1};
  const auto samples = StrictParser::parse(prometheus_text({package(), gpu}, "0.1.0"));

  const auto joules = find(samples, "wattune_joules_total");
  ASSERT_TRUE(joules);
  EXPECT_EQ(joules->labels.at("channel"), "rapl:package-1");
  EXPECT_EQ(joules->labels.at("kind"), "package");
  EXPECT_EQ(joules->labels.at("socket"), "1");
  EXPECT_EQ(joules->labels.at("quality"), "measured");
  EXPECT_EQ(joules->labels.count("uuid"), 0u);
  EXPECT_EQ(find(samples, "wattune_watts")->value, 62.5);
  EXPECT_EQ(find(samples, "wattune_uncertainty_ratio")->value, 0.05);
  EXPECT_EQ(joules->labels.at("source"), "rapl");
  EXPECT_EQ(samples.size(), 7u);
  EXPECT_EQ(samples[1].labels.at("uuid"), "GPU-1");
}

TEST(Prometheus, LabelValuesComeBackAsTheyWere) {
  const auto samples = StrictParser::parse(prometheus_text({package()}, "0.1.0"));
  EXPECT_EQ(find(samples, "wattune_channel_info")->labels.at("words"), package().channel.source);
}

TEST(Prometheus, ACounterKeepsEveryMicrojoule) {
  const std::string text = prometheus_text({package()}, "0.1.0");
  EXPECT_NE(text.find("} 1234567890.123456\n"), std::string::npos) << text;
}

TEST(Prometheus, WhatIsNotKnownIsLeftOutAndNotZero) {
  ChannelMetrics silent;
  silent.channel.id = "nvml:GPU-1";
  silent.channel.source = "a test";
  const auto samples = StrictParser::parse(prometheus_text({silent}, "0.1.0"));
  for (const Sample& sample : samples) {
    EXPECT_TRUE(sample.name.ends_with("_info")) << sample.name;
  }
}

TEST(Prometheus, TheParserOfThisTestIsStrict) {
  for (const char* wrong :
       {"wattune_watts{a=\"b\"} 1\n", "# HELP a b\n# TYPE a counter\na{x=\"y\"} 1\n",
        "# HELP a b\n# TYPE a gauge\na{x=\"y\"} 1\na{x=\"y\"} 2\n",
        "# HELP a b\n# TYPE a gauge\na{x=\"y\"} 1", "# HELP a b\n# TYPE a gauge\na{x=\"\\y\"} 1\n",
        "# HELP a b\n# TYPE a gauge\n# HELP a b\n",
        "# HELP a b\n# TYPE a gauge\na{x=\"y\"} 1 W\n"}) {
    EXPECT_ANY_THROW(static_cast<void>(StrictParser::parse(wrong))) << wrong;
  }
}

}  // namespace
}  // namespace wattune::report
