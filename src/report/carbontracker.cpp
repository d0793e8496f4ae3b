#include "wattune/report/carbontracker.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "wattune/base/text.hpp"

namespace wattune::report {
namespace {

constexpr double kJoulesPerWattHour = 3600.0;
constexpr std::array kReleases{CarbontrackerRelease::V1, CarbontrackerRelease::V2};

/// The power of epochs without a sample: of the epoch before, else of the next that has one.
void copy_to_neighbours(std::vector<std::optional<double>>& powers) {
  for (std::size_t i = 1; i < powers.size(); ++i) {
    if (!powers[i]) powers[i] = powers[i - 1];
  }
  for (std::size_t i = powers.size(); i-- > 1;) {
    if (!powers[i - 1]) powers[i - 1] = powers[i];
  }
}

}  // namespace

double usual_pue(CarbontrackerRelease release) {
  return release == CarbontrackerRelease::V1 ? 1.55 : 1.58;
}

Seconds sampling_period(CarbontrackerRelease release) {
  return Seconds{release == CarbontrackerRelease::V1 ? 10.0 : 1.0};
}

void Carbontracker::apply(const trial::Event& event) {
  if (const auto* assigned = std::get_if<trial::Assigned>(&event)) {
    Training training;
    training.stage = assigned->assignment.stage;
    running_[assigned->assignment.trial] = training;
  } else if (const auto* reported = std::get_if<trial::Reported>(&event)) {
    on_window(reported->trial, reported->step, reported->duration, reported->energy);
  } else if (const auto* repeated = std::get_if<trial::WorkRepeated>(&event)) {
    on_window(repeated->trial, repeated->step, repeated->duration, repeated->energy);
  } else if (const auto* metered = std::get_if<trial::AssignmentMetered>(&event)) {
    if (metered->node.is_missing()) return;
    running_[metered->trial].node_j = metered->node.total().joules().value();
  } else if (const auto* ended = std::get_if<trial::AssignmentEnded>(&event)) {
    Training& training = running_[ended->trial];
    training.charged_j += ended->energy.total().joules().value();
    end(training);
    running_.erase(ended->trial);
  }
}

void Carbontracker::on_window(TrialId trial, double step, Seconds duration,
                              const EnergyFigure& energy) {
  Training& training = running_[trial];
  const double joules = energy.total().joules().value();
  is_missing_ |= energy.is_missing();
  training.charged_j += joules;
  training.windows.push_back({duration.value(), joules});
  const bool counts_epochs = unit_ == trial::ResourceUnit::Epochs;
  training.epoch_of.push_back(counts_epochs ? static_cast<std::size_t>(std::ceil(step - 1e-9))
                                            : training.windows.size());
}

void Carbontracker::end(const Training& training) {
  if (training.windows.empty()) return;
  double scale = 1.0;
  if (training.node_j && training.charged_j > 0.0) {
    scale = *training.node_j / training.charged_j;
  } else {
    ++num_charged_;
  }
  for (std::size_t i = 0; i < kReleases.size(); ++i) {
    add(training, scale, sampling_period(kReleases[i]).value(), sums_[i][training.stage]);
  }
}

void Carbontracker::add(const Training& training, double scale, double period_s, Sum& sum) const {
  std::vector<double> durations;
  std::vector<std::optional<double>> powers;  // mean of the epoch's samples
  std::size_t num_samples = 0;
  double time = 0.0;
  double sampled = 0.0;
  for (std::size_t i = 0; i < training.windows.size(); ++i) {
    const bool is_new = i == 0 || training.epoch_of[i] != training.epoch_of[i - 1];
    if (is_new) {
      durations.push_back(0.0);
      powers.emplace_back();
      sampled = 0.0;
      num_samples = 0;
    }
    const Epoch& window = training.windows[i];
    // Samples are due at period, 2 period, ... since the training began.
    const double before = std::floor(time / period_s);
    time += window.duration_s;
    const auto num_new = static_cast<std::size_t>(std::floor(time / period_s) - before);
    durations.back() += window.duration_s;
    if (num_new == 0) continue;
    sampled += static_cast<double>(num_new) * window.joules * scale / window.duration_s;
    num_samples += num_new;
    powers.back() = sampled / static_cast<double>(num_samples);
  }
  sum.num_epochs += powers.size();
  for (const auto& power : powers) sum.num_copied += power ? 0 : 1;
  copy_to_neighbours(powers);
  if (!powers.front()) {
    sum.num_copied -= powers.size();
    sum.num_unseen += powers.size();
    return;
  }
  for (std::size_t i = 0; i < powers.size(); ++i) sum.joules += *powers[i] * durations[i];
}

std::optional<std::map<trial::Stage, Carbontracker::Sum>> Carbontracker::sums(
    CarbontrackerRelease release) const {
  if (is_missing_) return std::nullopt;
  return sums_[release == CarbontrackerRelease::V1 ? 0 : 1];
}

nlohmann::json to_json(const std::optional<CarbontrackerOptions>& options) {
  if (!options) return nullptr;
  nlohmann::json out = {{"release", options->release == CarbontrackerRelease::V1 ? 1 : 2}};
  if (options->pue) out["pue"] = *options->pue;
  return out;
}

std::optional<CarbontrackerOptions> carbontracker_options_from(const nlohmann::json& document) {
  if (!document.is_object()) return std::nullopt;
  CarbontrackerOptions options;
  if (document.value("release", 2) == 1) options.release = CarbontrackerRelease::V1;
  if (document.contains("pue")) options.pue = document.at("pue").get<double>();
  return options;
}

std::vector<std::string> carbontracker_differences(const CarbontrackerOptions& options) {
  return {
      fmt::format("mean power times wall time for each epoch, from a sample every {}; an epoch "
                  "without a sample has its neighbour's power; the ledger takes the difference of "
                  "two meter readings",
                  duration_text(sampling_period(options.release))),
      fmt::format("times a PUE of {}; the ledger has none",
                  number_text(options.pue.value_or(usual_pue(options.release)))),
      "the whole machine while a program runs, counted again for each program that runs at the "
      "same time; the ledger splits it among the trials",
      "epochs only: not the power without work, Wattune itself, or how a program ends; all of that "
      "is in the ledger",
      "samples are taken from the mean powers between reports: a tracker inside the program would "
      "see their noise as well",
  };
}

nlohmann::ordered_json carbontracker_json(const Carbontracker& account,
                                          const CarbontrackerOptions& options) {
  const double pue = options.pue.value_or(usual_pue(options.release));
  nlohmann::ordered_json out = {
      {"unit", "Wh"},
      {"release", options.release == CarbontrackerRelease::V1 ? "1.2.5" : "2.0.0"},
      {"period_s", sampling_period(options.release).value()},
      {"pue", pue},
      {"value", nullptr}};
  const auto sums = account.sums(options.release);
  if (sums) {
    Carbontracker::Sum all;
    for (const auto& [stage, sum] : *sums) {
      const double hours = sum.joules / kJoulesPerWattHour;
      out["stages"][to_text(stage)] = pue * hours;
      all.joules += sum.joules;
      all.num_epochs += sum.num_epochs;
      all.num_copied += sum.num_copied;
      all.num_unseen += sum.num_unseen;
    }
    out["value"] = pue * all.joules / kJoulesPerWattHour;
    out["without_pue"] = all.joules / kJoulesPerWattHour;
    out["num_epochs"] = all.num_epochs;
    out["num_copied"] = all.num_copied;
    out["num_unseen"] = all.num_unseen;
    out["num_charged"] = account.num_charged();
  }
  out["differs"] = carbontracker_differences(options);
  return out;
}

}  // namespace wattune::report
