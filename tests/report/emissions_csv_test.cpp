#include "wattune/report/emissions_csv.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

namespace wattune::report {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells{""};
  bool is_quoted = false;
  for (const char c : line) {
    if (c == '"') {
      is_quoted = !is_quoted;
    } else if (c == ',' && !is_quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

std::map<std::string, std::string> cells_of(const EmissionsRow& row) {
  const auto names = split(emissions_header());
  const auto cells = split(to_csv(row));
  EXPECT_EQ(names.size(), cells.size());
  std::map<std::string, std::string> by_name;
  for (std::size_t i = 0; i < names.size(); ++i) by_name[names[i]] = cells[i];
  return by_name;
}

EmissionsRow measured() {
  EmissionsRow row;
  row.timestamp = WallTime{std::chrono::seconds{1'763'772'204}};
  row.project_name = "train, \"fast\"";
  row.run_id = "1";
  row.duration = Seconds{10.0};
  row.cpu_energy = Joules{3600.0};
  row.energy = Joules{3600.0};
  row.emissions_kg = 0.5;
  row.pue = 1.0;
  return row;
}

TEST(EmissionsCsv, HasTheHeaderOfCodeCarbon) {
  EXPECT_EQ(emissions_header(),
            "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,"
            "cpu_power,gpu_power,ram_power,cpu_energy,gpu_energy,ram_energy,energy_consumed,"
            "water_consumed,country_name,country_iso_code,region,cloud_provider,cloud_region,os,"
            "python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,longitude,"
            "latitude,ram_total_size,tracking_mode,cpu_utilization_percent,"
            "gpu_utilization_percent,ram_utilization_percent,ram_used_gb,on_cloud,pue,wue");
}

TEST(EmissionsCsv, UsesTheUnitsOfCodeCarbon) {
  auto cells = cells_of(measured());
  EXPECT_EQ(cells["timestamp"], "2025-11-22T00:43:24");
  EXPECT_EQ(cells["cpu_energy"], "0.001");
  EXPECT_EQ(cells["cpu_power"], "360");
  EXPECT_EQ(cells["energy_consumed"], "0.001");
  EXPECT_EQ(cells["emissions"], "0.5");
  EXPECT_EQ(cells["emissions_rate"], "0.05");
  EXPECT_EQ(cells["pue"], "1");
}

TEST(EmissionsCsv, WhatNobodyKnowsIsEmptyAndNotZero) {
  EmissionsRow row = measured();
  row.energy.reset();
  row.emissions_kg.reset();
  auto cells = cells_of(row);
  for (const char* name :
       {"gpu_power", "gpu_energy", "ram_energy", "ram_power", "energy_consumed", "emissions",
        "emissions_rate", "water_consumed", "longitude", "gpu_count", "python_version", "wue",
        "ram_used_gb", "on_cloud", "cpu_utilization_percent"}) {
    EXPECT_EQ(cells[name], "") << name;
  }
}

TEST(EmissionsCsv, TextWithCommasAndQuotesStaysOneCell) {
  EXPECT_NE(to_csv(measured()).find("\"train, \"\"fast\"\"\""), std::string::npos);
  EXPECT_EQ(split(to_csv(measured())).size(), 38u);
}

}  // namespace
}  // namespace wattune::report
