#include <cstdint>
#include <limits>

#include "catch.h"

#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>
#include <pullback/data/tensor_loader.h>

// Sizes, strides, steps and offsets at the ends of the integers: an error, or what mathematics
// says, never an overflow.
using namespace pullback;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kHuge = std::int64_t{1} << 40;

}  // namespace

TEST_CASE("a tensor with more elements than 64 bits can count is refused") {
  const Tensor x = arange(3.0), one = zeros({1});
  const std::string words = "overflowed with sizes";
  CHECK(throws_with([] { empty({kHuge, kHuge}); }, words));
  CHECK(throws_with([] { zeros({kMost}); }, words));
  CHECK(throws_with([&] { one.expand({kHuge, kHuge}); }, words));
  CHECK(throws_with([&] { x.repeat({kHuge, kHuge}); }, words));
  CHECK(throws_with([&] { x.tile({kMost}); }, words));
  CHECK(throws_with([&] { x.repeat_interleave(kMost); }, words));
  CHECK(throws_with([&] { one.expand({kHuge, 1}) + one.expand({1, kHuge}); }, words));
  CHECK(throws_with([&] { outer(one.expand({kHuge}), one.expand({kHuge})); }, words));
  CHECK(throws_with([] { eye(kHuge); }, words));
  CHECK(throws_with([&] { diag(x, kHuge); }, words));
  CHECK(throws_with([&] { diag(x, kLeast); }, "diag_embed: offset"));
  CHECK(throws_with([&] { one.expand({kHuge}).unfold(0, kHuge / 2, 1); }, words));
  CHECK(x.repeat({0, kHuge}).numel() == 0);
}

TEST_CASE("a tensor that does not fit into memory is refused with its size") {
  const std::string words = "can't allocate memory: you tried to allocate";
  const std::int64_t bytes = std::int64_t{1} << 50;
  CHECK(throws_with([&] { empty({bytes}); }, words));
  CHECK(throws_with([&] { randint(0, 3, {bytes}); }, words));
  CHECK(throws_with([&] { histc(ones({3}), bytes); }, words));
  CHECK(throws_with([&] { multinomial(ones({3}), bytes, true); }, words));
  CHECK(throws_with([&] { linspace(0, 1, bytes); }, words));
  CHECK(throws_with([&] { ones({3}).repeat({bytes}); }, words));
  CHECK_THROWS_AS(empty({bytes}), RuntimeError);
}

TEST_CASE("padding and classes of any number are refused or made") {
  const Tensor x = ones({2, 3, 3});
  for (const std::int64_t amount : {kMost, kLeast, kHuge, -kHuge})
    for (const PadMode mode : {kConstant, kReflect, kReplicate, kCircular}) {
      CHECK(throws_with([&] { pad(x, {amount, 1}, mode); }, "pad: amounts out of range"));
      CHECK(throws_with([&] { pad(x, {1, amount}, mode); }, "pad: amounts out of range"));
    }
  CHECK(throws_with([&] { one_hot(tensor({kMost})); }, "one_hot: class out of range"));
  CHECK(throws_with([&] { one_hot(tensor({kMost - 1, std::int64_t{0}})); }, "overflowed"));
  CHECK(throws_with([&] { one_hot(tensor({std::int64_t{0}}), kLeast); }, "one_hot: Class values"));
}

TEST_CASE("slices take any bounds and any step") {
  const Tensor x = arange(3.0);
  CHECK(x.slice(0, kLeast, kMost, 1).equal(x));
  CHECK(x.slice(0, 0, kMost, kMost).equal(tensor({0.0f})));
  CHECK(x.slice(0, 1, 2, kMost).equal(tensor({1.0f})));
  CHECK(x.slice(0, kMost, kLeast, kMost).numel() == 0);
  CHECK((x.slice(0, 0, 3, kMost) + 1).sum().item<float>() == 1);
  CHECK(throws_with([&] { x.narrow(0, 1, kMost); }, "narrow: start (1) + length"));
  CHECK(throws_with([&] { x.select(0, kLeast); }, "select: index"));
  CHECK(throws_with([&] { x.unfold(0, 2, 0); }, "unfold: step is 0"));
  CHECK(x.unfold(0, 3, kMost).sum(0).equal(x));
  CHECK(roll(x, kMost).equal(roll(x, 1)));
}

TEST_CASE("parts of a dimension: any size, but not any number") {
  const Tensor x = arange(3.0);
  CHECK(x.split(kMost).size() == 1);
  CHECK(x.chunk(kMost).size() == 3);
  CHECK(throws_with([&] { x.split({2, kMost, kMost}); }, "split: expects split_sizes to sum"));
  CHECK(throws_with([&] { zeros({0}).chunk(kMost); }, "chunk: "));
  CHECK(throws_with([&] { x.tensor_split(kMost); }, "tensor_split: "));
  CHECK(throws_with([&] { x.view({kMost, -1}); }, "view: "));
}

