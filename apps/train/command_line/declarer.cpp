#include "command_line/declarer.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

#include "errors.hpp"

namespace wattune::train {

void Declarer::text(const std::string& name, const std::string& what, const std::string& type,
                    std::function<std::string(const std::string&)> take,
                    const std::string& by_default) {
  CLI::Option* option = app_.add_option_function<std::string>(
      name,
      [name, take = std::move(take)](const std::string& value) {
        if (const std::string allowed = take(value); !allowed.empty()) {
          throw UsageError(fmt::format("{}: '{}' is not allowed; {}", name, value, allowed));
        }
      },
      what);
  option->type_name(type)->take_last();
  if (!by_default.empty()) option->default_str(by_default);
}

void Declarer::integer(const std::string& name, std::int64_t& target, std::int64_t low,
                       std::int64_t high, const std::string& what) {
  text(
      name, what, "INT",
      [&target, low, high](const std::string& value) {
        const auto number = to_number<std::int64_t>(value);
        if (!number || *number < low || *number > high) {
          return fmt::format("a whole number from {} to {} is needed", low, high);
        }
        target = *number;
        return std::string();
      },
      fmt::format("{}", target));
}

void Declarer::real(const std::string& name, double& target, double low, bool takes_low,
                    double high, const std::string& what) {
  text(
      name, what, "NUMBER",
      [&target, low, takes_low, high](const std::string& value) {
        const auto number = to_number<double>(value);
        const bool is_low_fine = number && (takes_low ? *number >= low : *number > low);
        if (!number || !is_low_fine || !(*number < high)) {
          return fmt::format("a number {} {} and below {} is needed",
                             takes_low ? "of at least" : "above", low, high);
        }
        target = *number;
        return std::string();
      },
      fmt::format("{}", target));
}

void Declarer::flag(const std::string& name, bool& target, const std::string& what) {
  choice<bool>(
      name, target,
      {{"true", true}, {"false", false}, {"on", true}, {"off", false}, {"1", true}, {"0", false}},
      what);
}

void Declarer::names(const std::string& name, std::vector<std::string>& target,
                     const std::string& what) {
  text(
      name, what, "NAME[,NAME...]",
      [&target](const std::string& value) {
        target.clear();
        std::istringstream list(value);
        for (std::string item; std::getline(list, item, ',');) target.push_back(item);
        const bool has_gap =
            target.empty() || value.ends_with(',') ||
            std::ranges::any_of(target, [](const std::string& item) { return item.empty(); });
        return has_gap ? "names are needed, separated by commas" : "";
      },
      fmt::format("{}", fmt::join(target, ",")));
}

}  // namespace wattune::train
