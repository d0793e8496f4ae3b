#include "protocol/protocol_client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "errors.hpp"

namespace wattune::train {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestAnswer = std::size_t{1} << 20U;

/// Looks values up in the configuration file and names the key when one is wrong.
class ConfigReader {
 public:
  explicit ConfigReader(const std::filesystem::path& path) : path_(path) {
    std::ifstream file(path);
    if (!file) fail(std::strerror(errno));
    root_ = json::parse(file, nullptr, false);
    if (root_.is_discarded()) fail("not JSON");
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw UsageError(fmt::format("configuration file {}: {}", path_.string(), what));
  }

  /// Null where the key, or the object around it, is absent.
  [[nodiscard]] json at(const char* pointer) const {
    return root_.value(json::json_pointer(pointer), json());
  }

  [[nodiscard]] std::int64_t integer(const char* pointer, std::int64_t smallest) const {
    const json value = at(pointer);
    const double number = value.is_number() ? value.get<double>() : std::nan("");
    if (!(number >= static_cast<double>(smallest) && number < 0x1p53) ||
        number != std::floor(number)) {
      fail(fmt::format("{} is {}; a whole number of at least {} is needed", pointer, value.dump(),
                       smallest));
    }
    return static_cast<std::int64_t>(number);
  }

  [[nodiscard]] std::optional<std::filesystem::path> path(const char* pointer) const {
    const json value = at(pointer);
    if (value.is_null()) return std::nullopt;
    if (!value.is_string()) fail(fmt::format("{} is {}; a path is needed", pointer, value.dump()));
    return value.get<std::string>();
  }

  [[nodiscard]] Unit unit() const {
    const json value = at("/resource/unit");
    if (value == "epochs") return Unit::Epochs;
    if (value == "steps") return Unit::Steps;
    if (value == "samples") return Unit::Samples;
    fail(fmt::format("/resource/unit is {}; allowed: epochs, steps, samples", value.dump()));
  }

 private:
  std::filesystem::path path_;
  json root_;
};

/// JSON has no NaN; the protocol takes the token.
std::string to_token(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{}", number);
}

Answer to_answer(const std::string& line) {
  const json answer = json::parse(line, nullptr, false);
  const json decision = answer.is_object() ? answer.value("decision", json()) : json();
  if (decision == "stop") return {.kind = Answer::Kind::Stop};
  if (decision == "pause") return {.kind = Answer::Kind::Pause};
  const json until = decision == "continue" ? answer.value("until", json()) : json();
  if (!until.is_number()) {
    throw std::runtime_error(fmt::format("the engine sent a line that is no answer: {}", line));
  }
  return {.kind = Answer::Kind::Continue, .until = until.get<std::int64_t>()};
}

}  // namespace

Assignment read_assignment(const std::filesystem::path& path) {
  const ConfigReader config(path);
  if (const json protocol = config.at("/protocol"); protocol != 1) {
    config.fail(fmt::format("/protocol is {}; this program speaks 1", protocol.dump()));
  }
  Assignment assignment;
  assignment.unit = config.unit();
  assignment.to = config.integer("/resource/to", 1);
  assignment.max = config.integer("/resource/max", 1);
  if (!config.at("/resource/report_every").is_null()) {
    assignment.report_every = config.integer("/resource/report_every", 1);
  }
  assignment.is_probe = config.at("/purpose") == "probe";
  if (!config.at("/seed").is_null()) {
    assignment.seed = static_cast<std::uint64_t>(config.integer("/seed", 0));
  }
  assignment.checkpoint_dir = config.path("/checkpoint/dir");
  assignment.resume_from = config.path("/checkpoint/resume_from");
  return assignment;
}

ProtocolClient::ProtocolClient(int channel, int end_request)
    : channel_(channel), end_request_(end_request) {
}

void ProtocolClient::info(const Facts& facts) {
  std::string values;
  for (const auto& [name, value] : facts) {
    values += fmt::format(R"({}"{}":{})", values.empty() ? "" : ",", name, value);
  }
  send(fmt::format(R"({{"type":"info","values":{{{}}}}})", values));
}

void ProtocolClient::phase_begin(std::string_view name) {
  send(fmt::format(R"({{"type":"phase","name":"{}","event":"begin"}})", name));
}

void ProtocolClient::phase_end(std::string_view name, std::int64_t samples) {
  send(fmt::format(R"({{"type":"phase","name":"{}","event":"end","samples":{}}})", name, samples));
}

void ProtocolClient::checkpoint(std::int64_t step, const std::filesystem::path& path) {
  send(fmt::format(R"({{"type":"checkpoint","step":{},"path":{}}})", step,
                   json(path.string()).dump()));
}

Answer ProtocolClient::report(const Report& report) {
  std::string metrics;
  for (const auto& [name, value] : report.metrics) {
    metrics += fmt::format(R"({}"{}":{})", metrics.empty() ? "" : ",", name, to_token(value));
  }
  send(fmt::format(R"({{"type":"report","step":{},"metrics":{{{}}},"samples":{}}})", report.step,
                   metrics, report.samples));
  const std::optional<std::string> line = receive();
  if (!line) return {.kind = Answer::Kind::Pause};
  return to_answer(*line);
}

bool ProtocolClient::should_end() {
  std::array<pollfd, 2> watched{{{channel_, POLLIN, 0}, {end_request_, POLLIN, 0}}};
  if (::poll(watched.data(), watched.size(), 0) <= 0) return false;
  if (watched[1].revents != 0) return true;
  if ((watched[0].revents & (POLLHUP | POLLERR)) != 0) throw EngineGone();
  return false;
}

void ProtocolClient::send(std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(channel_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == EPIPE || errno == ECONNRESET)) throw EngineGone();
    if (written < 0) {
      throw std::runtime_error(
          fmt::format("cannot write to the channel: {}", std::strerror(errno)));
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::optional<std::string> ProtocolClient::receive() {
  while (true) {
    if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    if (received_.size() > kLongestAnswer) {
      throw std::runtime_error("the engine sent a line of more than 1 MiB");
    }
    std::array<pollfd, 2> watched{{{channel_, POLLIN, 0}, {end_request_, POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) {
      throw std::runtime_error(fmt::format("cannot wait on the channel: {}", std::strerror(errno)));
    }
    if (watched[0].revents != 0) {
      std::array<char, 4096> chunk{};
      const ssize_t got = ::read(channel_, chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw EngineGone();
      received_.append(chunk.data(), static_cast<std::size_t>(got));
    } else if (watched[1].revents != 0) {
      return std::nullopt;
    }
  }
}

}  // namespace wattune::train
