#include "catch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include <pullback/core/dtype.h>
#include <pullback/core/kernels/sort.h>

#include "core/kernels/tiers.h"

using pullback::scalar_type_of;
using pullback::ScalarType;
using pullback::kernels::Kernels;
using std::int64_t;

namespace {

template <class T>
std::vector<T> random_values(int64_t n) {
  std::mt19937 engine(3);
  std::uniform_real_distribution<double> uniform(-4, 4);
  std::vector<T> values(n);
  for (auto& value : values) value = static_cast<T>(uniform(engine));
  return values;
}

template <class T>
char* bytes(std::vector<T>& values) {
  return reinterpret_cast<char*>(values.data());
}

template <class T>
double worst_difference(const std::vector<T>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(a[i] - b[i]));
  return worst;
}

template <class T>
std::vector<T> turned(int64_t rows, int64_t columns, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) y[j * rows + i] = x[i * columns + j];
  return y;
}

template <class T>
void check_softmax(const Kernels* table, int64_t m, int64_t n, double tolerance) {
  const auto type = scalar_type_of<T>;
  auto x = random_values<T>(m * n);
  auto g = random_values<T>(m * n);
  std::reverse(g.begin(), g.end());
  std::vector<double> soft(m * n), logs(m * n), soft_back(m * n), log_back(m * n);
  for (int64_t j = 0; j < m; ++j) {
    double sum = 0, dot = 0, total = 0;
    for (int64_t i = j * n; i < (j + 1) * n; ++i) sum += std::exp(static_cast<double>(x[i]));
    for (int64_t i = j * n; i < (j + 1) * n; ++i) {
      soft[i] = std::exp(static_cast<double>(x[i])) / sum;
      logs[i] = x[i] - std::log(sum);
      dot += soft[i] * g[i];
      total += g[i];
    }
    for (int64_t i = j * n; i < (j + 1) * n; ++i) {
      soft_back[i] = soft[i] * (g[i] - dot);
      log_back[i] = g[i] - soft[i] * total;
    }
  }
  std::vector<T> y(m * n), out(m * n);
  char* forward[] = {bytes(y), bytes(x)};
  char* backward[] = {bytes(out), bytes(g), bytes(y)};
  table->softmax[type](m, n, forward, 0);
  CHECK(worst_difference(y, soft) < tolerance);
  table->softmax_backward[type](m, n, backward, 0);
  CHECK(worst_difference(out, soft_back) < tolerance);
  table->log_softmax[type](m, n, forward, 0);
  CHECK(worst_difference(y, logs) < 10 * tolerance);
  table->log_softmax_backward[type](m, n, backward, 0);
  CHECK(worst_difference(out, log_back) < 100 * tolerance);
  if (m < 16) return;

  // The same of columns.
  std::ranges::copy(turned(m, n, x), x.begin());
  std::ranges::copy(turned(m, n, g), g.begin());
  const int64_t size = sizeof(T), outer[] = {size, size, size};
  const int64_t inner[] = {m * size, m * size, m * size};
  table->softmax_columns[type](m, n, forward, outer, inner);
  CHECK(worst_difference(turned(n, m, y), soft) < tolerance);
  table->softmax_backward_columns[type](m, n, backward, outer, inner);
  CHECK(worst_difference(turned(n, m, out), soft_back) < tolerance);
  table->log_softmax_columns[type](m, n, forward, outer, inner);
  CHECK(worst_difference(turned(n, m, y), logs) < 10 * tolerance);
  table->log_softmax_backward_columns[type](m, n, backward, outer, inner);
  CHECK(worst_difference(turned(n, m, out), log_back) < 100 * tolerance);
}

}  // namespace

TEST_CASE("softmax and log_softmax of rows and columns, and their gradients, follow definitions") {
  for (const Kernels* table : all_tiers()) {
    for (int64_t n : {16, 17, 37, 257, 3000}) {
      for (int64_t m : {3, 16, 41}) {
        INFO(table->tier << " " << m << " of " << n);
        check_softmax<float>(table, m, n, 1e-6);
        check_softmax<double>(table, m, n, 1e-14);
      }
    }
    check_softmax<float>(table, 1067, 20, 1e-6);
    check_softmax<double>(table, 1067, 20, 1e-14);
  }
}

