#include "tasks/chosen_heads.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "errors.hpp"

namespace wattune::train {

std::vector<Head> chosen_heads(const std::vector<std::string>& names,
                               const std::vector<Head>& known) {
  std::vector<Head> chosen;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(known, name, &Head::name);
    if (found == known.end()) {
      std::vector<std::string> allowed;
      for (const Head& head : known) allowed.push_back(head.name);
      throw UsageError(
          fmt::format("--heads: '{}' is not allowed; allowed: {}", name, fmt::join(allowed, ", ")));
    }
    if (std::ranges::find(chosen, name, &Head::name) != chosen.end()) {
      throw UsageError(fmt::format("--heads: '{}' is named twice", name));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

}  // namespace wattune::train
