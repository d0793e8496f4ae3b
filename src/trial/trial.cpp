#include "wattune/trial/trial.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "trial_extras.hpp"
#include "wattune/base/require.hpp"

namespace wattune::trial {

std::string_view to_text(TrialState state) {
  constexpr std::array<std::string_view, 7> kNames{"created", "running", "paused",     "completed",
                                                   "stopped", "failed",  "interrupted"};
  return kNames.at(static_cast<std::size_t>(state));
}

Trial::Trial(TrialId id, Purpose purpose, Origin origin, space::Configuration configuration)
    : id_(id), purpose_(purpose), origin_(origin), configuration_(std::move(configuration)) {
}

Trial::Extras& Trial::extras() {
  if (!extras_) {
    extras_ = std::make_shared<Extras>();
  } else if (extras_.use_count() > 1) {
    extras_ = std::make_shared<Extras>(*extras_);
  }
  return *extras_;
}

std::optional<double> Trial::metric(std::size_t report_index, MetricId metric) const {
  WATTUNE_REQUIRE(report_index < reports_.size());
  const std::span<const MetricId> ids = columns();
  for (std::size_t column = 0; column < ids.size(); ++column) {
    if (ids[column] != metric) continue;
    const double value = metric_values_[report_index * ids.size() + column];
    if (std::isnan(value)) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::span<const MetricId> Trial::columns() const {
  if (!metric_ids_) return {};
  return *metric_ids_;
}

std::optional<double> Trial::last_metric(MetricId id) const {
  for (std::size_t i = reports_.size(); i-- > 0;) {
    if (const auto value = metric(i, id)) return value;
  }
  return std::nullopt;
}

std::optional<std::size_t> Trial::first_report_at(double step) const {
  const auto found = std::ranges::lower_bound(reports_, step, {}, &Report::step);
  if (found == reports_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - reports_.begin());
}

std::optional<Checkpoint> Trial::checkpoint() const {
  return extras_ ? extras_->checkpoint : std::nullopt;
}

std::span<const PhaseTotal> Trial::phases() const {
  if (!extras_) return {};
  return extras_->phases;
}

std::span<const MetricValue> Trial::info() const {
  if (!extras_) return {};
  return extras_->info;
}

std::optional<Repeat> Trial::repeat() const {
  return extras_ ? extras_->repeat : std::nullopt;
}

std::span<const DevicesSeen> Trial::devices() const {
  if (!extras_) return {};
  return extras_->devices;
}

std::span<const AssignmentMetered> Trial::metering() const {
  if (!extras_) return {};
  return extras_->metering;
}

const std::string& Trial::detail() const {
  static const std::string kNone;
  return extras_ ? extras_->detail : kNone;
}

}  // namespace wattune::trial
