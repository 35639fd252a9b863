#pragma once

/// What this machine can do at best, by which measurements are divided.
namespace bench {

/// GF/s of fused multiply-adds in registers on one core, with the widest vectors there are.
double fma_peak();

/// GB/s of a copy of 64 MB on one core, bytes read and written.
double copy_bandwidth();

}  // namespace bench
