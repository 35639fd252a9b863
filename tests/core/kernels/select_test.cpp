#include "catch.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include <pullback/core/dtype.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/select.h>
#include <pullback/core/kernels/sort.h>

using namespace pullback;
using namespace pullback::kernels;
using std::int64_t;

namespace {

/// Rows of numbers that come up several times, of very different sizes.
template <class T>
std::vector<T> numbers(int64_t count, bool special) {
  std::vector<T> x(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto n = static_cast<int>(i * 7919 % 1009) - 500;
    x[i] = n % 5 == 0 ? static_cast<T>(n / 100) : static_cast<T>(n * (i % 3 == 0 ? 40961. : 0.37));
    if constexpr (std::is_floating_point_v<T>) {
      using Limits = std::numeric_limits<T>;
      if (special && i % 7 == 3) x[i] = i % 2 ? Limits::quiet_NaN() : -Limits::infinity();
      if (special && i % 11 == 5) x[i] = i % 2 ? T(-0.0) : Limits::infinity();
    }
  }
  return x;
}

template <class T>
void compare_with_sorted(int64_t rows, int64_t n, bool special) {
  CAPTURE(rows, n, special, scalar_type_of<T>);
  const std::vector<T> x = numbers<T>(rows * n, special);
  std::vector<int64_t> order(x.size());
  const auto sorted = std::make_unique<T[]>(x.size());
  sort_rows(scalar_type_of<T>, false, rows, n, x.data(), sorted.get(), order.data());
  const auto count = static_cast<std::size_t>(rows);
  const auto selected = [&](int64_t rank) {
    // Not std::vector<T>, whose bools are bits.
    const auto values = std::make_unique<T[]>(count);
    std::vector<int64_t> indices(count);
    select_rows(scalar_type_of<T>, rows, n, rank, x.data(), values.get(), indices.data());
    for (std::size_t i = 0; i < count; ++i) {
      const T value = x[i * static_cast<std::size_t>(n) + static_cast<std::size_t>(indices[i])];
      CHECK((values[i] == value || value != value));
    }
    return indices;
  };
  for (const int64_t rank : {int64_t{0}, int64_t{2}, n / 2, n - 1}) {
    if (rank >= n) continue;
    const std::vector<int64_t> indices = selected(rank);
    for (std::size_t i = 0; i < count; ++i)
      CHECK(indices[i] == order[i * static_cast<std::size_t>(n) + static_cast<std::size_t>(rank)]);
  }
  const std::vector<int64_t> medians = selected(kMedian);
  for (std::size_t i = 0; i < count; ++i) {
    const T* row = x.data() + i * static_cast<std::size_t>(n);
    int64_t nan = 0;
    while (nan < n && row[nan] == row[nan]) ++nan;
    const std::size_t middle =
        i * static_cast<std::size_t>(n) + static_cast<std::size_t>(n - 1) / 2;
    CHECK(medians[i] == (nan < n ? nan : order[middle]));
  }
}

}  // namespace

TEST_CASE("the element of a rank is where sorting puts it, on one thread and on three") {
  const int before = num_threads();
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    for (const bool special : {false, true}) {
      for (const int64_t n : {1, 2, 31, 33, 100, 257, 5000}) {
        compare_with_sorted<float>(20, n, special);
        compare_with_sorted<double>(3, n, special);
      }
    }
    for (const int64_t n : {1, 33, 257}) {
      compare_with_sorted<std::int32_t>(20, n, false);
      compare_with_sorted<int64_t>(20, n, false);
    }
  }
  set_num_threads(before);
}

TEST_CASE("the element of a rank among equal ones is the first, the second and so on") {
  const std::vector<float> x(1000, 2.5f);
  for (const int64_t rank : {0, 1, 500, 999}) {
    float value = 0;
    int64_t index = -1;
    select_rows(ScalarType::Float, 1, 1000, rank, x.data(), &value, &index);
    CHECK(index == rank);
  }
  const bool mask[] = {true, false, true, false, true};
  bool value = false;
  int64_t index = -1;
  select_rows(ScalarType::Bool, 1, 5, kMedian, mask, &value, &index);
  CHECK(value);
  CHECK(index == 0);
}
