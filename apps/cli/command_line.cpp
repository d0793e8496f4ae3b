#include "command_line.hpp"

#include <CLI/App.hpp>
#include <utility>

namespace wattune::cli {

const Argument& Argument::required() const {
  option_.required();
  return *this;
}

const Argument& Argument::one_of(std::initializer_list<const char*> allowed) const {
  option_.check(CLI::IsMember(std::vector<std::string>{allowed.begin(), allowed.end()}));
  return *this;
}

const Argument& Argument::between(int low, int high) const {
  option_.check(CLI::Range(low, high));
  return *this;
}

const Argument& Argument::between(double low, double high) const {
  option_.check(CLI::Range(low, high));
  return *this;
}

const Argument& Argument::positive() const {
  option_.check(CLI::PositiveNumber);
  return *this;
}

const Argument& Argument::at_least(int count) const {
  option_.expected(count, -1);
  return *this;
}

const Argument& Argument::takes(int count, const std::string& type) const {
  option_.expected(count)->type_name(type);
  return *this;
}

const Argument& Argument::repeatable() const {
  option_.allow_extra_args(false)->take_all();
  return *this;
}

const Argument& Argument::shows_default() const {
  option_.capture_default_str();
  return *this;
}

const Argument& Argument::excludes(const std::string& name) const {
  option_.excludes(name);
  return *this;
}

const Argument& Argument::needs(const std::string& name) const {
  option_.needs(name);
  return *this;
}

const Argument& Argument::hidden() const {
  option_.group("");
  return *this;
}

Command Command::add(const std::string& name, const std::string& about) const {
  return Command{*app_.add_subcommand(name, about)};
}

Argument Command::option(const std::string& names, std::string& value,
                         const std::string& about) const {
  return Argument{*app_.add_option(names, value, about)};
}

Argument Command::option(const std::string& names, std::vector<std::string>& values,
                         const std::string& about) const {
  return Argument{*app_.add_option(names, values, about)};
}

Argument Command::option(const std::string& names, std::vector<double>& values,
                         const std::string& about) const {
  return Argument{*app_.add_option(names, values, about)->delimiter(',')};
}

Argument Command::option(const std::string& names, std::optional<double>& value,
                         const std::string& about) const {
  return Argument{*app_.add_option(names, value, about)};
}

Argument Command::option(const std::string& names, std::optional<std::uint64_t>& value,
                         const std::string& about) const {
  return Argument{*app_.add_option(names, value, about)};
}

Argument Command::option(const std::string& names, int& value, const std::string& about) const {
  return Argument{*app_.add_option(names, value, about)};
}

Argument Command::option(const std::string& names, double& value, const std::string& about) const {
  return Argument{*app_.add_option(names, value, about)};
}

Argument Command::flag(const std::string& names, bool& value, const std::string& about) const {
  return Argument{*app_.add_flag(names, value, about)};
}

void Command::footer(const std::string& text) const {
  app_.footer(text);
}

void Command::on_call(std::function<void()> action) const {
  app_.callback(std::move(action));
}

void Command::needs_command() const {
  app_.require_subcommand(1);
}

void Command::may_have_command() const {
  app_.require_subcommand(0, 1);
}

bool Command::was_called() const {
  return app_.parsed();
}

void Command::leaves_the_rest() const {
  app_.prefix_command();
}

std::vector<std::string> Command::remaining() const {
  return app_.remaining();
}

}  // namespace wattune::cli
