#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wattune::train {

/// Cuts text into tokens: bytes, and pairs of tokens that often stand together.
///
/// Tokens 0 to 255 are the bytes; token 256 + i is the i-th pair. A pair never reaches from a word
/// into the white space after it, so that a word is cut alike wherever it stands.
///
/// Source   byte-pair encoding: Gage, The C Users Journal 12(2), 1994; Sennrich et al., ACL 2016,
///          arXiv:1508.07909
/// Differs  pairs of bytes from the start, so that no character is unknown; of two pairs that are
///          equally frequent the one of the lower tokens comes first
class Tokenizer {
 public:
  using Pair = std::pair<std::int64_t, std::int64_t>;

  /// Bytes alone, or the pairs given.
  explicit Tokenizer(std::vector<Pair> pairs = {});

  /// Learns pairs from a text until there are `vocabulary` tokens, or no pair stands twice.
  ///
  /// Cost     O(pairs x length of the different words)
  static Tokenizer learn(std::string_view text, std::int64_t vocabulary);

  [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text) const;
  [[nodiscard]] std::string decode(const std::vector<std::int64_t>& tokens) const;

  [[nodiscard]] std::int64_t vocabulary() const { return static_cast<std::int64_t>(bytes_.size()); }
  /// The bytes that each token stands for.
  [[nodiscard]] const std::vector<std::string>& bytes() const { return bytes_; }
  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }

 private:
  void append_word(std::string_view word, std::vector<std::int64_t>& tokens) const;

  std::vector<Pair> pairs_;
  std::map<Pair, std::int64_t> token_of_;
  std::vector<std::string> bytes_;
};

}  // namespace wattune::train
