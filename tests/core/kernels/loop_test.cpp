#include "catch.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <random>
#include <vector>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/loop.h>

#include "core/kernels/tiers.h"

using pullback::ScalarType;
using pullback::kernels::for_each;
using pullback::kernels::kernels;
using pullback::kernels::Loop;
using pullback::kernels::Operand;
using std::int64_t;

namespace {

/// Strides in bytes of an array of floats whose dimension d lies at place order[d] in memory; a
/// place of -1 is broadcast.
std::vector<int64_t> strides_of(const std::vector<int64_t>& sizes, const std::vector<int>& order) {
  std::vector<int64_t> strides(sizes.size(), 0);
  int64_t stride = sizeof(float);
  for (int place = static_cast<int>(sizes.size()) - 1; place >= 0; --place) {
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      if (order[d] != place) continue;
      strides[d] = stride;
      stride *= sizes[d];
    }
  }
  return strides;
}

float at(const std::vector<float>& x, const std::vector<int64_t>& strides, int64_t i,
         const std::vector<int64_t>& sizes) {
  int64_t offset = 0;
  for (int d = static_cast<int>(sizes.size()) - 1; d >= 0; --d) {
    offset += i % sizes[d] * strides[d];
    i /= sizes[d];
  }
  return x[offset / sizeof(float)];
}

void check_sum_and_copy(const std::vector<int64_t>& sizes,
                        const std::vector<std::vector<int>>& orders) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  std::vector<float> a(n), b(n), sum(n, -1), copy(n, -1);
  std::iota(a.begin(), a.end(), 0.0f);
  std::iota(b.begin(), b.end(), 0.5f);
  const auto out = strides_of(sizes, orders[0]);
  const auto first = strides_of(sizes, orders[1]);
  const auto second = strides_of(sizes, orders[2]);
  const Operand operands[] = {{sum.data(), out.data(), sizeof(float)},
                              {a.data(), first.data(), sizeof(float)},
                              {b.data(), second.data(), sizeof(float)}};
  const int ndim = static_cast<int>(sizes.size());
  for_each(kernels().add[ScalarType::Float], ndim, sizes.data(), operands, 3);
  Operand pair[] = {operands[0], operands[1]};
  pair[0].data = copy.data();
  for_each(kernels().copy[ScalarType::Float], ndim, sizes.data(), pair, 2);
  int64_t wrong = 0;
  for (int64_t i = 0; i < n; ++i) {
    wrong += at(sum, out, i, sizes) != at(a, first, i, sizes) + at(b, second, i, sizes);
    wrong += at(copy, out, i, sizes) != at(a, first, i, sizes);
  }
  CAPTURE(sizes, orders);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("a loop visits every element of any layout once") {
  const std::vector<std::vector<int>> layouts{{0, 1, 2},  {2, 1, 0},  {1, 2, 0},
                                              {-1, 1, 2}, {0, -1, 2}, {-1, -1, 2}};
  for (const auto& sizes : std::vector<std::vector<int64_t>>{{2, 3, 4},
                                                             {1, 5, 1},
                                                             {70, 3, 40},
                                                             {5, 200, 100},
                                                             {20000, 2, 3},
                                                             {3, 1, 50000},
                                                             {7, 11, 19},
                                                             {300, 41, 24}}) {
    for (int out = 0; out < 3; ++out) {
      for (const auto& a : layouts) {
        for (const auto& b : layouts) check_sum_and_copy(sizes, {layouts[out], a, b});
      }
    }
  }
}

namespace {

/// Elements of a part of a larger array, whose dimensions lie in any order.
template <class T>
struct Part {
  std::vector<T> array;
  std::vector<int64_t> strides;  // in bytes
  int64_t start = 0;             // in elements

