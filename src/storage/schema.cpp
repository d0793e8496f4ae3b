#include "schema.hpp"

#include <fmt/format.h>

#include <string_view>

#include "wattune/base/energy_figure.hpp"
#include "wattune/trial/event.hpp"
#include "wattune/trial/trial.hpp"

namespace wattune::storage {
namespace {

// Columns that many rows leave empty cost one byte each. The order puts first what every row has.
constexpr std::string_view kTables = R"sql(
CREATE TABLE events (
  seq           INTEGER PRIMARY KEY,
  at_us         INTEGER NOT NULL,
  kind          INTEGER NOT NULL,
  trial         INTEGER,
  code          INTEGER,
  step          REAL,
  samples       REAL,
  duration_s    REAL,
  idle_uj       INTEGER,
  dynamic_uj    INTEGER,
  uncertainty_j REAL,
  provenance    INTEGER,
  body          TEXT NOT NULL
) STRICT;
CREATE TABLE names (
  number INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE parameters (
  position INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  choices  TEXT
) STRICT;
)sql";

constexpr std::string_view kTrialsView = R"sql(
CREATE VIEW trials AS
WITH
  created AS (SELECT trial, at_us, code, body FROM events WHERE kind = 3),
  assigned AS (SELECT trial, max(seq) AS seq, count(*) AS num, code, step, body
               FROM events WHERE kind = 4 GROUP BY trial),
  reported AS (SELECT trial, count(*) AS num, max(step) AS step
               FROM events WHERE kind = 5 GROUP BY trial),
  ended AS (SELECT trial, max(seq) AS seq, code, body FROM events WHERE kind = 10 GROUP BY trial),
  charged AS (SELECT trial, sum(duration_s) AS duration_s, sum(idle_uj) AS idle_uj,
                     sum(dynamic_uj) AS dynamic_uj, sum(uncertainty_j) AS uncertainty_j,
                     max(provenance) AS provenance
              FROM events WHERE kind IN (5, 10, 14) GROUP BY trial)
SELECT
  c.trial AS trial,
  '{purposes}' ->> (c.body ->> 0) AS purpose,
  '{origins}' ->> c.code AS origin,
  CASE WHEN a.seq IS NULL THEN 'created'
       WHEN e.seq IS NULL OR e.seq < a.seq THEN 'running'
       ELSE '{states}' ->> e.code END AS state,
  '{outcomes}' ->> e.code AS outcome,
  '{stages}' ->> a.code AS stage,
  a.body ->> 1 AS rung,
  a.body ->> 2 AS bracket,
  coalesce(a.num, 0) AS num_assignments,
  coalesce(r.num, 0) AS num_reports,
  coalesce(r.step, 0.0) AS step,
  a.step AS target,
  coalesce(g.duration_s, 0.0) AS duration_s,
  coalesce(g.idle_uj, 0) * 1e-6 AS idle_j,
  coalesce(g.dynamic_uj, 0) * 1e-6 AS dynamic_j,
  coalesce(g.idle_uj + g.dynamic_uj, 0) * 1e-6 AS energy_j,
  coalesce(g.uncertainty_j, 0.0) AS uncertainty_j,
  '{provenances}' ->> coalesce(g.provenance, 0) AS provenance,
  (SELECT json_group_object(p.name, json(CASE v.type WHEN 'array' THEN p.choices -> (v.value ->> 0)
                                                     ELSE v.atom END))
   FROM json_each(c.body, '$[1]') v JOIN parameters p ON p.position = v.key
   WHERE v.type <> 'null') AS parameters,
  coalesce(e.body, '') AS detail,
  strftime('%Y-%m-%dT%H:%M:%SZ', c.at_us / 1000000, 'unixepoch') AS created_at
FROM created c
LEFT JOIN assigned a ON a.trial = c.trial
LEFT JOIN reported r ON r.trial = c.trial
LEFT JOIN ended e ON e.trial = c.trial
LEFT JOIN charged g ON g.trial = c.trial
ORDER BY c.trial;
)sql";

constexpr std::string_view kReportsView = R"sql(
CREATE VIEW reports AS
WITH charged AS (
  SELECT *, sum(idle_uj + dynamic_uj) OVER (PARTITION BY trial ORDER BY seq) AS so_far_uj
  FROM events WHERE kind IN (5, 10, 14))
SELECT
  c.trial AS trial,
  c.step AS step,
  n.name AS metric,
  m.value AS value,
  c.samples AS samples,
  c.duration_s AS duration_s,
  c.idle_uj * 1e-6 AS idle_j,
  c.dynamic_uj * 1e-6 AS dynamic_j,
  (c.idle_uj + c.dynamic_uj) * 1e-6 AS energy_j,
  c.so_far_uj * 1e-6 AS energy_so_far_j,
  c.uncertainty_j AS uncertainty_j,
  '{provenances}' ->> c.provenance AS provenance,
  c.seq AS seq
FROM charged c
LEFT JOIN json_each(c.body) m
LEFT JOIN names n ON n.number = m.key
WHERE c.kind = 5
ORDER BY c.seq, m.id;
)sql";

