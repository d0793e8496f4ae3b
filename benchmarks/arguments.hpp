#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace wattune::bench {

using Flags = std::map<std::string, std::function<void()>>;
using Values = std::map<std::string, std::function<void(const std::string&)>>;

/// Hands every argument to what takes it.
///
/// Errors   std::runtime_error  an argument that nothing takes, or a value that is missing
inline void read_arguments(int argc, char** argv, const Flags& flags, const Values& values) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (const auto flag = flags.find(words[i]); flag != flags.end()) {
      flag->second();
    } else if (const auto value = values.find(words[i]); value != values.end()) {
      if (++i == words.size()) throw std::runtime_error(words[i - 1] + " needs a value");
      value->second(words[i]);
    } else {
      throw std::runtime_error("unknown argument " + words[i]);
    }
  }
}

}  // namespace wattune::bench
