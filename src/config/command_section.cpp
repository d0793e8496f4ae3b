#include "command_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "wattune/base/text.hpp"
#include "wattune/config/known_names.hpp"

namespace wattune::config {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct Split {
  std::vector<std::string> words;
  std::optional<char> open_quote;  ///< A quotation mark that is never closed.
};

/// As a POSIX shell splits words, without anything else that a shell does.
Split split_words(std::string_view text) {
  Split split;
  std::optional<std::string> word;
  std::optional<char> quote;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!quote && is_blank(c)) {
      if (word) split.words.push_back(*std::exchange(word, std::nullopt));
      continue;
    }
    if (!word) word.emplace();
    if (quote && c == *quote) {
      quote.reset();
    } else if (!quote && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      *word += text[++i];
    } else {
      *word += c;
    }
  }
  if (word) split.words.push_back(*word);
  split.open_quote = quote;
  return split;
}

/// The node, narrowed to where `text` stands in the source behind its beginning.
YamlNode narrowed(const ReadContext& context, const YamlNode& node, std::string_view text) {
  YamlNode narrow = node;
  const std::size_t found = context.source.text().find(text, node.offset);
  if (found == std::string::npos) return narrow;
  narrow.offset = found;
  narrow.length = text.size();
  return narrow;
}

void warn_of_shell_words(ReadContext& context, const YamlNode& node,
                         const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 9> kShellWords{"|", "||", "&", "&&",  ";",
                                                        ">", ">>", "<", "2>&1"};
  for (const std::string& word : words) {
    const bool is_variable = word.size() > 1 && word.front() == '$';
    if (std::ranges::count(kShellWords, word) == 0 && !is_variable) continue;
    context.warning(narrowed(context, node, word),
                    fmt::format("the command runs without a shell: `{}` is passed to the program "
                                "as it stands; for a shell write [sh, -c, '...']",
                                word));
  }
}

class PlaceholderScan {
 public:
  PlaceholderScan(ReadContext& context, const YamlNode& node) : context_(context), node_(node) {}

  void scan(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i) {
      const char c = word[i];
      const bool is_doubled = i + 1 < word.size() && word[i + 1] == c;
      if ((c == '{' || c == '}') && is_doubled) {
        ++i;
      } else if (c == '{') {
        i = take(word, i);
      } else if (c == '}') {
        report(word, "a `}` without a `{`; the brace itself is written `}}`");
      }
    }
  }

  [[nodiscard]] const std::vector<YamlNode>& found() const { return found_; }

 private:
  /// Takes the placeholder that begins at `begin`; gives its last position.
  std::size_t take(std::string_view word, std::size_t begin) {
    const std::size_t end = word.find('}', begin);
    const std::string_view name =
        word.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1);
    const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
    });
    if (end == std::string_view::npos || !is_name) {
      report(word, fmt::format("a `{{` that begins no placeholder in `{}`; the brace itself is "
                               "written `{{{{`",
                               word));
      return word.size();
    }
    YamlNode at = narrowed(context_, node_, word.substr(begin, end - begin + 1));
    at.text = name;
    found_.push_back(std::move(at));
    return end;
  }

  void report(std::string_view word, std::string message) {
    context_.error(narrowed(context_, node_, word), std::move(message));
  }

  ReadContext& context_;
  const YamlNode& node_;
  std::vector<YamlNode> found_;
};

std::vector<std::string> parameter_names(const MapReader& study) {
  std::vector<std::string> names;
  const YamlNode* const parameters = study.find("parameters");
  if (parameters == nullptr) return names;
  for (const auto& [key, value] : parameters->entries) names.push_back(key.text);
  return names;
}

/// The runner sets it; the program need not know.
bool is_power_limit(const YamlNode& parameter) {
  return parameter.is_map() && std::ranges::any_of(parameter.entries, [](const auto& entry) {
           return entry.first.text == "role" && entry.second.text == "gpu_power_limit";
         });
}

void warn_of_unused(ReadContext& context, const MapReader& study,
                    const std::vector<std::string>& used) {
  if (std::ranges::count(used, "config") > 0) return;
  const YamlNode* const parameters = study.find("parameters");
  if (parameters == nullptr) return;
  for (const auto& [key, value] : parameters->entries) {
    if (std::ranges::count(used, key.text) > 0 || is_power_limit(value)) continue;
    context.warning(key, fmt::format("the command has no {{{}}}: unless the program reads "
                                     "WATTUNE_PARAM_{} it never learns of it",
                                     key.text, key.text));
  }
}

}  // namespace

std::vector<CommandWord> read_command(ReadContext& context, MapReader& study) {
  std::vector<CommandWord> command;
  const YamlNode* const node = study.require("command");
  if (node == nullptr) return command;
  if (node->is_list()) {
    for (const YamlNode& item : read_list(context, *node, "command")) {
      if (!item.is_scalar()) {
        context.error(item, fmt::format("`command` lists words, not {}", describe(item)));
        continue;
      }
      command.push_back({item.text, context.source.place_at(item.offset, item.length)});
    }
  } else if (const auto text = read_text(context, *node, "command")) {
    Split split = split_words(*text);
    if (split.open_quote) {
      context.error(*node,
                    fmt::format("`command` opens a {} that it never closes", *split.open_quote));
    }
    warn_of_shell_words(context, *node, split.words);
    for (std::string& word : split.words) {
      const YamlNode at = narrowed(context, *node, word);
      const Place place = context.source.place_at(at.offset, at.length);
      command.push_back({std::move(word), place});
    }
  }
  if (!command.empty() && command.front().text.empty()) {
    context.error(*node, "`command` begins with an empty word; it must name a program");
  }
  if (command.empty() && !context.has_errors()) {
    context.error(*node, "`command` must name a program");
  }
  return command;
}

void check_placeholders(ReadContext& context, MapReader& study,
                        const std::vector<CommandWord>& command, bool has_capture) {
  const YamlNode* const node = study.find("command");
  if (node == nullptr) return;
  PlaceholderScan scan(context, *node);
  for (const CommandWord& word : command) scan.scan(word.text);

  const std::vector<std::string> parameters = parameter_names(study);
  if (parameters.empty()) return;  // reported already
  std::vector<std::string> known = parameters;
  known.insert(known.end(), known_placeholders().begin(), known_placeholders().end());
  std::vector<std::string> used;
  for (const YamlNode& found : scan.found()) {
    used.push_back(found.text);
    if (std::ranges::count(known, found.text) > 0) continue;
    const std::optional<std::string> nearest = nearest_name(found.text, known);
    context.error(found,
                  fmt::format("placeholder {{{}}} with no parameter of that name; parameters: {}; "
                              "always there: {}{}",
                              found.text, join_names(parameters), join_names(known_placeholders()),
                              nearest ? fmt::format("; did you mean {{{}}}?", *nearest) : ""));
  }
  if (has_capture) warn_of_unused(context, study, used);
}

}  // namespace wattune::config
