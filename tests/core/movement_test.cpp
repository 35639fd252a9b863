#include "catch.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>

#include "core/kernels/tiers.h"

// Operations that put elements elsewhere, beside the selection by index that each of them is. The
// sizes are those at which blocks are copied; small ones are in the op table.
using namespace pullback;

namespace {

Tensor numbers(IntArrayRef sizes, ScalarType type) {
  return randint(-100, 100, sizes).to(type);
}

/// x with its last two dimensions in the other order in memory.
Tensor turned(const Tensor& x) {
  return x.dim() < 2 ? x : x.mT().contiguous().mT();
}

Tensor gradient(const Tensor& y, const Tensor& x, const Tensor& g) {
  return autograd::grad({y}, {x}, {g}, /*retain_graph=*/true)[0];
}

}  // namespace

TEST_CASE("bytes are copied in runs of any length to any distance", "[movement]") {
  for (const kernels::Kernels* table : all_tiers()) {
    for (const std::int64_t n : {0, 1, 15, 63, 64, 65, 255, 300, 8191, 8192, 9001, 40000}) {
      for (const std::int64_t distance : {0, 1, 31, 63, 64, 100, 2048, 4095}) {
        CAPTURE(table->tier, n, distance);
        std::vector<unsigned char> from(static_cast<std::size_t>(n) + 1), to(from.size() + 8192, 7);
        for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<unsigned char>(i * 31);
        // So many bytes further within a page.
        const auto apart = reinterpret_cast<std::uintptr_t>(from.data()) + 4096 -
                           reinterpret_cast<std::uintptr_t>(to.data()) % 4096;
        const std::int64_t start = static_cast<std::int64_t>(apart + distance) % 4096;
        char* const data[] = {reinterpret_cast<char*>(to.data()) + start,
                              reinterpret_cast<char*>(from.data())};
        const std::int64_t strides[] = {1, 1};
        table->copy[kBool](n, data, strides);
        CHECK(std::equal(from.begin(), from.end() - 1, to.begin() + start));
        CHECK((start == 0 || to[start - 1] == 7));
        CHECK(to[start + n] == 7);
      }
    }
  }
}

TEST_CASE("places are turned round and moved along whatever the size and layout", "[movement]") {
  const ScalarType type = GENERATE(kBool, kInt, kLong, kFloat, kDouble);
  using Sizes = std::vector<std::int64_t>;
  const Sizes sizes = GENERATE(Sizes{3, 70, 90}, Sizes{2, 5, 1, 600}, Sizes{40000, 2}, Sizes{300},
                               Sizes{1, 20000}, Sizes{0, 400}, Sizes{400, 0});
  manual_seed(1);
  const Tensor dense = numbers(sizes, type);
  for (const Tensor& x : {dense, turned(dense)}) {
    for (std::int64_t d = 0; d < x.dim(); ++d) {
      CAPTURE(sizes, type, d);
      const std::int64_t n = x.size(d);
      CHECK(equal(flip(x, d), x.index_select(d, n - 1 - arange(n))));
      if (x.numel() == 0) continue;
      for (const std::int64_t shift : {0, 1, 3, -2, 1000}) {
        const Tensor from = (arange(n) - shift).remainder(n);
        CHECK(equal(roll(x, shift, d), x.index_select(d, from)));
      }
    }
    CHECK(equal(roll(x, 5), roll(x.reshape({-1}), 5, 0).reshape(sizes)));
  }
}

TEST_CASE("moving blocks on several threads is moving them on one", "[movement]") {
  manual_seed(1);
  const Tensor x = randn({300, 700});
  const int before = kernels::num_threads();
  std::vector<Tensor> found[2];
  for (int i = 0; i < 2; ++i) {
    kernels::set_num_threads(i ? 4 : 1);
    found[i] = {flip(x, 0), roll(x, 9, 1), roll(x, 9, 0),
                pad(x.view({1, 300, 700}), {9, 9}, kReflect)};
  }
  kernels::set_num_threads(before);
  for (std::size_t k = 0; k < found[0].size(); ++k) CHECK(equal(found[0][k], found[1][k]));
}

