#include <fmt/format.h>

#include <CLI/App.hpp>
#include <cstdio>
#include <memory>

#include "command.hpp"

namespace wattune::cli {
namespace {

bool is_shown(const CLI::Option& option) {
  return !option.get_group().empty();
}

std::string words_of(const CLI::App& command) {
  std::string words;
  for (const CLI::Option* option : command.get_options()) {
    if (!is_shown(*option)) continue;
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  return words;
}

std::string commands_of(const CLI::App& program) {
  std::string names;
  for (const CLI::App* command : program.get_subcommands({})) names += command->get_name() + " ";
  return names;
}

/// The cases of a command: itself, and each of its own commands with its options.
std::string bash_cases(const CLI::App& command) {
  const std::string name = command.get_name();
  const std::string inner = commands_of(command);
  if (inner.empty()) return fmt::format("    {}) words=\"{}\" ;;\n", name, words_of(command));
  std::string cases = fmt::format(
      "    {}) if [ \"$COMP_CWORD\" -eq 2 ]; then words=\"{}--help\"; else\n"
      "      case ${{COMP_WORDS[2]}} in\n",
      name, inner);
  for (const CLI::App* each : command.get_subcommands({})) {
    cases += fmt::format("        {}) words=\"{}\" ;;\n", each->get_name(), words_of(*each));
  }
  return cases + "      esac; fi ;;\n";
}

/// Commands first, then the options of the command; a word that begins no option is a file.
std::string bash_script(const CLI::App& program) {
  std::string cases;
  for (const CLI::App* command : program.get_subcommands({})) cases += bash_cases(*command);
  return fmt::format(
      "_wattune() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} words=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{}--help --version\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${{COMP_WORDS[1]}} in\n{}  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  case $current in -*) ;; *) COMPREPLY+=($(compgen -f -- \"$current\")) ;; esac\n"
      "}}\n"
      "complete -o filenames -F _wattune wattune\n",
      commands_of(program), cases);
}

std::string fish_options(const CLI::App& command, const std::string& condition) {
  std::string script;
  for (const CLI::Option* option : command.get_options()) {
    if (!is_shown(*option)) continue;
    for (const std::string& name : option->get_lnames()) {
      script += fmt::format("complete -c wattune -n '{}' -l {}\n", condition, name);
    }
  }
  return script;
}

std::string fish_script(const CLI::App& program) {
  std::string script = "complete -c wattune -f\n";
  for (const CLI::App* command : program.get_subcommands({})) {
    const std::string& name = command->get_name();
    const std::string seen = "__fish_seen_subcommand_from " + name;
    script += fmt::format("complete -c wattune -n __fish_use_subcommand -a {} -d '{}'\n", name,
                          command->get_description());
    script += fmt::format("complete -c wattune -n '{}' -F\n", seen);
    script += fish_options(*command, seen);
    for (const CLI::App* inner : command->get_subcommands({})) {
      script += fmt::format("complete -c wattune -n '{}' -a {} -d '{}'\n", seen, inner->get_name(),
                            inner->get_description());
      script += fish_options(
          *inner, fmt::format("{}; and __fish_seen_subcommand_from {}", seen, inner->get_name()));
    }
  }
  return script;
}

}  // namespace

void add_completion(const Command& program) {
  const Command command =
      program.add("completion", "Print a completion script for bash, zsh or fish");
  const auto shell = std::make_shared<std::string>("bash");
  command.option("shell", *shell, "bash, zsh or fish").one_of({"bash", "zsh", "fish"});
  command.footer(
      "Examples:\n  wattune completion bash >> ~/.bashrc\n  wattune completion zsh >> ~/.zshrc\n"
      "  wattune completion fish > ~/.config/fish/completions/wattune.fish\n");
  command.on_call([program, shell] {
    std::string script = *shell == "fish" ? fish_script(program.app()) : bash_script(program.app());
    if (*shell == "zsh") script = "autoload -U +X bashcompinit && bashcompinit\n" + script;
    std::fwrite(script.data(), 1, script.size(), stdout);
  });
}

}  // namespace wattune::cli