  Part(const std::vector<int64_t>& sizes, std::minstd_rand& random, bool is_input) {
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    std::vector<std::size_t> order(sizes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (one_in(2)) std::shuffle(order.begin(), order.end(), random);
    strides.resize(sizes.size());
    int64_t extent = 1;
    for (std::size_t i = order.size(); i-- > 0;) {
      const std::size_t d = order[i];
      int64_t stride = extent;
      if (is_input && one_in(4)) {
        stride = 0;
      } else {
        extent *= sizes[d] + (one_in(3) ? 1 + random() % 3 : 0);
        if (is_input && one_in(6)) {
          start += (sizes[d] - 1) * stride;
          stride = -stride;
        }
      }
      strides[d] = stride * static_cast<int64_t>(sizeof(T));
    }
    array.resize(static_cast<std::size_t>(extent));
    constexpr unsigned values = sizeof(T) == 1 ? 2 : 100;  // bytes stand for bool
    for (T& x : array) x = static_cast<T>(is_input ? random() % values : 101);
  }
  Operand operand() { return {&array[start], strides.data(), sizeof(T)}; }
  T& at(const std::vector<int64_t>& index) {
    int64_t offset = 0;
    for (std::size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
    return array[start + offset / static_cast<int64_t>(sizeof(T))];
  }
};

/// What differs between loop(y, a, b) and f(a, b), between the elements of y too.
template <class T, class F>
int64_t differences(Loop loop, int operands, F f, std::minstd_rand& random) {
  static constexpr int64_t kSizes[] = {1, 2, 3, 5, 8, 9, 10, 16, 17, 31, 32, 33, 64, 100, 129, 300};
  std::vector<int64_t> sizes;
  int64_t n = 1;
  for (unsigned ndim = 1 + random() % 4; sizes.size() < ndim;) {
    const int64_t size = kSizes[random() % std::size(kSizes)];
    sizes.push_back(n * size > 30000 ? 1 : size);
    n *= sizes.back();
  }
  Part<T> y(sizes, random, false), a(sizes, random, true), b(sizes, random, true);
  Part<T> expected = y;
  std::vector<int64_t> index(sizes.size());
  for (int64_t i = 0; i < n; ++i) {
    int64_t rest = i;
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      index[d] = rest % sizes[d];
      rest /= sizes[d];
    }
    expected.at(index) = f(a.at(index), b.at(index));
  }
  const Operand all[] = {y.operand(), a.operand(), b.operand()};
  for_each(loop, static_cast<int>(sizes.size()), sizes.data(), all, operands);
  int64_t wrong = 0;
  for (std::size_t i = 0; i < y.array.size(); ++i) wrong += y.array[i] != expected.array[i];
  return wrong;
}

}  // namespace

TEST_CASE("a loop takes parts of larger arrays as they lie, and leaves the rest alone") {
  const auto sum = [](auto a, auto b) { return a + b; };
  const auto first = [](auto a, auto) { return a; };
  const auto& table = kernels();
  std::minstd_rand random(1);
  for (int i = 0; i < 400; ++i) {
    CAPTURE(i);
    CHECK(differences<float>(table.add[ScalarType::Float], 3, sum, random) == 0);
    CHECK(differences<double>(table.add[ScalarType::Double], 3, sum, random) == 0);
    CHECK(differences<float>(table.copy[ScalarType::Float], 2, first, random) == 0);
    CHECK(differences<int64_t>(table.copy[ScalarType::Long], 2, first, random) == 0);
    CHECK(differences<unsigned char>(table.copy[ScalarType::Bool], 2, first, random) == 0);
  }
}

TEST_CASE("a loop over nothing calls nothing and one over no dimensions runs once") {
  float a = 2, b = 3, out = -1;
  const int64_t sizes[] = {3, 0};
  const int64_t strides[] = {4, 4};
  const Operand operands[] = {{&out, strides}, {&a, strides}, {&b, strides}};
  for_each(kernels().add[ScalarType::Float], 2, sizes, operands, 3);
  CHECK(out == -1);
  for_each(kernels().add[ScalarType::Float], 0, sizes, operands, 3);
  CHECK(out == 5);
}

namespace {

/// Rows are `stride` apart and end with the memory that they lie in; a margin around the result
/// stays as it was.
template <class T>
void check_transpose(const pullback::kernels::Kernels& table, ScalarType type, int64_t rows,
                     int64_t columns, int64_t stride) {
  const int64_t size = sizeof(T), width = rows + 1;
  std::vector<T> in((rows - 1) * stride + columns), out(columns * width + 1, 99);
  const std::size_t values = type == ScalarType::Bool ? 2 : 98;
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<T>(i * i / 3 % values);
  table.transpose(type)(rows, columns, reinterpret_cast<const char*>(in.data()), stride * size,
                        reinterpret_cast<char*>(out.data()), width * size);
  bool right = out.back() == 99;
  for (int64_t j = 0; j < columns; ++j) {
    right = right && out[j * width + rows] == 99;
    for (int64_t i = 0; i < rows; ++i) right = right && out[j * width + i] == in[i * stride + j];
  }
  INFO(table.tier << " " << size << " " << rows << " " << columns << " " << stride);
  CHECK(right);
}

}  // namespace

TEST_CASE("rows and columns change places in matrices of any size, and nothing around them") {
  for (const auto* table : all_tiers()) {
    for (int64_t rows = 1; rows <= 35; ++rows) {
      for (int64_t columns = 1; columns <= 19; ++columns) {
        for (const int64_t stride : {columns, columns + 1, columns + 16}) {
          check_transpose<unsigned char>(*table, ScalarType::Bool, rows, columns, stride);
          check_transpose<float>(*table, ScalarType::Float, rows, columns, stride);
          check_transpose<int64_t>(*table, ScalarType::Long, rows, columns, stride);
        }
      }
    }
  }
}