TEST_CASE("a quarter turn is a transposed flip", "[movement]") {
  manual_seed(1);
  const Tensor x = randn({2, 5, 7}), y = rot90(x, 1, {1, 2});
  CHECK(equal(y, flip(x, 2).transpose(1, 2)));
  CHECK(equal(rot90(x, -1, {1, 2}), flip(x, 1).transpose(1, 2)));
  const Tensor changed = y.clone();
  y.add_(1);  // a result, not a view
  CHECK(equal(y, changed + 1));
  CHECK(equal(rot90(rot90(x, 3, {0, 2}), 1, {0, 2}), x));
}

namespace {

/// Which of n places each place of a padded dimension shows.
Tensor shown(PadMode mode, std::int64_t before, std::int64_t after, std::int64_t n) {
  const Tensor at = arange(n + before + after) - before;
  if (mode == kReplicate) return at.clamp(0, n - 1);
  if (mode == kReflect) return (n - 1) - ((n - 1) - at.abs()).abs();
  const std::int64_t first = std::max<std::int64_t>(-before, 0),
                     circle = n - first - std::max<std::int64_t>(-after, 0);
  return (at - first).remainder(circle) + first;
}

}  // namespace

TEST_CASE("a border shows what lies inside, and its gradient goes there", "[movement]") {
  const PadMode mode = GENERATE(kReflect, kReplicate, kCircular);
  using Amounts = std::vector<std::int64_t>;
  const Amounts amounts =
      GENERATE(Amounts{1, 2}, Amounts{5, 5, 0, 4}, Amounts{-3, 4, 2, -1}, Amounts{5, -4, -2, -2},
               Amounts{3, 0, -1, 3, 2, 1}, Amounts{0, 0});
  const ScalarType type = GENERATE(kLong, kDouble);
  manual_seed(1);
  const auto dims = static_cast<std::int64_t>(amounts.size()) / 2;
  std::vector<std::int64_t> sizes{2};
  for (std::int64_t d = 0; d < dims; ++d) sizes.push_back(7 - d % 2);
  for (const bool dense : {true, false}) {
    Tensor x = numbers(sizes, type);
    if (!dense) x = turned(x);
    if (type == kDouble) x.requires_grad_();
    Tensor expected = x;
    for (std::int64_t k = 0; k < dims; ++k) {
      const std::int64_t d = dims - k;
      expected =
          expected.index_select(d, shown(mode, amounts[2 * k], amounts[2 * k + 1], x.size(d)));
    }
    CAPTURE(amounts, mode, type, dense);
    const Tensor y = pad(x, amounts, mode);
    CHECK(equal(y, expected));
    CHECK(y.is_contiguous());
    if (type != kDouble) continue;
    const Tensor g = numbers(y.sizes(), kDouble);
    CHECK(equal(gradient(y, x, g), gradient(expected, x, g)));
    const auto f = [&](const std::vector<Tensor>& in) { return pad(in[0], amounts, mode); };
    CHECK(autograd::gradgradcheck(f, {x}));
  }
}

TEST_CASE("the gradient of few copies is their sum, as that of many", "[movement]") {
  const std::int64_t count = GENERATE(0, 1, 2, 3, 4, 5, 9);
  manual_seed(1);
  const Tensor x = numbers({6, 5}, kDouble).requires_grad_();
  for (const std::int64_t d : {0, 1}) {
    CAPTURE(count, d);
    std::vector<std::int64_t> repeats{1, 1}, spread{6, 5}, blocks{6, 5};
    repeats[d] = count;
    blocks.insert(blocks.begin() + d, count);
    spread.insert(spread.begin() + d + 1, count);
    const Tensor whole = x.repeat(repeats), each = x.repeat_interleave(count, d);
    const Tensor g = numbers(whole.sizes(), kDouble);
    CHECK(equal(gradient(whole, x, g), g.view(blocks).sum(d)));
    CHECK(equal(gradient(each, x, g), g.view(spread).sum(d + 1)));
    CHECK(!each.is_view());
    const auto f = [&](const std::vector<Tensor>& in) {
      return (in[0].repeat_interleave(count, d) * in[0].repeat(repeats)).pow(2);
    };
    CHECK(autograd::gradgradcheck(f, {x}));
  }
  CHECK(equal(gradient(x.repeat({2, 3}), x, ones({12, 15}, kDouble)), full({6, 5}, 6.0)));
}

