#pragma once

namespace pullback::kernels {

/// Small matrices that are worked on together: as many as fit side by side in a cache line. Their
/// entries are interleaved, entry e of matrix l at e·kBatchLanes + l, and begin at a cache line, so
/// that every step is the same step of all.
template <class T>
inline constexpr int kBatchLanes = 64 / static_cast<int>(sizeof(T));

}  // namespace pullback::kernels
