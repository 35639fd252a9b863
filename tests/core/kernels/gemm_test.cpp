#include "catch.h"

#include <limits>
#include <vector>

#include <pullback/core/kernels/gemm.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>

#include "core/kernels/small_integers.h"

using namespace pullback::kernels;
using std::int64_t;

namespace {

template <class T>
bool has_tiles() {
  return kernels().gemm.of<T>().rows > 0;
}

}  // namespace

TEMPLATE_TEST_CASE("a product in tiles is the sum of its terms, whatever the blocks", "[blas]",
                   float, double) {
  using T = TestType;
  if (!has_tiles<T>()) return;  // OpenBLAS does all products on this machine
  struct Size {
    int64_t m, n, k;
  };
  const Size size =
      GENERATE(Size{1, 1, 1}, Size{5, 3, 4}, Size{9, 17, 60}, Size{20, 2, 50}, Size{3, 16, 2},
               Size{14, 32, 5}, Size{15, 33, 7}, Size{29, 47, 330}, Size{70, 100, 1024},
               Size{300, 20, 33}, Size{260, 530, 40}, Size{40, 600, 700}, Size{790, 45, 403},
               Size{20, 37, 8200}, Size{50, 70, 17001});
  const bool ta = GENERATE(false, true), tb = GENERATE(false, true);
  const int64_t gap = GENERATE(0, 3);
  const auto [m, n, k] = size;
  CAPTURE(m, n, k, ta, tb, gap);
  const int64_t lda = (ta ? m : k) + gap, ldb = (tb ? k : n) + gap, ldc = n + gap;
  const auto a = small_integers<T>((ta ? k : m) * lda, 1),
             b = small_integers<T>((tb ? n : k) * ldb, 2);
  const auto old = small_integers<T>(m * ldc, 3);
  const auto row = small_integers<T>(n, 4);
  auto expected = old, expected_and_row = old;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      T sum = 0;
      for (int64_t p = 0; p < k; ++p)
        sum += (ta ? a[p * lda + i] : a[i * lda + p]) * (tb ? b[j * ldb + p] : b[p * ldb + j]);
      expected[i * ldc + j] = 2 * sum + 3 * old[i * ldc + j];
      expected_and_row[i * ldc + j] = 2 * sum + 3 * row[j];
    }
  const int threads = num_threads();
  for (int count : {1, 2}) {
    set_num_threads(count);
    auto c = old;
    tiled_gemm<T>(ta, tb, m, n, k, T(2), a.data(), lda, b.data(), ldb, T(3), c.data(), ldc,
                  c.data(), ldc);
    CHECK(c == expected);
    c = old;
    tiled_gemm<T>(ta, tb, m, n, k, T(2), a.data(), lda, b.data(), ldb, T(3), row.data(), 0,
                  c.data(), ldc);
    CHECK(c == expected_and_row);
  }
  set_num_threads(threads);
}

TEST_CASE("a product in tiles with beta = 0 does not read the old result", "[blas]") {
  if (!has_tiles<float>()) return;
  const int64_t m = 20, n = 45, k = 400;
  const std::vector<float> a(m * k, 1), b(k * n, 1);
  std::vector<float> c(m * n, std::numeric_limits<float>::quiet_NaN());
  tiled_gemm<float>(false, false, m, n, k, 1, a.data(), k, b.data(), n, 0, c.data(), n, c.data(),
                    n);
  CHECK(c == std::vector<float>(m * n, k));
}
