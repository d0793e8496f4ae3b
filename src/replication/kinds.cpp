#include "wattune/replication/kinds.hpp"

namespace wattune::replication {
namespace {

constexpr KindKey need(std::string_view key, OptionType type) {
  return {key, type, true};
}
constexpr KindKey may(std::string_view key, OptionType type) {
  return {key, type, false};
}

}  // namespace

std::span<const Kind> analysis_kinds() {
  using enum OptionType;
  static const std::vector<Kind> kKinds{
      {"select",
       "rows with columns computed from them",
       {need("columns", Expressions), may("sort_by", Text), may("descending", Flag),
        may("first", Number)}},
      {"to_target",
       "what each trial had used when a metric first reached a target",
       {need("metric", Text), may("target", Expression), may("best_fraction", Number),
        may("minimize", Flag), may("by", Texts)}},
      {"extremes",
       "worst over best among those that got there: the penalty of a bad set-up",
       {need("value", Expression), may("reached", Expression), may("by", Texts),
        may("label", Texts)}},
      {"groups",
       "count, mean, deviation, coefficient of variation, median and range of groups",
       {need("value", Expression), may("by", Texts)}},
      {"kruskal_wallis",
       "does a factor shift the values? H, p and eta squared",
       {need("value", Expression), need("factors", Texts), may("groups_in_paper", Number)}},
      {"wilcoxon",
       "paired comparison of treatments with a control: signed-rank p, Holm's, Cliff's delta",
       {need("value", Expression), need("treatment", Text), need("control", Text),
        need("pairs", Texts)}},
      {"correlation",
       "how well columns tell the order and the size of a value",
       {need("value", Expression), need("proxies", Texts), may("by", Texts)}},
      {"power_law",
       "value = factor * x ^ exponent",
       {need("value", Expression), need("x", Expression), may("by", Texts)}},
      {"line",
       "value = intercept + slope * x",
       {need("value", Expression), need("x", Expression), may("by", Texts)}},
      {"optimum_round",
       "the round after which searching on gains nothing, and the energy until then",
       {need("value", Expression), need("energy", Expression), may("least_gain", Number),
        may("by", Texts)}},
      {"ranking",
       "do two ways of measuring put the same things in the same order?",
       {need("value", Expression), need("item", Texts), need("between", Text)}},
      {"pay_back",
       "uses after which a one-off cost is paid back",
       {need("cost", Expression), need("saving_per_use", Expression), may("unit", Text)},
       false},
      {"saving",
       "what is saved against another way, where the quality is as good",
       {need("spent", Expression), need("against", Expression), may("quality", Expression),
        may("quality_against", Expression), may("tolerance", Number), may("minimize", Flag)},
       false},
      {"quantities", "named formulas over other analyses", {need("values", Expressions)}, false}};
  return kKinds;
}

std::span<const Kind> figure_kinds() {
  using enum OptionType;
  static const std::vector<Kind> kKinds{
      {"heatmap",
       "a value over two columns",
       {need("x", Text), need("y", Text), need("value", Expression), may("unit", Text),
        may("log", Flag)}},
      {"scatter",
       "points, with the fit of an analysis",
       {need("x", Expression), need("y", Expression), may("group", Text), may("fit", Text),
        may("x_label", Text), may("y_label", Text), may("log_x", Flag), may("log_y", Flag)}},
      {"lines",
       "points joined in the order of x",
       {need("x", Expression), need("y", Expression), may("group", Texts), may("x_label", Text),
        may("y_label", Text), may("log_x", Flag), may("log_y", Flag), may("running_best", Flag),
        may("minimize", Flag), may("cumulative_x", Flag)}},
      {"box",
       "how values of groups scatter",
       {need("value", Expression), need("group", Texts), may("y_label", Text), may("log_y", Flag)}},
      {"bars",
       "one value for each group",
       {need("value", Expression), need("group", Texts), may("y_label", Text),
        may("log_y", Flag)}}};
  return kKinds;
}

std::span<const Kind> check_kinds() {
  using enum OptionType;
  static const std::vector<Kind> kKinds{
      {"holds", "a formula over cells of analyses", {need("holds", Expression)}, false},
      {"each", "a formula that holds in every row", {need("each", Expression)}},
      {"rising",
       "a column grows with another one",
       {need("rising", Text), need("with", Text), may("within", Texts), may("tolerance", Number)}},
      {"falling",
       "a column shrinks with another one",
       {need("falling", Text), need("with", Text), may("within", Texts), may("tolerance", Number)}},
      {"same",
       "a column is what a formula makes of the others",
       {need("same", Text), need("as", Expression), may("tolerance", Number)}}};
  return kKinds;
}

}  // namespace wattune::replication
