#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wattune/energy/meter.hpp"

namespace wattune::energy {

/// Which channel's energy includes which other's, so that nothing is added up twice.
///
/// A channel lies below the one named in its `contained_in`, if that channel is there.
///
/// Errors   ConfigError  two channels with one id, or containment that goes round in a circle
class ChannelTree {
 public:
  explicit ChannelTree(std::vector<Channel> channels);

  [[nodiscard]] const std::vector<Channel>& channels() const { return channels_; }
  /// Whether the energy of `inner` is part of that of `outer`; a channel does not contain itself.
  [[nodiscard]] bool contains(std::string_view outer, std::string_view inner) const;
  /// Whether these may be added up: none of them contains another, and none is there twice.
  [[nodiscard]] bool is_antichain(std::span<const std::string> ids) const;

 private:
  [[nodiscard]] std::size_t index_of(std::string_view id) const;

  std::vector<Channel> channels_;
  std::unordered_map<std::string, std::size_t> index_;
};

/// Refuses channels that must not be added up.
///
/// Errors   ConfigError  one of them contains another; the message names both
void require_antichain(const std::vector<Channel>& channels);

}  // namespace wattune::energy
