#include "tactics/infer_options.hpp"

#include "command_line/parse_command.hpp"
#include "tactics/command_options.hpp"

namespace wattune::train {
namespace {

constexpr const char* kFooter = R"(
Examples:
  wattune-train infer cnn.pt --data /usr/share/datasets/fashion-mnist
  wattune-train infer cnn.pt --tactic int8-dynamic --batch-size 256 --repetitions 10 --warm-up 3
  wattune-train infer other.pt --tactic prune-global --amount 0.8 --input-shape 3x224x224
  wattune-train infer cnn.pt --tactic {tactic} --amount={amount} --batch-size {batch_size}
      as the command of a study file

The phases `optimize`, `warm_up` and `inference` are metered by wattune; the report follows at the
end. Exit status: 0 done, 1 failed while running, 2 bad option or file, 3 the tactic is not
supported here, with the reason.
)";

void declare(CLI::App& app, InferOptions& options, std::string& tactic) {
  app.add_option("FILE", options.model, "TorchScript file")->required()->type_name("FILE.pt");
  app.add_option("--tactic", tactic, "what is done to the model first")
      ->check(CLI::IsMember(tactic_names()))
      ->capture_default_str()
      ->type_name("NAME");
  app.add_option("--amount", options.amount, "share of the weights that pruning sets to 0")
      ->check(CLI::Range(0.0, 0.999))
      ->capture_default_str()
      ->type_name("SHARE");
  app.add_option("--batch-size", options.batch_size, "samples at once")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str()
      ->type_name("INT");
  app.add_option("--repetitions", options.repetitions, "measurements")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str()
      ->type_name("INT");
  app.add_option("--warm-up", options.warm_up, "passes that do not count")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str()
      ->type_name("INT");
  app.add_option("--min-seconds", options.min_seconds,
                 "a repetition is whole passes until they take so long")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  app.add_option("--cool-down", options.cool_down, "pause before each repetition")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  app.add_option("--samples", options.samples, "of a pass; at least one batch")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str()
      ->type_name("INT");
  app.add_option("--threads", options.threads, "0: as OMP_NUM_THREADS says")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->type_name("INT");
  app.add_option("--seed", options.inputs.seed, "of made inputs")->type_name("INT");
  app.add_option_function<std::string>(
         "--save", [&options](const std::string& value) { options.save = value; },
         "writes the changed model")
      ->type_name("FILE.pt");
}

}  // namespace

std::optional<InferOptions> parse_infer_options(std::vector<std::string> arguments,
                                                std::string& help) {
  InferOptions options;
  std::string tactic = "none";
  std::string shape;
  CLI::App app("Uses a trained model, as it is or after an optimisation tactic, and reports.",
               "wattune-train infer");
  app.footer(kFooter);
  app.get_formatter()->column_width(36);
  declare(app, options, tactic);
  add_input_options(app, options.inputs, shape);
  if (!parse_command(app, std::move(arguments), help)) return std::nullopt;
  options.tactic = *to_tactic(tactic);
  take_shape(options.inputs, shape);
  options.inputs.num_made = std::max(options.samples, options.batch_size);
  return options;
}

}  // namespace wattune::train
