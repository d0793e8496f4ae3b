#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/space/configuration.hpp"
#include "wattune/space/space.hpp"

namespace wattune::runners {

/// A `{name}` in a command.
struct Placeholder {
  std::string name;
  std::size_t argument_index = 0;
  std::size_t offset = 0;  ///< Of its brace: in the string as written, or in its list item.
};

/// Values of the placeholders that every command may use; see docs/protocol.md.
struct BuiltinValues {
  std::string trial;
  std::string seed;
  std::string config;
  std::string checkpoint_dir;
  std::string resource_to;
  std::string resource_max;
};

/// "trial", "seed", "config", "checkpoint_dir", "resource_to", "resource_max".
[[nodiscard]] std::span<const std::string> builtin_placeholder_names();

/// The command of a study: words with `{name}` placeholders, filled in for each trial.
///
/// A string is split into words with quotes and backslashes as a shell would, but nothing of it is
/// run by a shell. `{{` and `}}` are braces.
///
/// Threads  immutable; any number
class CommandTemplate {
 public:
  /// No command; a runner refuses it.
  CommandTemplate() = default;
  /// Errors   ConfigError  empty, an open quote, a lone brace, or a word that only a shell knows
  ///          (`|`, `&&`, `>`); says at which offset
  [[nodiscard]] static CommandTemplate from_string(std::string_view command);
  /// Errors   ConfigError  empty, a lone brace; says in which item
  [[nodiscard]] static CommandTemplate from_arguments(std::span<const std::string> arguments);

  [[nodiscard]] bool is_empty() const { return arguments_.empty(); }
  [[nodiscard]] std::span<const Placeholder> placeholders() const { return placeholders_; }
  /// The first placeholder that is neither built in nor a parameter.
  [[nodiscard]] std::optional<Placeholder> first_unknown(const space::Space& space) const;
  /// Errors   ConfigError  a placeholder without a parameter; names it, its offset and the nearest
  ///          name
  void check(const space::Space& space) const;

  /// The arguments for one trial, program first. An argument that is nothing but the placeholder of
  /// an inactive parameter is left out. A parameter hides a built-in of the same name.
  [[nodiscard]] std::vector<std::string> expand(const space::Space& space,
                                                const space::Configuration& configuration,
                                                const BuiltinValues& builtins) const;

 private:
  struct Piece {
    std::string text;  // literal text, or the placeholder's name
    bool is_placeholder = false;
  };
  using Argument = std::vector<Piece>;
  struct Word;  // text of one argument with the offset of each letter

  explicit CommandTemplate(const std::vector<Word>& words);
  void add_argument(const Word& word);

  std::vector<Argument> arguments_;
  std::vector<Placeholder> placeholders_;
};

/// What is wrong with a placeholder, in words: names the nearest parameter or built-in.
[[nodiscard]] std::string unknown_placeholder_text(const Placeholder& placeholder,
                                                   const space::Space& space);

}  // namespace wattune::runners
