#include "tactics/command.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cstdio>

#include "tactics/infer.hpp"

namespace wattune::train {

CommandEnd run_infer(const std::vector<std::string>& arguments, const OpenObserver& open) {
  std::string help;
  const auto options = parse_infer_options(arguments, help);
  if (!options) {
    fmt::print("{}", help);
    return {};
  }
  const auto observer = open("use", 1);
  if (options->threads > 0) at::set_num_threads(static_cast<int>(options->threads));
  at::globalContext().setFlushDenormal(true);
  try {
    return {.status = 0, .is_asked = infer(*options, *observer) == InferEnding::Asked};
  } catch (const NotSupported& error) {
    fmt::print(stderr, "wattune-train: not supported here: {}\n", error.what());
    return {.status = kNotSupportedStatus};
  }
}

}  // namespace wattune::train