constexpr std::string_view kEnergyView = R"sql(
CREATE VIEW energy AS
WITH
  charged AS (
    SELECT kind, duration_s, trial, idle_uj, dynamic_uj, uncertainty_j, provenance,
           max(CASE WHEN kind = 4 THEN seq END) OVER (PARTITION BY trial ORDER BY seq) AS assigned
    FROM events WHERE kind IN (4, 5, 10, 14)),
  booked AS (
    SELECT 'trial' AS account, c.trial AS trial, a.code AS stage, a.body ->> 1 AS rung,
           c.duration_s, c.idle_uj, c.dynamic_uj, c.uncertainty_j, c.provenance
    FROM charged c JOIN events a ON a.seq = c.assigned WHERE c.kind <> 4
    UNION ALL
    SELECT 'idle_measurement', NULL, 0, NULL, duration_s, idle_uj, dynamic_uj, uncertainty_j,
           provenance
    FROM events WHERE kind = 11
    UNION ALL
    SELECT 'engine', NULL, NULL, NULL, duration_s, idle_uj, dynamic_uj, uncertainty_j, provenance
    FROM events WHERE kind = 12
    UNION ALL
    SELECT 'rest', NULL, NULL, NULL, duration_s, body ->> 0, body ->> 1, body ->> 2, body ->> 3
    FROM events WHERE kind = 12)
SELECT
  account,
  trial,
  '{stages}' ->> stage AS stage,
  rung,
  sum(duration_s) AS duration_s,
  sum(idle_uj) * 1e-6 AS idle_j,
  sum(dynamic_uj) * 1e-6 AS dynamic_j,
  sum(idle_uj + dynamic_uj) * 1e-6 AS energy_j,
  sum(uncertainty_j) AS uncertainty_j,
  '{provenances}' ->> max(provenance) AS provenance
FROM booked
GROUP BY account, trial, stage, rung;
)sql";

/// ["a","b"]: the words of an enumeration, in its order, up to `last`.
template <typename Enum, typename Words>
std::string words_json(Enum last, Words words) {
  std::string list = "[";
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (i > 0) list += ',';
    list += fmt::format("\"{}\"", words(static_cast<Enum>(i)));
  }
  return list + "]";
}

template <typename Enum>
std::string words_json(Enum last) {
  return words_json(last, [](Enum e) { return to_text(e); });
}

/// The state in which an assignment leaves its trial.
std::string_view state_word(trial::Outcome outcome) {
  switch (outcome) {
    case trial::Outcome::Completed:
    case trial::Outcome::Paused:
    case trial::Outcome::Stopped:
      return to_text(outcome);
    case trial::Outcome::StoppedBudget:
      return to_text(trial::TrialState::Stopped);
    case trial::Outcome::CutBudget:
    case trial::Outcome::Interrupted:
    case trial::Outcome::Lost:
      return to_text(trial::TrialState::Interrupted);
    default:
      return to_text(trial::TrialState::Failed);
  }
}

std::string views_sql() {
  using fmt::arg;
  const auto view = [](std::string_view sql) {
    return fmt::format(fmt::runtime(sql), arg("purposes", words_json(trial::Purpose::Finalist)),
                       arg("origins", words_json(trial::Origin::Enqueued)),
                       arg("states", words_json(trial::kLastOutcome, state_word)),
                       arg("outcomes", words_json(trial::kLastOutcome)),
                       arg("stages", words_json(trial::Stage::Finalist)),
                       arg("provenances", words_json(Provenance::Missing)));
  };
  return view(kTrialsView) + view(kReportsView) + view(kEnergyView);
}

}  // namespace

std::string schema_sql() {
  return fmt::format("PRAGMA application_id = {};\nPRAGMA user_version = {};\n", kApplicationId,
                     kSchemaVersion) +
         std::string(kTables) + views_sql();
}

std::string renewed_views_sql() {
  return "DROP VIEW IF EXISTS trials;\nDROP VIEW IF EXISTS reports;\nDROP VIEW IF EXISTS "
         "energy;\n" +
         views_sql();
}

}  // namespace wattune::storage
