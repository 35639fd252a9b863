#include <pullback/core/memory.h>

#include <sys/resource.h>

namespace pullback {

std::int64_t page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

}  // namespace pullback
