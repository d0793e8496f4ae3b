#include "data/tokenizer.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace wattune::train {
namespace {

constexpr std::int64_t kNumBytes = 256;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/// The next word: white space, then everything up to the next white space.
std::string_view next_word(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_space(text[end])) ++end;
  while (end < text.size() && !is_space(text[end])) ++end;
  return text.substr(0, end);
}

std::vector<std::int64_t> bytes_of(std::string_view word) {
  std::vector<std::int64_t> tokens;
  for (const char c : word) tokens.push_back(static_cast<unsigned char>(c));
  return tokens;
}

/// Puts `token` in place of every `pair`, from the left.
void replace(std::vector<std::int64_t>& tokens, const Tokenizer::Pair& pair, std::int64_t token) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool is_pair =
        i + 1 < tokens.size() && tokens[i] == pair.first && tokens[i + 1] == pair.second;
    tokens[kept++] = is_pair ? token : tokens[i];
    if (is_pair) ++i;
  }
  tokens.resize(kept);
}

struct CountedWord {
  std::vector<std::int64_t> tokens;
  std::int64_t count;
};

std::vector<CountedWord> counted_words(std::string_view text) {
  std::map<std::string_view, std::int64_t> counts;
  while (!text.empty()) {
    const std::string_view word = next_word(text);
    ++counts[word];
    text.remove_prefix(word.size());
  }
  std::vector<CountedWord> words;
  for (const auto& [word, count] : counts) words.push_back({bytes_of(word), count});
  return words;
}

}  // namespace

Tokenizer::Tokenizer(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {
  for (std::int64_t byte = 0; byte < kNumBytes; ++byte) {
    bytes_.emplace_back(1, static_cast<char>(byte));
  }
  for (const Pair& pair : pairs_) {
    token_of_.emplace(pair, vocabulary());
    bytes_.push_back(bytes_.at(static_cast<std::size_t>(pair.first)) +
                     bytes_.at(static_cast<std::size_t>(pair.second)));
  }
}

Tokenizer Tokenizer::learn(std::string_view text, std::int64_t vocabulary) {
  std::vector<CountedWord> words = counted_words(text);
  std::vector<Pair> pairs;
  while (kNumBytes + static_cast<std::int64_t>(pairs.size()) < vocabulary) {
    std::map<Pair, std::int64_t> counts;
    for (const CountedWord& word : words) {
      for (std::size_t i = 0; i + 1 < word.tokens.size(); ++i) {
        counts[{word.tokens[i], word.tokens[i + 1]}] += word.count;
      }
    }
    const auto most = std::ranges::max_element(
        counts, [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == counts.end() || most->second < 2) break;
    const Pair pair = most->first;
    const std::int64_t token = kNumBytes + static_cast<std::int64_t>(pairs.size());
    for (CountedWord& word : words) replace(word.tokens, pair, token);
    pairs.push_back(pair);
  }
  return Tokenizer(std::move(pairs));
}

void Tokenizer::append_word(std::string_view word, std::vector<std::int64_t>& tokens) const {
  std::vector<std::int64_t> cut = bytes_of(word);
  while (true) {
    auto first = token_of_.end();  // the pair that was learnt first
    for (std::size_t i = 0; i + 1 < cut.size(); ++i) {
      const auto found = token_of_.find({cut[i], cut[i + 1]});
      if (found == token_of_.end()) continue;
      if (first == token_of_.end() || found->second < first->second) first = found;
    }
    if (first == token_of_.end()) break;
    replace(cut, first->first, first->second);
  }
  tokens.insert(tokens.end(), cut.begin(), cut.end());
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text) const {
  if (pairs_.empty()) return bytes_of(text);
  std::vector<std::int64_t> tokens;
  std::unordered_map<std::string_view, std::vector<std::int64_t>> known;
  while (!text.empty()) {
    const std::string_view word = next_word(text);
    const auto [entry, is_new] = known.try_emplace(word);
    if (is_new) append_word(word, entry->second);
    tokens.insert(tokens.end(), entry->second.begin(), entry->second.end());
    text.remove_prefix(word.size());
  }
  return tokens;
}

std::string Tokenizer::decode(const std::vector<std::int64_t>& tokens) const {
  std::string text;
  for (const std::int64_t token : tokens) text += bytes_.at(static_cast<std::size_t>(token));
  return text;
}

}  // namespace wattune::train
