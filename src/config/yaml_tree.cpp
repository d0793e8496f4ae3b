#include "wattune/config/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

namespace wattune::config {
namespace {

constexpr std::size_t kDeepest = 20;

[[noreturn]] void refuse(const SourceText& source, Place place, std::string message) {
  throw StudyFileError(source, {{Severity::Error, place, std::move(message)}});
}

/// Builds the tree from the parser's events, which keep what yaml-cpp's own tree would lose.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const SourceText& source) : source_(source) {}

  [[nodiscard]] YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(begin(YamlNode::Kind::Null, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(source_, place_of(mark), "aliases (`*name`) have no meaning in a study file");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    YamlNode node = begin(YamlNode::Kind::Scalar, mark);
    node.text = value;
    node.is_quoted = tag == "!";
    const std::string_view rest = std::string_view{source_.text()}.substr(node.offset);
    if (node.is_quoted) {
      node.length = quoted_length(mark, rest);
    } else if (rest.starts_with(value)) {
      node.length = std::max<std::size_t>(value.size(), 1);
    }
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::List, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;
  };

  [[nodiscard]] Place place_of(const YAML::Mark& mark) const {
    return source_.place_at(begin(YamlNode::Kind::Null, mark).offset);
  }

  [[nodiscard]] YamlNode begin(YamlNode::Kind kind, const YAML::Mark& mark) const {
    YamlNode node;
    node.kind = kind;
    node.offset =
        mark.pos < 0 ? 0 : std::min(static_cast<std::size_t>(mark.pos), source_.text().size());
    return node;
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor == 0) return;
    refuse(source_, place_of(mark), "anchors (`&name`) have no meaning in a study file");
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    refuse(source_, place_of(mark), "tags (`!name`) have no meaning in a study file");
  }

  /// Bytes from the opening to the closing mark; yaml-cpp lets a text end without one.
  [[nodiscard]] std::size_t quoted_length(const YAML::Mark& mark, std::string_view rest) const {
    const char quote = rest.empty() ? '\0' : rest.front();
    if (quote != '"' && quote != '\'') return 1;
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (quote == '"' && rest[i] == '\\') {
        ++i;
      } else if (rest[i] == quote) {
        const bool is_doubled = quote == '\'' && i + 1 < rest.size() && rest[i + 1] == quote;
        if (!is_doubled) return i + 1;
        ++i;
      }
    }
    refuse(source_, place_of(mark), "a quotation mark that is never closed");
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() == kDeepest) {
      refuse(source_, place_of(mark), fmt::format("nested more than {} levels deep", kDeepest));
    }
    open_.push_back({begin(kind, mark), std::nullopt});
  }

  void close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      if (node.kind == YamlNode::Kind::Null) node.offset = parent.key->offset;
      parent.node.entries.emplace_back(std::move(*parent.key), std::move(node));
      parent.key.reset();
    }
  }

  const SourceText& source_;
  std::vector<Open> open_;
  YamlNode root_;
};

/// Length of the UTF-8 sequence that begins here; 0 where there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  if (length < 3) return length;
  const unsigned second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool too_large = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

void require_text(const SourceText& source) {
  const std::string_view text = source.text();
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    refuse(source, {}, "the file is UTF-16; save it as UTF-8");
  }
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_control =
        (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
    if (is_control) {
      refuse(source, {}, fmt::format("not a text file: byte 0x{:02x} at offset {}", byte, i));
    }
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) {
      refuse(source, {},
             fmt::format("not UTF-8: byte 0x{:02x} in line {}; save the file as UTF-8", byte,
                         source.place_at(i).line));
    }
    i += length;
  }
}

/// yaml-cpp reads some of them in surprising ways and refuses others in surprising words.
void refuse_tab_indentation(const SourceText& source) {
  const std::string_view text = source.text();
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, end - start);
    const std::size_t first = line.find_first_not_of(" \t\r");
    const std::size_t tab = line.find('\t');
    if (first != std::string_view::npos && tab < first && line[first] != '#') {
      refuse(source, source.place_at(start + tab),
             "a tab in front of a line; YAML is indented with spaces");
    }
    start = end + 1;
  }
}

/// The parser's words, where they do not help.
std::string in_plain_words(const std::string& message) {
  if (message == "end of map flow not found") return "a `{` that is never closed";
  if (message == "end of sequence flow not found") return "a `[` that is never closed";
  if (message == "end of map not found") return "the indentation fits no line above";
  if (message == "end of sequence not found") return "the indentation fits no line above";
  if (message == "unknown token") return "a character that begins no value; put the text in quotes";
  return message;
}

}  // namespace

YamlNode parse_yaml(const SourceText& source) {
  require_text(source);
  refuse_tab_indentation(source);
  std::istringstream stream(source.text());
  TreeBuilder builder(source);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    YamlNode root = builder.take();
    TreeBuilder second(source);
    if (parser.HandleNextDocument(second)) {
      refuse(source, source.place_at(second.take().offset),
             "a second document; a study file holds one");
    }
    return root;
  } catch (const YAML::Exception& problem) {
    Place place;
    if (!problem.mark.is_null()) {
      place = source.place_at(static_cast<std::size_t>(std::max(problem.mark.pos, 0)));
    }
    refuse(source, place, fmt::format("not valid YAML: {}", in_plain_words(problem.msg)));
  }
}

}  // namespace wattune::config
