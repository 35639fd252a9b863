#include "catch.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <pullback/core/dtype.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/reduce.h>

#include "core/kernels/tiers.h"

using pullback::scalar_type_of;
using pullback::ScalarType;
using pullback::kernels::Kernels;
using pullback::kernels::Reduce;
using std::int64_t;

namespace {

template <class T>
std::vector<T> random_values(int64_t n, double low = -1, double high = 1) {
  std::mt19937 engine(11);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<T> values(n);
  for (auto& value : values) value = static_cast<T>(uniform(engine));
  return values;
}

template <class Out, class T>
Out reduce_run(const Reduce& op, const std::vector<T>& x, int64_t step = 1) {
  const auto loop = op[scalar_type_of<T>];
  REQUIRE(loop != nullptr);
  std::vector<T> spread(x.size() * step);
  for (std::size_t i = 0; i < x.size(); ++i) spread[i * step] = x[i];
  Out out;
  loop(1, x.size(), reinterpret_cast<const char*>(spread.data()), 0, step * sizeof(T),
       reinterpret_cast<char*>(&out), sizeof(Out));
  return out;
}

double expected_value(Reduce Kernels::*op, const std::vector<double>& x) {
  double sum = 0, squares = 0, absolute = 0, top = -INFINITY, exps = 0;
  for (double value : x) {
    sum += value;
    squares += value * value;
    absolute += std::fabs(value);
    top = std::max(top, value);
    exps += std::exp(value);
  }
  if (op == &Kernels::sum) return sum;
  if (op == &Kernels::sum_squares) return squares;
  if (op == &Kernels::norm2) return std::sqrt(squares);
  if (op == &Kernels::abs_sum) return absolute;
  if (op == &Kernels::amax) return top;
  if (op == &Kernels::logsumexp) return std::log(exps);
  const double mean = sum / static_cast<double>(x.size());
  double deviation = 0;
  for (double value : x) deviation += (value - mean) * (value - mean);
  return deviation;
}

}  // namespace

TEST_CASE("a long float32 sum keeps its accuracy and its bits in every tier and layout") {
  for (const int64_t n : {1, 5, 63, 64, 1000, 1024, 5000, 300000}) {
    const auto x = random_values<float>(n, 0, 1);
    double exact = 0;
    for (float value : x) exact += value;
    const float reference = reduce_run<float>(all_tiers()[0]->sum, x);
    for (const Kernels* table : all_tiers()) {
      INFO(table->tier << " " << n);
      const float sum = reduce_run<float>(table->sum, x);
      CHECK(std::fabs(sum - exact) <= 4e-7 * exact);
      CHECK(sum == reference);
      CHECK(sum == reduce_run<float>(table->sum, x, 3));
    }
  }
}

TEST_CASE("reductions of a row agree with their definitions") {
  const std::vector<double> x = random_values<double>(3001);
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    for (auto op : {&Kernels::sum, &Kernels::sum_squares, &Kernels::norm2, &Kernels::abs_sum,
                    &Kernels::amax, &Kernels::logsumexp, &Kernels::deviation}) {
      const double value = reduce_run<double>(table->*op, x);
      const double expected = expected_value(op, x);
      CHECK(std::fabs(value - expected) <= 1e-12 * std::fabs(expected));
    }
    CHECK(reduce_run<double>(table->prod, std::vector<double>{2, 3, -4}) == -24);
    CHECK(reduce_run<int64_t>(table->prod, std::vector<int64_t>{2, 3, -4}) == -24);
    CHECK(reduce_run<int64_t>(table->sum, std::vector<int32_t>{2000000000, 2000000000}) ==
          4000000000);
    CHECK(reduce_run<int64_t>(table->count_nonzero, std::vector<float>{0, NAN, 2, 0}) == 2);
    CHECK(reduce_run<bool>(table->any, std::vector<float>{0, 0, 2}));
    CHECK_FALSE(reduce_run<bool>(table->any, std::vector<float>{0, 0}));
    CHECK(reduce_run<bool>(table->all, std::vector<float>{1, 2}));
    CHECK_FALSE(reduce_run<bool>(table->all, std::vector<float>{1, 0}));
    CHECK(reduce_run<float>(table->sum, std::vector<float>{}) == 0);
    CHECK(reduce_run<float>(table->prod, std::vector<float>{}) == 1);
    CHECK(reduce_run<float>(table->abs_max, std::vector<float>{1, -3, 2}) == 3);
    const float inf = INFINITY;
    CHECK(reduce_run<float>(table->logsumexp, std::vector<float>{-inf, -inf}) == -inf);
    CHECK(reduce_run<float>(table->logsumexp, std::vector<float>{1, inf}) == inf);
  }
}