TEST_CASE("softmax survives large numbers and gives NaN only where there is one") {
  for (const Kernels* table : all_tiers()) {
    const auto another = std::bit_cast<float>(0x7fffffffu);
    const int64_t n = 17;
    std::vector<float> x(4 * n, -INFINITY), y(4 * n);
    const std::vector<float> first{1000, 1001, 1002, -INFINITY, 0, 0, NAN, 1, 2, another, 1, 2};
    for (int64_t i = 0; i < 12; ++i) x[i / 3 * n + i % 3] = first[i];
    char* data[] = {bytes(y), bytes(x)};
    table->softmax[ScalarType::Float](4, n, data, 0);
    CHECK(std::fabs(y[2] - 0.66524096f) < 1e-6f);
    CHECK(y[n] == 0);
    CHECK(y[n + 1] == 0.5f);
    for (int64_t i = 2 * n; i < 4 * n; ++i) CHECK(std::isnan(y[i]));
    table->log_softmax[ScalarType::Float](4, n, data, 0);
    for (int64_t i = 2 * n; i < 4 * n; ++i) CHECK(std::isnan(y[i]));

    std::vector<float> columns(4 * 17);  // of four rows
    for (int64_t j = 0; j < 4; ++j) columns[j * 17 + 3] = x[j];
    columns[17 + 5] = NAN;
    const int64_t outer[] = {4, 4}, inner[] = {4 * 17, 4 * 17};
    char* of_columns[] = {bytes(y), bytes(columns)};
    table->softmax_columns[ScalarType::Float](17, 4, of_columns, outer, inner);
    CHECK(std::fabs(y[2 * 17 + 3] - 0.66524096f) < 1e-6f);
    CHECK(y[2] == 0.25f);
    for (int64_t j = 0; j < 4; ++j) CHECK(std::isnan(y[j * 17 + 5]));
  }
}

TEST_CASE(
    "normalized rows have mean 0 and variance 1, and their gradient is the finite difference") {
  const int64_t m = 2, n = 37;
  const double eps = 1e-5, h = 1e-6;
  auto weight = random_values<double>(n);
  auto bias = random_values<double>(n);
  auto g = random_values<double>(m * n);
  std::reverse(bias.begin(), bias.end());
  for (const Kernels* table : all_tiers()) {
    for (bool affine : {false, true}) {
      INFO(table->tier << (affine ? " affine" : ""));
      auto x = random_values<double>(m * n);
      std::vector<double> mean(m), rstd(m), y(m * n), dx(m * n);
      char* w = affine ? bytes(weight) : nullptr;
      const auto forward = [&] {
        char* data[] = {bytes(y), bytes(mean), bytes(rstd),
                        bytes(x), w,           affine ? bytes(bias) : nullptr};
        table->layer_norm[ScalarType::Double](m, n, data, eps);
        return std::inner_product(y.begin(), y.end(), g.begin(), 0.0);
      };
      forward();
      if (!affine) {
        const double sum = std::accumulate(y.begin(), y.begin() + n, 0.0);
        const double squares = std::inner_product(y.begin(), y.begin() + n, y.begin(), 0.0);
        CHECK(std::fabs(sum) < 1e-12);
        CHECK(std::fabs(squares / n - 1) < 1e-4);
      }
      char* data[] = {bytes(dx), bytes(g), bytes(x), bytes(mean), bytes(rstd), w};
      table->layer_norm_backward[ScalarType::Double](m, n, data, 0);
      for (std::size_t i = 0; i < x.size(); i += 7) {
        const double before = x[i];
        x[i] = before + h;
        const double high = forward();
        x[i] = before - h;
        const double low = forward();
        x[i] = before;
        CHECK(std::fabs(dx[i] - (high - low) / (2 * h)) < 1e-6);
      }
    }
  }
}

