#include "wattune/energy/channel_tree.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "wattune/base/require.hpp"

namespace wattune::energy {

ChannelTree::ChannelTree(std::vector<Channel> channels) : channels_(std::move(channels)) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (!index_.emplace(channels_[i].id, i).second) {
      throw ConfigError(fmt::format("two channels have the id {}", channels_[i].id));
    }
  }
  for (const Channel& channel : channels_) {
    std::size_t num_steps = 0;
    for (std::optional<std::string> outer = channel.contained_in; outer && index_.contains(*outer);
         outer = channels_[index_of(*outer)].contained_in) {
      if (++num_steps > channels_.size() || *outer == channel.id) {
        throw ConfigError(fmt::format("the channel {} contains itself", channel.id));
      }
    }
  }
}

std::size_t ChannelTree::index_of(std::string_view id) const {
  const auto found = index_.find(std::string(id));
  WATTUNE_REQUIRE(found != index_.end());
  return found->second;
}

bool ChannelTree::contains(std::string_view outer, std::string_view inner) const {
  std::optional<std::string> above = channels_[index_of(inner)].contained_in;
  while (above && index_.contains(*above)) {
    if (*above == outer) return true;
    above = channels_[index_of(*above)].contained_in;
  }
  return false;
}

bool ChannelTree::is_antichain(std::span<const std::string> ids) const {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (std::size_t j = 0; j < ids.size(); ++j) {
      if (i != j && (ids[i] == ids[j] || contains(ids[i], ids[j]))) return false;
    }
  }
  return true;
}

void require_antichain(const std::vector<Channel>& channels) {
  const ChannelTree tree(channels);
  for (const Channel& outer : channels) {
    for (const Channel& inner : channels) {
      if (&outer == &inner || !tree.contains(outer.id, inner.id)) continue;
      throw ConfigError(
          fmt::format("{} is part of {}: adding both would count it twice", inner.id, outer.id));
    }
  }
}

}  // namespace wattune::energy
