#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/observer.hpp"
#include "training/resource.hpp"

namespace wattune::train {

/// What is to be trained, how far, and where its state lives.
struct Assignment {
  Unit unit = Unit::Epochs;
  std::int64_t to = 0;
  std::int64_t max = 0;
  std::optional<std::int64_t> report_every = {};  ///< In `unit`.
  bool is_probe = false;
  std::optional<std::uint64_t> seed = {};
  std::optional<std::filesystem::path> checkpoint_dir = {};
  std::optional<std::filesystem::path> resume_from = {};
};

/// Reads the configuration file that WATTUNE_CONFIG names (docs/protocol.md).
///
/// Errors   UsageError  unreadable, not JSON, another protocol version, or a value out of range;
///                      the message names file and key
Assignment read_assignment(const std::filesystem::path& path);

/// Speaks version 1 of the trial protocol over an inherited descriptor (docs/protocol.md).
///
/// Errors   EngineGone          from every function, once the other end has closed
///          std::runtime_error  the engine sent a line that is not an answer
class ProtocolClient final : public Observer {
 public:
  /// Takes    channel      stream socket or the like, read and written; stays the caller's
  ///          end_request  descriptor that becomes readable when the process is asked to end
  ProtocolClient(int channel, int end_request);

  void info(const Facts& facts) override;
  void phase_begin(std::string_view name) override;
  void phase_end(std::string_view name, std::int64_t samples) override;
  void checkpoint(std::int64_t step, const std::filesystem::path& path) override;
  Answer report(const Report& report) override;
  bool should_end() override;

 private:
  void send(std::string line);
  /// Nothing where the process is asked to end before a line came.
  std::optional<std::string> receive();

  int channel_;
  int end_request_;
  std::string received_;
};

}  // namespace wattune::train