TEST_CASE("scans run along rows and columns alike") {
  const int64_t m = 70, n = 33;
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    for (auto scan : {&Kernels::cumsum, &Kernels::cumprod, &Kernels::logcumsumexp}) {
      auto x = random_values<double>(m * n);
      std::vector<double> rows(m * n), columns(m * n), transposed(m * n), expected(m * n);
      for (int64_t j = 0; j < m; ++j) {
        double sum = 0, product = 1, exps = 0;
        for (int64_t i = 0; i < n; ++i) {
          const double value = x[j * n + i];
          sum += value;
          product *= value;
          exps += std::exp(value);
          expected[j * n + i] = scan == &Kernels::cumsum    ? sum
                                : scan == &Kernels::cumprod ? product
                                                            : std::log(exps);
          transposed[i * m + j] = value;
        }
      }
      char* by_row[] = {bytes(rows), bytes(x)};
      const int64_t row_outer[] = {n * 8, n * 8}, row_inner[] = {8, 8};
      (table->*scan)[ScalarType::Double](m, n, by_row, row_outer, row_inner);
      char* by_column[] = {bytes(columns), bytes(transposed)};
      const int64_t column_outer[] = {8, 8}, column_inner[] = {m * 8, m * 8};
      (table->*scan)[ScalarType::Double](m, n, by_column, column_outer, column_inner);
      double worst = 0;
      for (int64_t j = 0; j < m; ++j) {
        for (int64_t i = 0; i < n; ++i) {
          const double exact = expected[j * n + i];
          worst = std::max(worst, std::fabs(rows[j * n + i] - exact) / (1 + std::fabs(exact)));
          if (rows[j * n + i] != columns[i * m + j]) worst = INFINITY;
        }
      }
      CHECK(worst < 1e-12);
    }
    std::vector<float> x{1, 3, 3, 2, NAN, 5}, y(6);
    std::vector<int64_t> where(6);
    char* data[] = {bytes(y), bytes(where), bytes(x)};
    const int64_t outer[] = {0, 0, 0}, inner[] = {4, 8, 4};
    table->cummax[ScalarType::Float](1, 6, data, outer, inner);
    CHECK(where == std::vector<int64_t>{0, 1, 2, 2, 4, 4});
    CHECK(y[3] == 3);
    CHECK(std::isnan(y[5]));
    std::vector<int64_t> integers{1, 2, -3}, sums(3);
    char* wide[] = {bytes(sums), bytes(integers)};
    const int64_t zero[] = {0, 0}, eight[] = {8, 8};
    table->cumsum[ScalarType::Long](1, 3, wide, zero, eight);
    CHECK(sums == std::vector<int64_t>{1, 3, 0});
  }
}

namespace {
template <class T>
void check_transpose(const Kernels& table, ScalarType type, int64_t rows, int64_t columns) {
  const int64_t size = sizeof(T);
  std::vector<T> in(rows * columns), out(rows * columns);
  const int64_t values = type == ScalarType::Bool ? 2 : rows * columns;
  for (int64_t e = 0; e < rows * columns; ++e) in[e] = static_cast<T>(e * e / 3 % values);
  table.transpose(type)(rows, columns, bytes(in), columns * size, bytes(out), rows * size);
  bool right = true;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) right &= out[j * rows + i] == in[i * columns + j];
  }
  CAPTURE(rows, columns, size);
  CHECK(right);
}
}  // namespace

TEST_CASE("a transposed copy moves every element") {
  for (const Kernels* table : all_tiers()) {
    for (int64_t rows : {1, 4, 7, 8, 15, 16, 50}) {
      for (int64_t columns : {1, 4, 8, 13, 16, 33}) {
        check_transpose<char>(*table, ScalarType::Bool, rows, columns);
        check_transpose<float>(*table, ScalarType::Float, rows, columns);
        check_transpose<double>(*table, ScalarType::Double, rows, columns);
      }
    }
  }
}

