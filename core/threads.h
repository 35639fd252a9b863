#pragma once

namespace pullback {

/// How many threads work on one operation, the caller included: at first PULLBACK_NUM_THREADS, else
/// the number of cores. Results do not depend on it.
int num_threads() noexcept;
/// Throws ValueError unless count is between 1 and 1024.
void set_num_threads(int count);

}  // namespace pullback
