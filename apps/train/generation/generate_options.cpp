#include <CLI/CLI.hpp>
#include <utility>

#include "command_line/declarer.hpp"
#include "command_line/machine_options.hpp"
#include "command_line/parse_command.hpp"
#include "generation/generate.hpp"

namespace wattune::train {
namespace {

constexpr const char* kExamples = R"(
Examples:
  wattune-train generate novel.model --prompt "It was" --tokens 48 --repetitions 1
  wattune-train generate novel.model --batch-size {batch_size} --repetitions 8
      as the command of a study file that maximises samples_per_joule.inference: tokens per joule
)";

void declare(Declarer declare, GenerateOptions& options) {
  declare.path("--data", options.data, "PATH", "text or folder of texts that prompts are cut from",
               options.data.string());
  declare.path("--prompt", options.prompt, "TEXT", "what every text begins with");
  declare.integer("--prompt-tokens", options.prompt_tokens, 1, 8192,
                  "tokens of a prompt, where none is given");
  declare.integer("--batch-size", options.batch_size, 1, 65'536, "texts at once");
  declare.integer("--tokens", options.tokens, 1, 8192, "new tokens of each text");
  declare.integer("--repetitions", options.repetitions, 1, 1'000'000, "batches that are measured");
  declare.integer("--warm-up", options.warm_up, 0, 1'000'000, "batches before that");
  declare.real("--temperature", options.temperature, 0, true, 100,
               "of the choice among tokens; 0 takes the likeliest");
  declare.choice<Precision>("--precision", options.precision,
                            {{"float32", Precision::Float32}, {"bfloat16", Precision::BFloat16}},
                            "of a model of this program; a TorchScript file has its own");
  declare.text("--seed", "seed of prompts and choices", "INT",
               [&options](const std::string& value) -> std::string {
                 const auto seed = to_number<std::uint64_t>(value);
                 if (seed) options.seed = *seed;
                 return seed ? "" : "a whole number of at least 0 is needed";
               });
  declare_machine(declare, options.threads, options.device, "compute");
}

}  // namespace

std::optional<GenerateOptions> parse_generate_options(std::vector<std::string> arguments,
                                                      std::string& help) {
  GenerateOptions options;
  CLI::App app("Lets a trained language model write, alone or as a trial of wattune.",
               "wattune-train generate");
  app.footer(kExamples);
  app.get_formatter()->column_width(44);
  std::string file;
  app.add_option("FILE", file, "checkpoint, saved model, or TorchScript export of a transformer")
      ->required();
  declare(Declarer(app), options);
  if (!parse_command(app, std::move(arguments), help)) return std::nullopt;
  options.file = file;
  return options;
}

}  // namespace wattune::train