namespace {

/// Many rows are sorted and cut as each one is alone, whose order is checked elsewhere.
template <class T>
void check_sort_of_rows(int64_t m, int64_t n, int64_t k, bool descending) {
  auto x = random_values<double>(m * n);
  for (std::size_t i = 0; i < x.size(); i += 3) x[i] = std::round(x[i]);
  for (std::size_t i = 1; std::is_floating_point_v<T> && i < x.size(); i += 17) x[i] = NAN;
  const std::vector<T> in(x.begin(), x.end());
  std::vector<T> values(m * n), top(m * k), value(n);
  std::vector<int64_t> indices(m * n), places(m * k), index(n);
  const auto type = scalar_type_of<T>;
  pullback::kernels::sort_rows(type, descending, m, n, in.data(), values.data(), indices.data());
  pullback::kernels::topk_rows(type, descending, m, n, k, in.data(), top.data(), places.data());
  bool same = true;
  for (int64_t j = 0; j < m; ++j) {
    pullback::kernels::sort_rows(type, descending, 1, n, in.data() + j * n, value.data(),
                                 index.data());
    for (int64_t i = 0; i < n; ++i) {
      same = same && indices[j * n + i] == index[i] &&
             std::memcmp(&values[j * n + i], &value[i], sizeof(T)) == 0;
      if (i >= k) continue;
      same = same && places[j * k + i] == index[i] &&
             std::memcmp(&top[j * k + i], &value[i], sizeof(T)) == 0;
    }
  }
  CAPTURE(m, n, k, descending, type);
  CHECK(same);
}

template <class T>
void check_sort(const std::vector<T>& x, bool descending) {
  const int64_t n = static_cast<int64_t>(x.size());
  std::vector<int64_t> expected(n), indices(n);
  std::iota(expected.begin(), expected.end(), 0);
  const auto less = [](T a, T b) { return a < b || (b != b && a == a); };
  std::stable_sort(expected.begin(), expected.end(), [&](int64_t a, int64_t b) {
    return descending ? less(x[b], x[a]) : less(x[a], x[b]);
  });
  std::vector<T> values(n);
  pullback::kernels::sort_rows(scalar_type_of<T>, descending, 1, n, x.data(), values.data(),
                               indices.data());
  CHECK(indices == expected);
  bool right = true;
  for (int64_t i = 0; i < n; ++i) {
    const T value = x[expected[i]];
    right &= values[i] == value || (value != value && values[i] != values[i]);
  }
  CHECK(right);
  const int64_t k = std::max<int64_t>(1, n / 20);
  std::vector<int64_t> first(k);
  pullback::kernels::topk_rows(scalar_type_of<T>, descending, 1, n, k, x.data(), values.data(),
                               first.data());
  CHECK(first == std::vector<int64_t>(expected.begin(), expected.begin() + k));
}

}  // namespace

TEST_CASE("sort is stable, orders NaN last and topk is its beginning") {
  for (int64_t n : {1, 7, 150, 1000, 20000}) {
    for (bool descending : {false, true}) {
      CAPTURE(n, descending);
      auto floats = random_values<float>(n);
      for (int64_t i = 0; i < n; i += 5) floats[i] = std::round(floats[i]);
      for (int64_t i = 3; i < n; i += 41) floats[i] = i % 2 == 0 ? NAN : -0.0f;
      check_sort(floats, descending);
      check_sort(std::vector<double>(floats.begin(), floats.end()), descending);
      std::vector<int64_t> integers;
      for (int64_t i = 0; i < n; ++i) integers.push_back((i * 7919) % 1009 - 500);
      check_sort(integers, descending);
      check_sort(std::vector<std::int32_t>(integers.begin(), integers.end()), descending);
    }
  }
}

TEST_CASE("many short rows are sorted as each one is alone") {
  for (const int64_t n : {1, 2, 3, 7, 16, 17, 40, 100, 128, 129}) {
    for (const int64_t m : {7, 8, 16, 17, 300}) {
      for (const bool descending : {false, true}) {
        for (const int64_t k : {int64_t{1}, (n + 1) / 2, n}) {
          check_sort_of_rows<float>(m, n, k, descending);
          check_sort_of_rows<double>(m, n, k, descending);
          check_sort_of_rows<int64_t>(m, n, k, descending);
          check_sort_of_rows<std::int32_t>(m, n, k, descending);
        }
      }
    }
  }
}

TEST_CASE("rows of bool are sorted in place") {
  bool x[] = {true, false, true, false, false, true};
  int64_t indices[6];
  pullback::kernels::sort_rows(ScalarType::Bool, false, 2, 3, x, x, indices);
  CHECK(std::vector<bool>(x, x + 6) == std::vector<bool>{false, true, true, false, false, true});
  CHECK(std::vector<int64_t>(indices, indices + 6) == std::vector<int64_t>{1, 0, 2, 0, 1, 2});
  bool many[18][2];
  int64_t places[18][2];
  for (auto& row : many) row[0] = true, row[1] = false;
  pullback::kernels::sort_rows(ScalarType::Bool, false, 18, 2, many, many, places[0]);
  for (const auto& row : many) CHECK((!row[0] && row[1]));
  for (const auto& row : places) CHECK((row[0] == 1 && row[1] == 0));
}
