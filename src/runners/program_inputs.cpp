#include "program_inputs.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "descendants.hpp"
#include "wattune/base/text.hpp"

namespace wattune::runners {
namespace {

/// A program that knew that it is measured again might behave otherwise.
trial::Purpose told_purpose(trial::Purpose purpose) {
  return purpose == trial::Purpose::Finalist ? trial::Purpose::Search : purpose;
}

std::vector<std::string> arguments(const ProgramInputs& inputs) {
  const Launch& launch = inputs.launch;
  BuiltinValues values;
  values.trial = std::to_string(launch.assignment.trial.number());
  values.seed = std::to_string(launch.seed);
  values.config = inputs.folder.config_path().string();
  values.checkpoint_dir = inputs.folder.path().string();
  values.resource_to = number_text(launch.assignment.to);
  values.resource_max = number_text(inputs.options.resource.max);
  return inputs.options.command.expand(inputs.space, launch.configuration, values);
}

std::map<std::string, std::string> environment(const ProgramInputs& inputs) {
  const LocalRunnerOptions& options = inputs.options;
  const Launch& launch = inputs.launch;
  std::map<std::string, std::string> variables = options.base_environment;
  const auto set = [&](const std::map<std::string, std::string>& others) {
    for (const auto& [name, value] : others) variables[name] = value;
  };
  set(inputs.slots.environment(inputs.slot));
  // A line that waits in the program's buffer cannot be captured.
  if (!options.capture.empty()) variables["PYTHONUNBUFFERED"] = "1";
  set(options.environment);
  set({{"WATTUNE_PROTOCOL", "1"},
       {"WATTUNE_CHANNEL", std::to_string(kChannelNumber)},
       {"WATTUNE_CONFIG", inputs.folder.config_path().string()},
       {"WATTUNE_STUDY", options.study},
       {"WATTUNE_TRIAL", std::to_string(launch.assignment.trial.number())},
       {"WATTUNE_SEED", std::to_string(launch.seed)},
       {kMarkVariable, inputs.folder.path().string()}});
  const auto parameters = inputs.space.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!launch.configuration.is_active(i)) continue;
    variables["WATTUNE_PARAM_" + parameters[i].name] =
        inputs.space.value_text(i, launch.configuration[i]);
  }
  return variables;
}

}  // namespace

nlohmann::ordered_json config_json(const ProgramInputs& inputs) {
  using nlohmann::ordered_json;
  const Launch& launch = inputs.launch;
  const trial::Resource& whole = inputs.options.resource;
  const trial::Assignment& assignment = launch.assignment;
  ordered_json resource = {{"unit", trial::to_text(whole.unit)},
                           {"from", assignment.from},
                           {"to", assignment.to},
                           {"max", whole.max}};
  if (assignment.report_every) resource["report_every"] = *assignment.report_every;
  ordered_json resume_from;
  if (launch.resume_from) resume_from = launch.resume_from->path;
  return {{"protocol", 1},
          {"study", inputs.options.study},
          {"trial", assignment.trial.number()},
          {"seed", launch.seed},
          {"purpose", trial::to_text(told_purpose(launch.purpose))},
          {"parameters", ordered_json(inputs.space.to_json(launch.configuration))},
          {"resource", resource},
          {"checkpoint", {{"dir", inputs.folder.path().string()}, {"resume_from", resume_from}}},
          {"slot", {{"cores", inputs.slot.cores}, {"gpus", inputs.slot.gpus}}}};
}

ChildSpec child_spec(const ProgramInputs& inputs) {
  ChildSpec spec;
  spec.arguments = arguments(inputs);
  spec.environment = environment(inputs);
  spec.working_directory = inputs.options.working_directory;
  if (inputs.options.slots.cores_per_trial > 0) spec.cores = inputs.slot.cores;
  return spec;
}

}  // namespace wattune::runners
