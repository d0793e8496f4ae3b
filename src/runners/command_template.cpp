#include "wattune/runners/command_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wattune/base/result.hpp"
#include "wattune/base/text.hpp"

namespace wattune::runners {

struct CommandTemplate::Word {
  std::string text;
  std::vector<std::size_t> offsets;  // one per letter, and one for the end
  std::string where;                 // "" in a string, " of argument 2" in a list

  void add(char letter, std::size_t offset) {
    text += letter;
    offsets.push_back(offset);
  }
};

namespace {

[[noreturn]] void refuse(std::string_view what, std::size_t offset, std::string_view where = "") {
  throw ConfigError(fmt::format("command: {} at offset {}{}", what, offset, where));
}

bool is_blank(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

/// A word that means something to a shell only, written without quotes.
bool is_shell_operator(std::string_view word) {
  constexpr std::array<std::string_view, 11> operators{"|",  "||", "&",  "&&",   ";", ">",
                                                       ">>", "<",  "2>", "2>&1", "&>"};
  return std::ranges::find(operators, word) != operators.end();
}

/// Splits a command as a shell splits words: quotes and backslashes, nothing else.
template <typename Word>
class WordSplitter {
 public:
  explicit WordSplitter(std::string_view command) : command_(command) {}

  std::vector<Word> split() {
    while (at_ < command_.size()) {
      if (is_blank(command_[at_])) {
        ++at_;
      } else {
        words_.push_back(next_word());
      }
    }
    return std::move(words_);
  }

 private:
  Word next_word() {
    Word word;
    const std::size_t start = at_;
    bool quoted = false;
    while (at_ < command_.size() && !is_blank(command_[at_])) {
      const char letter = command_[at_];
      quoted = quoted || letter == '\'' || letter == '"' || letter == '\\';
      if (letter == '\'') {
        single_quoted(word);
      } else if (letter == '"') {
        double_quoted(word);
      } else {
        if (letter == '\\') skip_backslash();
        word.add(command_[at_], at_);
        ++at_;
      }
    }
    word.offsets.push_back(at_);
    if (!quoted && is_shell_operator(word.text)) {
      refuse(fmt::format("'{}' needs a shell, and the command is run without one; write sh -c "
                         "'...' or quote the word:",
                         word.text),
             start);
    }
    return word;
  }

  void single_quoted(Word& word) {
    const std::size_t start = at_++;
    while (at_ < command_.size() && command_[at_] != '\'') {
      word.add(command_[at_], at_);
      ++at_;
    }
    close_quote(start);
  }

  void double_quoted(Word& word) {
    const std::size_t start = at_++;
    while (at_ < command_.size() && command_[at_] != '"') {
      const bool escapes = command_[at_] == '\\' && at_ + 1 < command_.size() &&
                           (command_[at_ + 1] == '"' || command_[at_ + 1] == '\\');
      if (escapes) ++at_;
      word.add(command_[at_], at_);
      ++at_;
    }
    close_quote(start);
  }

  void close_quote(std::size_t start) {
    if (at_ == command_.size()) refuse("the quote is not closed", start);
    ++at_;
  }

  void skip_backslash() {
    if (at_ + 1 == command_.size()) refuse("nothing follows the backslash", at_);
    ++at_;
  }

  std::string_view command_;
  std::size_t at_ = 0;
  std::vector<Word> words_;
};

std::vector<std::string> known_names(const space::Space& space) {
  std::vector<std::string> names;
  for (const space::Parameter& parameter : space.parameters()) names.push_back(parameter.name);
  const auto builtins = builtin_placeholder_names();
  names.insert(names.end(), builtins.begin(), builtins.end());
  return names;
}

const std::string& builtin_value(const BuiltinValues& values, std::string_view name) {
  const std::array members{&values.trial,          &values.seed,        &values.config,
                           &values.checkpoint_dir, &values.resource_to, &values.resource_max};
  const auto names = builtin_placeholder_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) throw ConfigError(fmt::format("command: no value for {{{}}}", name));
  return *members[static_cast<std::size_t>(found - names.begin())];
}

}  // namespace

std::span<const std::string> builtin_placeholder_names() {
  static const std::array<std::string, 6> names{"trial",          "seed",        "config",
                                                "checkpoint_dir", "resource_to", "resource_max"};
  return names;
}

CommandTemplate CommandTemplate::from_string(std::string_view command) {
  return CommandTemplate(WordSplitter<Word>(command).split());
}

CommandTemplate CommandTemplate::from_arguments(std::span<const std::string> arguments) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    Word word;
    for (std::size_t at = 0; at < arguments[i].size(); ++at) word.add(arguments[i][at], at);
    word.offsets.push_back(arguments[i].size());
    word.where = fmt::format(" of argument {}", i);
    words.push_back(std::move(word));
  }
  return CommandTemplate(words);
}

