#include "options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "command_line/declarer.hpp"
#include "command_line/machine_options.hpp"
#include "command_line/model_options.hpp"
#include "command_line/parse_command.hpp"
#include "errors.hpp"

namespace wattune::train {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  wattune-train cnn
      four epochs of Fashion-MNIST with the defaults
  wattune-train cnn --width 8 --batch-norm true --lr 0.1 --schedule one-cycle --epochs 2
  wattune-train mlp --hidden 256,128 --optimizer adam --lr 0.001 --dropout 0.2 --threads 1
  wattune-train resnet18 --data ~/cifar-10-batches-bin --width 16 --stop-at accuracy=0.8 --epochs 20
  wattune-train lstm --data ~/household_power_consumption.txt --window 48 --patience 3
  wattune-train transformer --data ~/novel.txt --save novel.model
  wattune-train generate novel.model --prompt "It was" --batch-size 8
  wattune-train cnn --init-from runs/base.model --freeze block --heads parity
  wattune-train cnn --lr {lr} --batch-size {batch_size} --optimizer {optimizer} --momentum={momentum}
      as the command of a study file

An option with an empty value (--momentum=) keeps its default. Started by wattune (WATTUNE_CONFIG and
WATTUNE_CHANNEL are set), the program takes resource, reporting interval, seed and checkpoints from
there and speaks the trial protocol. Exit status: 0 done, 1 failed while running, 2 bad option or data.
)";

void declare_ends(Declarer declare, Options& options) {
  declare.text("--stop-at", "end once validation reaches it, as in accuracy=0.9; reports `reached`",
               "METRIC=VALUE", [&options](const std::string& value) -> std::string {
                 options.stop.target = to_target(value);
                 return options.stop.target ? "" : "METRIC=VALUE is needed, as in accuracy=0.9";
               });
  declare.integer("--patience", options.stop.patience, 0, 1'000'000,
                  "end after so many reports without a better validation loss; 0 never ends");
  declare.real("--min-delta", options.stop.min_delta, 0, true, 1e9,
               "by so much a better validation loss must be lower");
  declare.text("--sparsity-penalty",
               "weight of a penalty on activations that are not zero; reports `activation_density`",
               "NUMBER", [&options](const std::string& value) -> std::string {
                 options.sparsity_penalty = to_number<double>(value);
                 const bool is_fine = options.sparsity_penalty && *options.sparsity_penalty >= 0 &&
                                      *options.sparsity_penalty < 1e9;
                 return is_fine ? "" : "a number of at least 0 is needed";
               });
  declare.real("--sparsity-sigma", options.sparsity_sigma, 0, false, 1e9,
               "square of the activation that counts half in the penalty");
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
  declare.flag("--inert-beta2", optimizer.is_beta2_inert,
               "accept --beta2 and use 0.999, as a published study's code did");
  declare.real("--epsilon", optimizer.epsilon, 0, false, 1, "epsilon of adam and adamw");
  declare.real("--weight-decay", optimizer.weight_decay, 0, true, 1000, "weight decay");
  declare.choice<ScheduleKind>("--schedule", options.schedule,
                               {{"constant", ScheduleKind::Constant},
                                {"cosine", ScheduleKind::Cosine},
                                {"one-cycle", ScheduleKind::OneCycle}},
                               "learning rate over a full training");
  declare.integer("--batch-size", options.batch_size, 1, 50'000, "samples per step");
  declare.choice<OrderKind>("--order", options.order,
                            {{"shuffled", OrderKind::Shuffled}, {"fixed", OrderKind::Fixed}},
                            "shuffled anew in every epoch, or the same batches every time");
  declare.choice<Precision>("--precision", options.precision,
                            {{"float32", Precision::Float32}, {"bfloat16", Precision::BFloat16}},
                            "of what layers compute with; weights are kept in float32");
  declare.path("--init-from", options.init_from, "FILE",
               "begin with what a checkpoint, saved model or TorchScript file has learnt");
  declare.names("--freeze", options.frozen,
                "parts that are not trained, by the beginning of their name, as block0");
  declare_ends(declare, options);
}

void declare_running(Declarer declare, Options& options) {
  declare.integer("--epochs", options.epochs, 1, 1'000'000,
                  "full training, when not run by wattune");
  declare.integer("--report-every", options.report_every, 0, 1'000'000'000,
                  "samples between reports, unless wattune says; 0 is one epoch");
  declare.integer("--validation-samples", options.validation_samples, 1, 1'000'000'000,
                  "validation samples of a report; a full training ends on all of them");
  declare.integer("--inference-batch", options.inference_batch, 1, 100'000,
                  "batch size of validation and of the inference phase");
  declare.text(
      "--seed", "seed of initial weights, data order and dropout (default: wattune's, or 1)", "INT",
      [&options](const std::string& value) -> std::string {
        options.seed = to_number<std::uint64_t>(value);
        return options.seed ? "" : "a whole number of at least 0 is needed";
      },
      "");
  declare_machine(declare, options.threads, options.device, "train");
  declare.path("--checkpoint-dir", options.checkpoint_dir, "DIR",
               "folder for checkpoints, when not run by wattune");
  declare.path("--resume", options.resume, "FILE",
               "checkpoint to go on from, when not run by wattune");
  declare.path(
      "--export", options.export_to, "FILE.pt",
      "where a finished training leaves its network as TorchScript, for infer and profile");
  declare.path("--save", options.save, "FILE",
               "where a finished training leaves its model, for --init-from and generate");
}

}  // namespace

std::optional<Options> parse_options(std::vector<std::string> arguments, std::string& help) {
  CLI::App app("Trains a network, alone or as a trial of wattune.", "wattune-train");
  app.footer(std::string(kExamples));
  app.require_subcommand(1);
  app.get_formatter()->column_width(44);
  const std::vector<ModelEntry>& entries = model_entries();
  std::vector<Options> options(entries.size());  // each model has its own defaults
  std::vector<CLI::App*> parsers;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CLI::App* model = app.add_subcommand(entries[i].name, entries[i].what);
    model->footer(std::string(kExamples));
    options[i].model = entries[i].kind;
    entries[i].declare(Declarer(*model), options[i]);
    declare_training(Declarer(*model), options[i]);
    declare_running(Declarer(*model), options[i]);
    parsers.push_back(model);
  }

  if (!arguments.empty() && !arguments[0].starts_with('-') &&
      std::ranges::find(entries, arguments[0], &ModelEntry::name) == entries.end()) {
    std::vector<std::string> names;
    for (const ModelEntry& entry : entries) names.emplace_back(entry.name);
    throw UsageError(
        fmt::format("model '{}' is not known; allowed: {}", arguments[0], fmt::join(names, ", ")));
  }
  if (!parse_command(app, std::move(arguments), help)) return std::nullopt;
  const auto chosen =
      std::ranges::find_if(parsers, [](CLI::App* model) { return model->parsed(); });
  Options& result = options[static_cast<std::size_t>(chosen - parsers.begin())];
  check_together(result);
  return result;
}

}  // namespace wattune::train
