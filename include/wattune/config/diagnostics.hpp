#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wattune/base/result.hpp"

namespace wattune::config {

/// Where something stands in a file. Lines and columns count from 1, columns in characters.
struct Place {
  std::size_t line = 0;  ///< 0: the file as a whole.
  std::size_t column = 0;
  std::size_t length = 1;  ///< Characters to underline.

  bool operator==(const Place&) const = default;
};

enum class Severity : std::uint8_t { Error, Warning };

/// One thing to tell about a study file.
struct Diagnostic {
  Severity severity = Severity::Error;
  Place place;
  std::string message;
};

/// A file's text, and where its lines are.
class SourceText {
 public:
  SourceText(std::string file_name, std::string text);

  [[nodiscard]] const std::string& file_name() const { return file_name_; }
  [[nodiscard]] const std::string& text() const { return text_; }

  /// The place of `num_bytes` bytes from `offset` on; the underline ends with the line.
  [[nodiscard]] Place place_at(std::size_t offset, std::size_t num_bytes = 1) const;
  /// Without its end; empty past the last line.
  [[nodiscard]] std::string_view line(std::size_t number) const;

 private:
  std::string file_name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
};

/// The diagnostic as a compiler would show it: place and message, the line, and a mark under it.
[[nodiscard]] std::string to_text(const SourceText& source, const Diagnostic& diagnostic);

/// Sorts by place; what concerns the whole file comes first.
void sort_by_place(std::vector<Diagnostic>& diagnostics);

/// A study file that cannot be accepted. `what()` is the text of all diagnostics.
class StudyFileError : public ConfigError {
 public:
  StudyFileError(const SourceText& source, std::vector<Diagnostic> diagnostics);

  /// Everything that was found, errors and warnings, in file order.
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace wattune::config