CommandTemplate::CommandTemplate(const std::vector<Word>& words) {
  if (words.empty() || words.front().text.empty()) {
    throw ConfigError("command: it is empty; the first word names the program");
  }
  for (const Word& word : words) {
    if (word.text.find('\0') != std::string::npos) throw ConfigError("command: it holds a NUL");
    add_argument(word);
  }
}

void CommandTemplate::add_argument(const Word& word) {
  Argument argument;
  std::string literal;
  const std::string& text = word.text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
    if ((text[i] == '{' || text[i] == '}') && doubled) {
      literal += text[i++];
      continue;
    }
    if (text[i] == '}') {
      refuse("'}' without '{' (write }} for the brace itself)", word.offsets[i], word.where);
    }
    if (text[i] != '{') {
      literal += text[i];
      continue;
    }
    const std::size_t end = text.find_first_of("{}", i + 1);
    if (end == std::string::npos || text[end] == '{' || end == i + 1) {
      refuse("'{' opens no placeholder (write {{ for the brace itself)", word.offsets[i],
             word.where);
    }
    if (!literal.empty()) argument.push_back({std::move(literal), false});
    literal.clear();
    const std::string name = text.substr(i + 1, end - i - 1);
    placeholders_.push_back({name, arguments_.size(), word.offsets[i]});
    argument.push_back({name, true});
    i = end;
  }
  if (!literal.empty() || argument.empty()) argument.push_back({std::move(literal), false});
  arguments_.push_back(std::move(argument));
}

std::optional<Placeholder> CommandTemplate::first_unknown(const space::Space& space) const {
  const std::vector<std::string> names = known_names(space);
  for (const Placeholder& placeholder : placeholders_) {
    if (std::ranges::find(names, placeholder.name) == names.end()) return placeholder;
  }
  return std::nullopt;
}

void CommandTemplate::check(const space::Space& space) const {
  const auto unknown = first_unknown(space);
  if (unknown) throw ConfigError(unknown_placeholder_text(*unknown, space));
}

std::vector<std::string> CommandTemplate::expand(const space::Space& space,
                                                 const space::Configuration& configuration,
                                                 const BuiltinValues& builtins) const {
  std::vector<std::string> expanded;
  for (const Argument& argument : arguments_) {
    std::string text;
    bool left_out = false;
    for (const Piece& piece : argument) {
      const auto index = piece.is_placeholder ? space.index_of(piece.text) : std::nullopt;
      if (index) {
        left_out = argument.size() == 1 && !configuration.is_active(*index);
        text += space.value_text(*index, configuration[*index]);
      } else {
        text += piece.is_placeholder ? builtin_value(builtins, piece.text) : piece.text;
      }
    }
    if (!left_out) expanded.push_back(std::move(text));
  }
  return expanded;
}

std::string unknown_placeholder_text(const Placeholder& placeholder, const space::Space& space) {
  const std::vector<std::string> names = known_names(space);
  const auto nearest = nearest_name(placeholder.name, names);
  std::string text = fmt::format("command: {{{}}} at offset {} names no parameter",
                                 placeholder.name, placeholder.offset);
  if (nearest) {
    text += fmt::format("; did you mean {{{}}}?", *nearest);
  } else {
    text += fmt::format("; there are {}; write {{{{ and }}}} for braces", join_names(names));
  }
  return text;
}

}  // namespace wattune::runners
