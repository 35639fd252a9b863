#include <pullback/core/autograd/profile.h>

#include <algorithm>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/memory.h>
#include <pullback/core/ops.h>

#include "catch.h"

using namespace pullback;

TEST_CASE("a profile counts recorded operations, forward and backward", "[profile]") {
  const Tensor x = ones({8}).requires_grad_();
  const Timer timer;
  const autograd::Profile profile;
  for (int i = 0; i < 3; ++i) (x * x).tanh().sum().backward();
  const double elapsed = timer.seconds();

  const auto rows = profile.rows();
  const auto calls = [&](const std::string& name) {
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
    return found == rows.end() ? 0 : found->calls;
  };
  for (const char* name : {"Mul", "Tanh", "Sum", "MulBackward0", "TanhBackward0", "SumBackward0"}) {
    CAPTURE(name);
    CHECK(calls(name) == 3);
  }
  CHECK(rows.size() == 6);
  double total = 0;
  for (const auto& row : rows) total += row.seconds;
  CHECK(total > 0);
  CHECK(total <= elapsed);
  CHECK(std::is_sorted(rows.begin(), rows.end(),
                       [](const auto& a, const auto& b) { return a.seconds > b.seconds; }));
  CHECK(profile.table().rfind("operation", 0) == 0);
}

TEST_CASE("what a backward pass records counts for the node that recorded it", "[profile]") {
  const Tensor x = ones({8}).requires_grad_();
  const Tensor y = x.tanh().sum();
  const autograd::Profile profile;
  autograd::grad({y}, {x}, {}, {}, /*create_graph=*/true);
  for (const auto& row : profile.rows()) {
    CAPTURE(row.name);
    CHECK(row.name.find("Backward0") != std::string::npos);
  }
  CHECK(profile.rows().size() == 2);
}

TEST_CASE("after a profile, operations are not counted", "[profile]") {
  const Tensor x = ones({8}).requires_grad_();
  const autograd::Profile outer;
  {
    const autograd::Profile inner;
    x.exp();
    CHECK(inner.rows().size() == 1);
  }
  CHECK(outer.rows().empty());
}

TEST_CASE("memory statistics count what tensors hold", "[profile]") {
  const MemoryStats before = memory_stats();
  const std::int64_t faults = page_faults();
  const Tensor x = ones({1 << 22});
  CHECK(memory_stats().bytes_in_use == before.bytes_in_use + x.nbytes());
  CHECK(faults > 0);
  CHECK(page_faults() >= faults);
}
