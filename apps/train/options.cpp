#include "options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <sstream>
#include <string_view>
#include <utility>

#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  wattune-train cnn
      four epochs of Fashion-MNIST with the defaults
  wattune-train cnn --width 8 --batch-norm true --lr 0.1 --schedule one-cycle --epochs 2
  wattune-train mlp --hidden 256,128 --optimizer adam --lr 0.001 --dropout 0.2 --threads 1
  wattune-train cnn --data ~/mnist --checkpoint-dir runs/mnist
  wattune-train cnn --lr {lr} --batch-size {batch_size} --optimizer {optimizer} --momentum={momentum}
      as the command of a study file

An option with an empty value (--momentum=) keeps its default. Started by wattune (WATTUNE_CONFIG and
WATTUNE_CHANNEL are set), the program takes resource, reporting interval, seed and checkpoints from
there and speaks the trial protocol. Exit status: 0 done, 1 failed while running, 2 bad option or data.
)";

template <typename Number>
std::optional<Number> to_number(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

/// Declares options on one CLI11 application, each with its check, its allowed values in the
/// message, and its default in the help.
class Declarer {
 public:
  explicit Declarer(CLI::App& app) : app_(app) {}

  void text(const std::string& name, const std::string& what, const std::string& type,
            std::function<std::string(const std::string&)> take, const std::string& by_default) {
    CLI::Option* option = app_.add_option_function<std::string>(
        name,
        [name, take = std::move(take)](const std::string& value) {
          if (const std::string allowed = take(value); !allowed.empty()) {
            throw UsageError(fmt::format("{}: '{}' is not allowed; {}", name, value, allowed));
          }
        },
        what);
    option->type_name(type)->take_last();
    if (!by_default.empty()) option->default_str(by_default);
  }

  void integer(const std::string& name, std::int64_t& target, std::int64_t low, std::int64_t high,
               const std::string& what) {
    text(
        name, what, "INT",
        [&target, low, high](const std::string& value) {
          const auto number = to_number<std::int64_t>(value);
          if (!number || *number < low || *number > high) {
            return fmt::format("a whole number from {} to {} is needed", low, high);
          }
          target = *number;
          return std::string();
        },
        fmt::format("{}", target));
  }

  /// A number in (low, high), or in [low, high) where `takes_low`.
  void real(const std::string& name, double& target, double low, bool takes_low, double high,
            const std::string& what) {
    text(
        name, what, "NUMBER",
        [&target, low, takes_low, high](const std::string& value) {
          const auto number = to_number<double>(value);
          const bool is_low_fine = number && (takes_low ? *number >= low : *number > low);
          if (!number || !is_low_fine || !(*number < high)) {
            return fmt::format("a number {} {} and below {} is needed",
                               takes_low ? "of at least" : "above", low, high);
          }
          target = *number;
          return std::string();
        },
        fmt::format("{}", target));
  }

  template <typename Value>
  void choice(const std::string& name, Value& target,
              const std::vector<std::pair<std::string, Value>>& choices, const std::string& what) {
    std::vector<std::string> names;
    std::string by_default;
    for (const auto& [word, value] : choices) {
      names.push_back(word);
      if (value == target && by_default.empty()) by_default = word;
    }
    text(
        name, what, fmt::format("{}", fmt::join(names, "|")),
        [&target, choices, names](const std::string& value) {
          const auto found =
              std::ranges::find(choices, value, &std::pair<std::string, Value>::first);
          if (found == choices.end()) return fmt::format("allowed: {}", fmt::join(names, ", "));
          target = found->second;
          return std::string();
        },
        by_default);
  }

  void flag(const std::string& name, bool& target, const std::string& what) {
    choice<bool>(
        name, target,
        {{"true", true}, {"false", false}, {"on", true}, {"off", false}, {"1", true}, {"0", false}},
        what);
  }

 private:
  CLI::App& app_;
};

void declare_data(Declarer declare, Options& options) {
  declare.text(
      "--data", "folder of the four IDX files, gzipped or plain", "DIR",
      [&options](const std::string& value) {
        options.data = value;
        return std::string();
      },
      options.data.string());
}

void declare_training(Declarer declare, Options& options) {
  OptimizerOptions& optimizer = options.optimizer;
  declare.choice<OptimizerKind>(
      "--optimizer", optimizer.kind,
      {{"sgd", OptimizerKind::Sgd}, {"adam", OptimizerKind::Adam}, {"adamw", OptimizerKind::AdamW}},
      "optimiser");
  declare.real("--lr", options.learning_rate, 0, false, 1000, "(peak) learning rate");
  declare.real("--momentum", optimizer.momentum, 0, true, 1, "momentum of sgd");
  declare.flag("--nesterov", optimizer.nesterov, "Nesterov momentum of sgd");
  declare.real("--beta1", optimizer.beta1, 0, true, 1, "first decay of adam and adamw");
  declare.real("--beta2", optimizer.beta2, 0, true, 1, "second decay of adam and adamw");
  declare.real("--weight-decay", optimizer.weight_decay, 0, true, 1000, "weight decay");
  declare.choice<ScheduleKind>("--schedule", options.schedule,
                               {{"constant", ScheduleKind::Constant},
                                {"cosine", ScheduleKind::Cosine},
                                {"one-cycle", ScheduleKind::OneCycle}},
                               "learning rate over a full training");
  declare.integer("--batch-size", options.batch_size, 1, 50'000, "samples per step");
  declare.real("--dropout", options.dropout, 0, true, 1,
               "probability of dropping an input of a dense layer");
}

void declare_running(Declarer declare, Options& options) {
  declare.integer("--epochs", options.epochs, 1, 1'000'000,
                  "full training, when not run by wattune");
  declare.integer("--report-every", options.report_every, 0, 1'000'000'000,
                  "samples between reports, unless wattune says; 0 is one epoch");
  declare.integer("--validation-samples", options.validation_samples, 1, 1'000'000'000,
                  "validation images of a report; a full training ends on all of them");
  declare.integer("--inference-batch", options.inference_batch, 1, 100'000,
                  "batch size of validation and of the inference phase");
  declare.text(
      "--seed", "seed of initial weights, data order and dropout (default: wattune's, or 1)", "INT",
      [&options](const std::string& value) -> std::string {
        options.seed = to_number<std::uint64_t>(value);
        return options.seed ? "" : "a whole number of at least 0 is needed";
      },
      "");
  declare.integer("--threads", options.threads, 0, 1024,
                  "threads; 0 leaves it to OMP_NUM_THREADS or the machine");
  declare.choice<DeviceChoice>(
      "--device", options.device,
      {{"auto", DeviceChoice::Auto}, {"cpu", DeviceChoice::Cpu}, {"cuda", DeviceChoice::Cuda}},
      "where to train; auto takes a GPU if there is one");
  declare.text(
      "--checkpoint-dir", "folder for checkpoints, when not run by wattune", "DIR",
      [&options](const std::string& value) {
        options.checkpoint_dir = value;
        return std::string();
      },
      "");
  declare.text(
      "--resume", "checkpoint to go on from, when not run by wattune", "FILE",
      [&options](const std::string& value) {
        options.resume = value;
        return std::string();
      },
      "");
}

void declare_cnn(Declarer declare, Options& options) {
  declare.integer("--blocks", options.blocks, 1, 6, "convolution blocks; each halves the image");
  declare.integer("--width", options.width, 1, 1024,
                  "channels of the first block; each further block has twice as many");
  declare.choice<std::int64_t>("--kernel", options.kernel, {{"1", 1}, {"3", 3}, {"5", 5}, {"7", 7}},
                               "side of the convolution kernels");
  declare.flag("--batch-norm", options.batch_norm, "batch normalisation in every block");
}

std::string take_widths(const std::string& value, std::vector<std::int64_t>& widths) {
  widths.clear();
  std::istringstream list(value);
  for (std::string item; std::getline(list, item, ',');) {
    const auto width = to_number<std::int64_t>(item);
    if (!width || *width < 1 || *width > 65'536) {
      widths.clear();
      break;
    }
    widths.push_back(*width);
  }
  return widths.empty() ? "widths from 1 to 65536 are needed, separated by commas" : "";
}

void declare_mlp(Declarer declare, Options& options) {
  declare.text(
      "--hidden", "width of the hidden layers; or one width for each, as in 256,128",
      "INT[,INT...]",
      [&options](const std::string& value) { return take_widths(value, options.hidden); },
      fmt::format("{}", fmt::join(options.hidden, ",")));
  declare.integer("--depth", options.depth, 1, 64, "hidden layers, where --hidden is one width");
}

void check_together(Options& options) {
  if (options.model == Model::Mlp) {
    const auto depth = static_cast<std::size_t>(options.depth);
    if (options.hidden.size() > 1 && depth != 1 && depth != options.hidden.size()) {
      throw UsageError(fmt::format("--depth: '{}' is not allowed; --hidden names {} layers", depth,
                                   options.hidden.size()));
    }
    if (options.hidden.size() == 1) options.hidden.resize(depth, options.hidden.front());
  }
  if (options.optimizer.nesterov && options.optimizer.kind == OptimizerKind::Sgd &&
      options.optimizer.momentum == 0) {
    throw UsageError("--nesterov: 'true' is not allowed; it needs a --momentum above 0");
  }
  if (options.model == Model::Cnn && options.batch_norm && options.batch_size == 1) {
    throw UsageError("--batch-size: '1' is not allowed; with --batch-norm at least 2 is needed");
  }
}

bool has_empty_value(const std::string& argument) {
  return argument.size() > 3 && argument.starts_with("--") &&
         argument.find('=') + 1 == argument.size();
}

}  // namespace

std::optional<Options> parse_options(std::vector<std::string> arguments, std::string& help) {
  Options options;
  CLI::App app("Trains a network on Fashion-MNIST (or MNIST), alone or as a trial of wattune.",
               "wattune-train");
  app.footer(std::string(kExamples));
  app.require_subcommand(1);
  app.get_formatter()->column_width(44);
  CLI::App* mlp = app.add_subcommand("mlp", "multi-layer perceptron");
  CLI::App* cnn = app.add_subcommand("cnn", "convolutional network");
  for (CLI::App* model : {mlp, cnn}) {
    model->footer(std::string(kExamples));
    declare_data(Declarer(*model), options);
    declare_training(Declarer(*model), options);
    declare_running(Declarer(*model), options);
  }
  declare_mlp(Declarer(*mlp), options);
  declare_cnn(Declarer(*cnn), options);

  std::erase_if(arguments, has_empty_value);
  if (!arguments.empty() && !arguments[0].starts_with('-') && arguments[0] != "mlp" &&
      arguments[0] != "cnn") {
    throw UsageError(fmt::format("model '{}' is not known; allowed: mlp, cnn", arguments[0]));
  }
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    help = app.help();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{} (wattune-train --help lists what is allowed)", error.what()));
  }
  options.model = mlp->parsed() ? Model::Mlp : Model::Cnn;
  check_together(options);
  return options;
}

}  // namespace wattune::train
