#include "schedule/peer_traces.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "wattune/base/result.hpp"

namespace wattune::bench {

using nlohmann::json;

PeerTraces read_peer_traces(const std::filesystem::path& file) try {
  std::ifstream in{file};
  if (!in) throw ConfigError(file.string() + " cannot be read");
  const json document = json::parse(in);
  PeerTraces peers;
  for (const auto& [task, entry] : document.at("targets").items()) {
    peers.targets[task] = {entry.at("median_full_training_s"), entry.at("top_1_percent"),
                           entry.at("top_0.1_percent"), entry.at("best"),
                           entry.at("median_random")};
  }
  for (const auto& [task, strategies] : document.at("peers").items()) {
    for (const auto& [strategy, runs] : strategies.items()) {
      for (const json& run : runs) {
        Trace trace;
        for (const json& point : run.at("trace")) trace.push_back({point.at(0), point.at(1)});
        peers.runs[strategy][task].push_back(std::move(trace));
      }
    }
  }
  return peers;
} catch (const json::exception& error) {
  throw ConfigError(fmt::format("{}: {}", file.string(), error.what()));
}

}  // namespace wattune::bench
