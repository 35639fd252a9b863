#pragma once

#include <algorithm>
#include <cstdint>

#include <pullback/core/kernels/batch_lanes.h>
#include <pullback/core/kernels/kernels.h>

// Batches of small matrices side by side, as the kernels of kernels/batch_lanes.h want them.
namespace pullback::linalg {

/// Enough matrices to fill most lanes of one group.
inline constexpr std::int64_t kInterleaveFrom = 6;

/// Groups of interleaved matrices that a batch makes.
template <class T>
std::int64_t group_count(std::int64_t count) {
  return (count + kernels::kBatchLanes<T> - 1) / kernels::kBatchLanes<T>;
}

/// Copies `count` ≤ lanes matrices of `size` contiguous entries to interleaved memory, which is a
/// transpose; missing ones are zero.
template <class T>
void interleave(const T* from, std::int64_t count, std::int64_t size, T* to) {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  if (count < lanes) std::fill(to, to + size * lanes, T(0));
  kernels::kernels().transpose(count, size, from, size, to, lanes);
}

/// And back.
template <class T>
void deinterleave(const T* from, std::int64_t count, std::int64_t size, T* to) {
  kernels::kernels().transpose<T>(size, count, from, kernels::kBatchLanes<T>, to, size);
}

}  // namespace pullback::linalg
