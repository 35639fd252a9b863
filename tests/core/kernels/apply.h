#pragma once

#include "catch.h"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <pullback/core/dtype.h>

#include "core/kernels/tiers.h"

// Loops of the kernel table on vectors of numbers.
namespace {

using pullback::scalar_type_of;
using pullback::kernels::Kernels;
using pullback::kernels::Loop;
using pullback::kernels::Map;
using std::int32_t;
using std::int64_t;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

/// f of contiguous inputs of one type.
template <class Out, class T>
[[maybe_unused]] std::vector<Out> apply(Loop loop, std::vector<std::vector<T>> inputs) {
  REQUIRE(loop != nullptr);
  const int64_t n = static_cast<int64_t>(inputs[0].size());
  std::vector<Out> out(inputs[0].size());
  std::vector<char*> data{reinterpret_cast<char*>(out.data())};
  std::vector<int64_t> strides{sizeof(Out)};
  for (auto& input : inputs) {
    data.push_back(reinterpret_cast<char*>(input.data()));
    strides.push_back(input.size() == 1 ? 0 : sizeof(T));
  }
  loop(n, data.data(), strides.data());
  return out;
}
template <class T>
[[maybe_unused]] std::vector<T> map(const Map& map, std::vector<std::vector<T>> inputs) {
  return apply<T, T>(map[scalar_type_of<T>], std::move(inputs));
}

}  // namespace