TEST_CASE("the first largest element is found and NaN is larger than all") {
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    std::vector<float> x = random_values<float>(5000);
    x[1234] = x[4000] = 7;
    CHECK(reduce_run<int64_t>(table->argmax, x) == 1234);
    x[77] = -7;
    CHECK(reduce_run<int64_t>(table->argmin, x, 2) == 77);
    x[3333] = x[4444] = NAN;
    CHECK(reduce_run<int64_t>(table->argmax, x) == 3333);
    CHECK(reduce_run<int64_t>(table->argmin, x) == 3333);
    CHECK(std::isnan(reduce_run<float>(table->amax, x)));
    CHECK(std::isnan(reduce_run<float>(table->amin, x)));
    CHECK(reduce_run<int64_t>(table->argmax, std::vector<float>(9, -INFINITY)) == 0);
    CHECK(reduce_run<int64_t>(table->argmax, std::vector<int64_t>{3, INT64_MIN, 9, 9}) == 2);
    CHECK(reduce_run<int64_t>(table->argmin, std::vector<int64_t>(3, INT64_MAX)) == 0);
  }
}

namespace {

/// Reduces x, an array of `sizes` whose dimension d lies at place order[d] in memory, by the driver
/// and by definition, and compares.
void check_driver(Reduce Kernels::*op, std::vector<int64_t> sizes, std::vector<int> order,
                  unsigned mask) {
  const int ndim = static_cast<int>(sizes.size());
  std::vector<int64_t> strides(ndim), out_strides(ndim);
  int64_t numel = 1, results = 1;
  for (int place = ndim - 1; place >= 0; --place) {
    for (int d = 0; d < ndim; ++d) {
      if (order[d] != place) continue;
      strides[d] = numel * 8;
      numel *= sizes[d];
    }
  }
  for (int d = ndim - 1; d >= 0; --d) {
    out_strides[d] = results * 8;
    if ((mask >> d & 1) == 0) results *= sizes[d];
  }
  const auto x = random_values<double>(numel);
  std::vector<std::vector<double>> runs(results);
  std::vector<int64_t> index(ndim);
  for (int64_t i = 0; i < numel; ++i) {
    int64_t rest = i, from = 0, to = 0;
    for (int d = ndim - 1; d >= 0; --d) {
      from += rest % sizes[d] * strides[d] / 8;
      if ((mask >> d & 1) == 0) to += rest % sizes[d] * out_strides[d] / 8;
      rest /= sizes[d];
    }
    runs[to].push_back(x[from]);
  }
  std::vector<double> out(results, -99);
  std::vector<int64_t> places(results, -99);
  const bool search = op == &Kernels::argmax;
  const Reduce& table = pullback::kernels::kernels().*op;
  void* target = search ? static_cast<void*>(places.data()) : static_cast<void*>(out.data());
  pullback::kernels::reduce(table, ScalarType::Double, ndim, sizes.data(),
                            {target, out_strides.data()},
                            {const_cast<double*>(x.data()), strides.data()}, mask);
  double worst = 0;
  for (int64_t j = 0; j < results; ++j) {
    if (search) {
      const auto top = std::max_element(runs[j].begin(), runs[j].end());
      worst = std::max<double>(worst, std::abs(places[j] - (top - runs[j].begin())));
    } else {
      const double expected = expected_value(op, runs[j]);
      worst = std::max(worst, std::fabs(out[j] - expected) / (1 + std::fabs(expected)));
    }
  }
  CAPTURE(sizes, order, mask);
  CHECK(worst <= 1e-12);
}

}  // namespace

TEST_CASE("the driver reduces any dimensions of any layout") {
  const std::vector<std::vector<int>> orders{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}};
  for (auto op : {&Kernels::sum, &Kernels::norm2, &Kernels::logsumexp, &Kernels::deviation,
                  &Kernels::argmax, &Kernels::amax}) {
    for (const auto& order : orders) {
      for (unsigned mask = 0; mask < 16; ++mask) check_driver(op, {3, 9, 1, 20}, order, mask);
      check_driver(op, {200, 7, 3, 50}, order, 5);
      check_driver(op, {200, 7, 3, 50}, order, 15);
    }
    check_driver(op, {100000, 10}, {0, 1}, 1);
    check_driver(op, {10, 100000}, {0, 1}, 2);
    check_driver(op, {300000}, {0}, 1);
  }
}

TEST_CASE("short rows and few columns are reduced like others") {
  for (auto op : {&Kernels::sum, &Kernels::norm2, &Kernels::logsumexp, &Kernels::deviation,
                  &Kernels::argmax, &Kernels::amax}) {
    for (int64_t n = 1; n <= 33; ++n) {
      check_driver(op, {300, n}, {0, 1}, 2);
      check_driver(op, {5, 9, n}, {0, 1, 2}, 4);
      check_driver(op, {69, n}, {0, 1}, 1);
      check_driver(op, {3, 64, n}, {0, 1, 2}, 2);
      check_driver(op, {7, n, 5}, {0, 1, 2}, 2);
      check_driver(op, {300, n}, {1, 0}, 2);
    }
  }
}

