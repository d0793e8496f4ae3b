#include "profile/command.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cstdio>

#include "command_line/parse_command.hpp"
#include "profile/profile_text.hpp"
#include "tactics/command_options.hpp"
#include "tactics/scripted_model.hpp"
#include "tactics/tactic.hpp"

namespace wattune::train {
namespace {

constexpr const char* kFooter = R"(
Examples:
  wattune-train profile cnn.pt
  wattune-train profile cnn.pt --batch-size 256 --seconds 30 --json
  wattune-train profile other.pt --input-shape 3x224x224 --threads 1

Figures are those of one batch. An operation that is not known has "-" in place of its FLOPs. Exit
status: 0 done, 1 failed while running, 2 bad option or file, 3 the model cannot be looked into.
)";

struct ProfileOptions {
  std::filesystem::path model;
  std::int64_t batch_size = 64;
  double seconds = 10;
  std::int64_t threads = 0;
  bool is_json = false;
  InputOptions inputs;
};

std::optional<ProfileOptions> parse(const std::vector<std::string>& arguments, std::string& help) {
  ProfileOptions options;
  std::string shape;
  CLI::App app("Tells time, operations and energy of every layer of a model, forward and backward.",
               "wattune-train profile");
  app.footer(kFooter);
  app.get_formatter()->column_width(36);
  app.add_option("FILE", options.model, "TorchScript file")->required()->type_name("FILE.pt");
  app.add_option("--batch-size", options.batch_size, "samples at once")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str()
      ->type_name("INT");
  app.add_option("--seconds", options.seconds, "for all measurements together, about")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  app.add_option("--threads", options.threads, "0: as OMP_NUM_THREADS says")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->type_name("INT");
  app.add_flag("--json", options.is_json, "the figures as JSON");
  add_input_options(app, options.inputs, shape);
  if (!parse_command(app, arguments, help)) return std::nullopt;
  take_shape(options.inputs, shape);
  options.inputs.num_made = options.batch_size;
  return options;
}

}  // namespace

int run_profile(const std::vector<std::string>& arguments) {
  std::string help;
  const auto options = parse(arguments, help);
  if (!options) {
    fmt::print("{}", help);
    return 0;
  }
  if (options->threads > 0) at::set_num_threads(static_cast<int>(options->threads));
  at::globalContext().setFlushDenormal(true);
  const ScriptedModel model = read_torchscript(options->model);
  const ModelInputs inputs = make_inputs(options->inputs, model.facts);
  const at::Tensor batch =
      inputs.samples.narrow(0, 0, std::min(options->batch_size, inputs.samples.size(0)));
  const auto window = open_energy_window(at::get_num_threads());
  try {
    const Profile profile = profile_model(model.module, batch, options->seconds, *window);
    fmt::print("{}", options->is_json ? to_json_text(profile) : to_text(profile));
  } catch (const NotSupported& error) {
    fmt::print(stderr, "wattune-train: not supported here: {}\n", error.what());
    return kNotSupportedStatus;
  }
  return 0;
}

std::optional<CommandEnd> run_model_command(std::vector<std::string> arguments,
                                            const OpenObserver& open) {
  if (arguments.empty()) return std::nullopt;
  const std::string name = arguments.front();
  arguments.erase(arguments.begin());
  if (name == "infer") return run_infer(arguments, open);
  if (name == "profile") return CommandEnd{.status = run_profile(arguments)};
  return std::nullopt;
}

}  // namespace wattune::train
