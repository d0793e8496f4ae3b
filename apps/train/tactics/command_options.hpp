#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "errors.hpp"
#include "tactics/model_inputs.hpp"

namespace wattune::train {

/// The options that tell a command what to feed a model.
inline void add_input_options(CLI::App& app, InputOptions& inputs, std::string& shape_text) {
  app.add_option_function<std::string>(
         "--data", [&inputs](const std::string& value) { inputs.data = value; },
         "folder of images with labels, as the trainings take it")
      ->type_name("DIR");
  app.add_option_function<std::string>(
         "--split", [&inputs](const std::string& value) { inputs.is_test_split = value == "test"; },
         "which images of --data")
      ->check(CLI::IsMember({"validation", "test"}))
      ->default_str("validation")
      ->type_name("validation|test");
  app.add_option("--input-shape", shape_text,
                 "of one sample, for made inputs: 3x32x32; an exported file knows it")
      ->type_name("SIZES");
  app.add_option("--vocabulary", inputs.vocabulary, "made inputs are whole numbers below this")
      ->check(CLI::Range(2, 1 << 30))
      ->type_name("INT");
  app.add_option("--pixel-mean", inputs.pixel_mean,
                 "pixels, 0 to 255, have this subtracted; default: as the file says, else the mean "
                 "of the training split")
      ->delimiter(',')
      ->type_name("NUMBER[,NUMBER...]");
  app.add_option("--pixel-deviation", inputs.pixel_deviation, "and are divided by this then")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER[,NUMBER...]");
}

inline void take_shape(InputOptions& inputs, const std::string& text) {
  if (text.empty()) return;
  const auto shape = to_shape(text);
  if (!shape) {
    throw UsageError("--input-shape: '" + text +
                     "' is not allowed; sizes above 0 are needed, as in 3x32x32");
  }
  inputs.shape = *shape;
}

}  // namespace wattune::train
