#pragma once

#include <vector>

#include <pullback/core/kernels/kernels.h>

/// The tables of all tiers that this machine runs; the base tier is always one.
inline std::vector<const pullback::kernels::Kernels*> all_tiers() {
  std::vector<const pullback::kernels::Kernels*> tables;
  for (const char* tier : {"base", "v3", "v4"}) {
    if (const auto* table = pullback::kernels::tier_table(tier)) tables.push_back(table);
  }
  return tables;
}