TEST_CASE("windows that overlap add up where they came from", "[movement]") {
  const std::int64_t size = GENERATE(1, 4, 29, 30), step = GENERATE(1, 2, 5);
  manual_seed(1);
  for (const Tensor& dense : {numbers({30, 7}, kDouble), numbers({30, 90}, kDouble)}) {
    const Tensor x = dense.clone().requires_grad_();
    CAPTURE(size, step);
    const Tensor y = x.unfold(0, size, step), g = numbers(y.sizes(), kDouble);
    const Tensor places = (arange(y.size(0)) * step).unsqueeze(1).add(arange(size)).reshape({-1});
    const Tensor rows = g.transpose(1, 2).reshape({-1, x.size(1)});
    CHECK(equal(gradient(y, x, g), zeros_like(x).index_add(0, places, rows)));
  }
  const Tensor x = ones({100}).requires_grad_(), y = x.as_strided({10, 90}, {0, 1});
  CHECK(equal(gradient(y, x, ones_like(y)), (arange(100) < 90).to(kFloat) * 10));
}

TEST_CASE("a Kronecker product with short and with long rows is the outer product", "[movement]") {
  const std::int64_t p = GENERATE(1, 3, 0), q = GENERATE(1, 5, 64, 100, 0);
  manual_seed(1);
  const Tensor a = numbers({2, 4, p}, kDouble).requires_grad_(),
               b = turned(numbers({3, q}, kDouble)).requires_grad_();
  CAPTURE(p, q);
  const Tensor y = kron(a, b);
  const Tensor expected =
      (a.view({2, 4, 1, p, 1}) * b.reshape({1, 1, 3, 1, q})).reshape({2, 12, p * q});
  CHECK(equal(y, expected));
  const Tensor g = numbers(y.sizes(), kDouble);
  for (const Tensor& x : {a, b}) CHECK(equal(gradient(y, x, g), gradient(expected, x, g)));
}

namespace {

/// Interpolation of dimension d by selections: elements beside each new one, and their weights.
Tensor interpolated(const Tensor& x, std::int64_t d, std::int64_t count, bool nearest) {
  const std::int64_t n = x.size(d);
  const double step = static_cast<double>(n) / static_cast<double>(count);
  if (nearest) return x.index_select(d, (arange(count, kDouble) * step).floor().to(kLong));
  const Tensor at = ((arange(count, kDouble) + 0.5) * step - 0.5).clamp_min(0);
  const Tensor low = at.floor().to(kLong), high = (low + 1).clamp_max(n - 1);
  std::vector<std::int64_t> along(static_cast<std::size_t>(x.dim()), 1);
  along[static_cast<std::size_t>(d)] = count;
  const Tensor w = (at - low).view(along);
  return x.index_select(d, low) * (1 - w) + x.index_select(d, high) * w;
}

}  // namespace

TEST_CASE("interpolation takes each dimension in turn, and back", "[movement]") {
  const bool nearest = GENERATE(true, false);
  using Sizes = std::vector<std::int64_t>;
  const auto sides =
      GENERATE(std::pair(Sizes{5}, Sizes{11}), std::pair(Sizes{4}, Sizes{12}),
               std::pair(Sizes{6, 9}, Sizes{12, 18}), std::pair(Sizes{6, 9}, Sizes{3, 4}),
               std::pair(Sizes{1, 3}, Sizes{5, 3}), std::pair(Sizes{3, 4, 5}, Sizes{6, 2, 7}));
  const Sizes &from = sides.first, &to = sides.second;
  manual_seed(1);
  Sizes sizes{2, 3};
  sizes.insert(sizes.end(), from.begin(), from.end());
  const Tensor x = turned(randn(sizes, kDouble)).requires_grad_();
  const auto dims = static_cast<std::int64_t>(from.size());
  const Interpolation linear[] = {kLinear, kBilinear, kTrilinear};
  const Interpolation mode = nearest ? kNearest : linear[dims - 1];
  Tensor expected = x;
  for (std::int64_t d = dims; d-- > 0;) expected = interpolated(expected, d + 2, to[d], nearest);
  const auto f = [&](const std::vector<Tensor>& in) { return interpolate(in[0], to, {}, mode); };
  const Tensor y = f({x}), g = randn(y.sizes(), kDouble);
  CAPTURE(nearest, from, to);
  CHECK(allclose(y, expected, 1e-12, 1e-12));
  CHECK(allclose(gradient(y, x, g), gradient(expected, x, g), 1e-12, 1e-12));
  CHECK(autograd::gradgradcheck(f, {x}));
  sizes[0] = 0;
  CHECK(f({ones(sizes, kDouble)}).numel() == 0);
}