namespace {

/// m runs of n elements with `special` at every place of every run, once as rows and once as
/// columns.
template <class T>
void check_special(const Reduce& op, int64_t m, int64_t n, T special) {
  const auto base = random_values<T>(m * n);
  for (int64_t place = 0; place < n; ++place) {
    std::vector<T> rows = base, columns(m * n), of_rows(m), of_columns(m);
    for (int64_t j = 0; j < m; ++j) {
      rows[j * n + place] = special;
      for (int64_t i = 0; i < n; ++i) columns[i * m + j] = rows[j * n + i];
    }
    const int64_t size = sizeof(T);
    const auto loop = op[scalar_type_of<T>];
    const auto bytes = [](auto& values) { return reinterpret_cast<char*>(values.data()); };
    loop(m, n, bytes(rows), n * size, size, bytes(of_rows), size);
    loop(m, n, bytes(columns), size, m * size, bytes(of_columns), size);
    const auto is_special = [special](T x) {
      return x == special || (x != x && special != special);
    };
    CAPTURE(m, n, place, special);
    CHECK(std::all_of(of_rows.begin(), of_rows.end(), is_special));
    CHECK(std::all_of(of_columns.begin(), of_columns.end(), is_special));
  }
}

}  // namespace

TEST_CASE("NaN and infinities win at every place of a run") {
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    for (const int64_t n : {1, 2, 15, 16, 17, 31, 64, 65, 100}) {
      for (const int64_t m : {1, 9, 16, 19}) {
        for (const Reduce& op : {table->amax, table->abs_max}) {
          check_special<float>(op, m, n, NAN);
          check_special<float>(op, m, n, INFINITY);
          check_special<double>(op, m, n, NAN);
        }
        check_special<float>(table->amin, m, n, NAN);
        check_special<float>(table->amin, m, n, -INFINITY);
        check_special<double>(table->amin, m, n, -INFINITY);
      }
    }
  }
}

TEST_CASE("many true elements are counted beyond the range of a block's counter") {
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    for (const int64_t n : {1, 255, 256, 1023, 1024, 70000}) {
      const std::vector<unsigned char> ones(n * 9, 1);
      const auto* data = reinterpret_cast<const char*>(ones.data());
      std::vector<int64_t> counts(9);
      auto* out = reinterpret_cast<char*>(counts.data());
      table->count_nonzero[ScalarType::Bool](9, n, data, n, 1, out, sizeof(int64_t));
      CHECK(counts == std::vector<int64_t>(9, n));
      table->sum[ScalarType::Bool](9, n, data, 1, 9, out, sizeof(int64_t));
      CHECK(counts == std::vector<int64_t>(9, n));
    }
  }
}

TEST_CASE("any and all of columns see each column") {
  for (const Kernels* table : all_tiers()) {
    const int64_t m = 300, n = 5;
    std::vector<float> x(m * n, 1);
    for (int64_t j = 0; j < m; ++j) {
      for (int64_t k = 0; k < n; ++k) x[k * m + j] = k < j % (n + 1) ? 1.0f : 0.0f;
    }
    std::vector<unsigned char> any(m), all(m);
    const auto* in = reinterpret_cast<const char*>(x.data());
    table->any[ScalarType::Float](m, n, in, 4, m * 4, reinterpret_cast<char*>(any.data()), 1);
    table->all[ScalarType::Float](m, n, in, 4, m * 4, reinterpret_cast<char*>(all.data()), 1);
    int64_t wrong = 0;
    for (int64_t j = 0; j < m; ++j) {
      wrong += any[j] != (j % (n + 1) > 0);
      wrong += all[j] != (j % (n + 1) == n);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("a sum does not depend on the number of threads") {
  const int64_t sizes[] = {1 << 20};
  const int64_t strides[] = {4};
  const auto x = random_values<float>(sizes[0]);
  const auto& sum = pullback::kernels::kernels().sum;
  const int before = pullback::kernels::num_threads();
  std::vector<float> sums;
  for (int threads : {1, 2, 3, 4}) {
    pullback::kernels::set_num_threads(threads);
    float out = 0;
    pullback::kernels::reduce(sum, ScalarType::Float, 1, sizes, {&out, strides},
                              {const_cast<float*>(x.data()), strides}, 1);
    sums.push_back(out);
  }
  pullback::kernels::set_num_threads(before);
  CHECK(sums == std::vector<float>(4, sums[0]));
}

TEST_CASE("an empty run gives the value of no elements") {
  const int64_t sizes[] = {3, 0};
  const int64_t strides[] = {4, 4};
  const int64_t out_strides[] = {4, 0};
  float out[3] = {9, 9, 9};
  float in = 0;
  pullback::kernels::reduce(pullback::kernels::kernels().sum, ScalarType::Float, 2, sizes,
                            {out, out_strides}, {&in, strides}, 2);
  CHECK(out[0] == 0);
  CHECK(out[2] == 0);
}
