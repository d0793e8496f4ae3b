#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace wattune::cli {

/// A word or an option of a command, while it is being described.
class Argument {
 public:
  explicit Argument(CLI::Option& option) : option_(option) {}

  const Argument& required() const;
  const Argument& one_of(std::initializer_list<const char*> allowed) const;
  const Argument& between(int low, int high) const;
  const Argument& between(double low, double high) const;
  const Argument& positive() const;
  /// Takes this many values at once; `type` stands for them in the help.
  const Argument& takes(int count, const std::string& type) const;
  const Argument& at_least(int count) const;
  /// May be given again and again, each time with one value.
  const Argument& repeatable() const;
  const Argument& shows_default() const;
  /// Not together with, or only together with, another option of the command.
  const Argument& excludes(const std::string& name) const;
  const Argument& needs(const std::string& name) const;
  /// Left out of help and completion.
  const Argument& hidden() const;

 private:
  CLI::Option& option_;
};

/// A command of the program, or the program itself.
///
/// The header of the library that parses the command line takes several seconds to compile; only
/// those who read a command back (completion, main) include it.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(app) {}

  /// A command below this one.
  [[nodiscard]] Command add(const std::string& name, const std::string& about) const;
  /// `names` as in "study" for a word, "-o,--output" for an option; the variables must outlive the
  /// parsing.
  Argument option(const std::string& names, std::string& value,
                  const std::string& about = {}) const;
  Argument option(const std::string& names, std::vector<std::string>& values,
                  const std::string& about = {}) const;
  /// Several with commas between them.
  Argument option(const std::string& names, std::vector<double>& values,
                  const std::string& about = {}) const;
  Argument option(const std::string& names, std::optional<double>& value,
                  const std::string& about = {}) const;
  Argument option(const std::string& names, std::optional<std::uint64_t>& value,
                  const std::string& about = {}) const;
  Argument option(const std::string& names, int& value, const std::string& about = {}) const;
  Argument option(const std::string& names, double& value, const std::string& about = {}) const;
  Argument flag(const std::string& names, bool& value, const std::string& about) const;
  void footer(const std::string& text) const;
  void on_call(std::function<void()> action) const;
  /// Calling it without one of its commands is an error.
  void needs_command() const;
  /// At most one of them.
  void may_have_command() const;
  [[nodiscard]] bool was_called() const;
  /// The first word that it does not know ends its own words; that one and all others remain.
  void leaves_the_rest() const;
  [[nodiscard]] std::vector<std::string> remaining() const;
  [[nodiscard]] const CLI::App& app() const { return app_; }

 private:
  CLI::App& app_;
};

}  // namespace wattune::cli
