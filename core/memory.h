#pragma once

#include <cstdint>

#include <pullback/core/kernels/allocator.h>

namespace pullback {

using kernels::empty_cache;
using kernels::memory_stats;
using kernels::MemoryStats;
using kernels::reset_peak;

/// How often this process has had to wait for a page of memory since it started; a steady-state
/// training step adds none.
std::int64_t page_faults();

}  // namespace pullback