TEST_CASE("as_strided and from_blob stay within the memory") {
  const Tensor x = arange(6.0);
  const std::string words = "as_strided: setStorage";
  CHECK(throws_with([&] { x.as_strided({2}, {kMost}); }, words));
  CHECK(throws_with([&] { x.as_strided({3, 3}, {kHuge, kMost}); }, words));
  CHECK(throws_with([&] { x.as_strided({2}, {1}, kMost); }, words));
  CHECK(throws_with([&] { x.as_strided({2}, {1}, -1); }, words));
  CHECK(throws_with([&] { x.as_strided({0, 5}, {kMost, kMost}); }, words));
  CHECK(throws_with([&] { x.as_strided({1}, {kMost}); }, words));
  CHECK(throws_with([&] { x.as_strided({2}, {-1}); }, "Negative strides"));
  float memory[4] = {1, 2, 3, 4};
  CHECK(throws_with([&] { from_blob(memory, {2}, {-1}); }, "from_blob: strides"));
  CHECK(throws_with([&] { from_blob(memory, {2}, {kMost}); }, "from_blob: strides"));
  CHECK(throws_with([&] { from_blob(nullptr, {2}, {1}); }, "from_blob: null data"));
  const Tensor even = from_blob(memory, {2}, {2});
  CHECK(even.as_strided({3}, {1}).equal(tensor({1.0f, 2.0f, 3.0f})));
}

TEST_CASE("ranges count their elements before they are made") {
  CHECK(arange(kMost - 2, kMost, 2).equal(tensor({kMost - 2})));
  CHECK(arange(kLeast, kMost, kMost).equal(tensor({kLeast, std::int64_t{-1}, kMost - 1})));
  CHECK(arange(3, kLeast, kLeast).equal(tensor({std::int64_t{3}, kLeast + 3})));
  CHECK(arange(0.7, 5.5, 1.9, kLong).equal(tensor({0, 1, 2, 3, 4})));
  CHECK(arange(0, 5, 1.5, kInt).to(kLong).equal(tensor({0, 1, 2, 3})));
  CHECK(throws_with([] { arange(-2, 5, 0.3, kLong); }, "arange: step must be nonzero"));
  CHECK(logspace(1, 2.5, 5, 10, kLong).equal(tensor({10, 17, 31, 56, 100})));
  CHECK_THROWS_AS(linspace(0, 1, 2, kBool), NotImplementedError);
  const std::string words = "arange: invalid size";
  CHECK(throws_with([] { arange(kLeast, kMost); }, words));
  CHECK(throws_with([] { arange(0.0, 1e30); }, words));
  CHECK(throws_with([] { arange(0.0, 1.0, 1e-30); }, words));
  CHECK(throws_with([] { arange(0.0, 0.0, std::nan("")); }, "arange: step must be nonzero"));
}

TEST_CASE("triangles and diagonals take any offset") {
  const Tensor x = ones({2, 3});
  CHECK(x.tril(kMost).equal(x));
  CHECK(x.triu(kLeast).equal(x));
  CHECK(x.tril(kLeast).sum().item<float>() == 0);
  CHECK(x.triu(kMost).sum().item<float>() == 0);
  CHECK(x.diagonal(kMost).numel() == 0);
  CHECK(x.diagonal(kLeast).numel() == 0);
  CHECK(tril_indices(2, 3, kMost).size(1) == 6);
  CHECK(triu_indices(2, 3, kMost).size(1) == 0);
  CHECK(tril_indices(kMost, 0).size(1) == 0);
  CHECK(throws_with([] { triu_indices(kMost, kMost); }, "triu_indices: a matrix of"));
}

TEST_CASE("windows of convolutions and pools are bounded") {
  const Tensor x = randn({1, 1, 4, 4}), w = randn({1, 1, 2, 2});
  CHECK(throws_with([&] { conv2d(x, w, {}, 1, kMost); }, "conv2d: padding out of range"));
  CHECK(throws_with([&] { conv2d(x, w, {}, kMost); }, "conv2d: stride out of range"));
  CHECK(throws_with([&] { conv2d(x, w, {}, 1, kSame, kMost); }, "conv2d: dilation out of range"));
  CHECK(throws_with([&] { max_pool2d(x, kMost); }, "max_pool2d: kernel_size out of range"));
  CHECK(throws_with([&] { adaptive_avg_pool2d(x, kMost); }, "adaptive_avg_pool2d: output_size"));
  CHECK(throws_with([&] { adaptive_max_pool2d(x, 1 << 30); }, "is too large"));
}

TEST_CASE("a batch may be larger than any data set") {
  const data::DataLoader loader(arange(3.0), arange(3.0), kMost);
  CHECK(loader.size() == 1);
  int batches = 0;
  for (const data::Batch& batch : loader) batches += batch.data.numel() == 3;
  CHECK(batches == 1);
}
