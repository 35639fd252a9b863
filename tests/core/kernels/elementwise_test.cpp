#include "catch.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

#include "core/kernels/apply.h"

using pullback::ScalarType;

namespace {

struct Layout {
  const char* name;
  Map Kernels::*member;
  int inputs;
};
const Layout kLayouts[] = {
    {"neg", &Kernels::neg, 1},
    {"exp", &Kernels::exp, 1},
    {"log", &Kernels::log, 1},
    {"sin", &Kernels::sin, 1},
    {"cos", &Kernels::cos, 1},
    {"tanh", &Kernels::tanh, 1},
    {"gelu", &Kernels::gelu, 1},
    {"gelu_tanh", &Kernels::gelu_tanh, 1},
    {"mish", &Kernels::mish, 1},
    {"cube", &Kernels::cube, 1},
    {"tan", &Kernels::tan, 1},
    {"lgamma", &Kernels::lgamma, 1},
    {"digamma", &Kernels::digamma, 1},
    {"trigamma", &Kernels::trigamma, 1},
    {"erf", &Kernels::erf, 1},
    {"erfc", &Kernels::erfc, 1},
    {"erfinv", &Kernels::erfinv, 1},
    {"pow", &Kernels::pow, 2},
    {"add", &Kernels::add, 2},
    {"div", &Kernels::div, 2},
    {"remainder", &Kernels::remainder, 2},
    {"fmod", &Kernels::fmod, 2},
    {"floor_divide", &Kernels::floor_divide, 2},
    {"logaddexp", &Kernels::logaddexp, 2},
    {"gelu_backward", &Kernels::gelu_backward, 2},
    {"silu_backward", &Kernels::silu_backward, 2},
    {"add_scaled", &Kernels::add_scaled, 3},
    {"lerp", &Kernels::lerp, 3},
    {"addcmul", &Kernels::addcmul, 4},
    {"add_product", &Kernels::add_product, 3},
    {"addcdiv", &Kernels::addcdiv, 4},
    {"glu", &Kernels::glu, 2},
    {"threshold", &Kernels::threshold, 4},
    {"elu_backward", &Kernels::elu_backward, 5},
    {"huber_loss", &Kernels::huber_loss, 5},
};

template <class T>
void check_layouts(const Kernels* table, const Layout& op) {
  const Loop loop = (table->*op.member)[scalar_type_of<T>];
  REQUIRE(loop != nullptr);
  const int64_t n = 2777;  // more than two blocks
  std::mt19937 engine(5);
  std::uniform_real_distribution<double> uniform(-3, 3);
  std::vector<std::vector<T>> sources(op.inputs, std::vector<T>(n));
  for (auto& source : sources) {
    for (auto& value : source) value = static_cast<T>(uniform(engine));
  }
  // Bit k of `mask` broadcasts input k; `step` strides the rest and the output.
  for (int mask = 0; mask < 1 << op.inputs; ++mask) {
    std::vector<std::vector<T>> dense = sources;
    for (int k = 0; k < op.inputs; ++k) {
      if ((mask >> k & 1) != 0) dense[k].assign(n, sources[k][0]);
    }
    const std::vector<T> expected = apply<T, T>(loop, dense);
    for (const int64_t step : {1, 3}) {
      std::vector<std::vector<T>> spread(op.inputs, std::vector<T>(n * step));
      std::vector<T> out(n * step);
      std::vector<char*> data{reinterpret_cast<char*>(out.data())};
      std::vector<int64_t> strides{step * static_cast<int64_t>(sizeof(T))};
      for (int k = 0; k < op.inputs; ++k) {
        for (int64_t i = 0; i < n; ++i) spread[k][i * step] = sources[k][i];
        data.push_back(reinterpret_cast<char*>(spread[k].data()));
        strides.push_back((mask >> k & 1) != 0 ? 0 : step * static_cast<int64_t>(sizeof(T)));
      }
      loop(n, data.data(), strides.data());
      std::vector<T> packed;
      for (int64_t i = 0; i < n; ++i) packed.push_back(out[i * step]);
      INFO(table->tier << " " << op.name << " broadcast mask " << mask << " step " << step);
      CHECK(std::memcmp(packed.data(), expected.data(), n * sizeof(T)) == 0);
    }
  }
  // A value does not depend on its place in the vector either.
  for (int64_t i = 0; i < n; i += 50) {
    std::vector<std::vector<T>> one;
    for (const auto& source : sources) one.push_back({source[i]});
    const T single = apply<T, T>(loop, one)[0];
    const T many = apply<T, T>(loop, sources)[i];
    INFO(table->tier << " " << op.name << " element " << i);
    CHECK(std::memcmp(&single, &many, sizeof(T)) == 0);
  }
}

}  // namespace

TEST_CASE("contiguous, strided and broadcast operands give the same bits") {
  for (const Kernels* table : all_tiers()) {
    for (const Layout& op : kLayouts) {
      check_layouts<float>(table, op);
      check_layouts<double>(table, op);
    }
  }
}

TEST_CASE("an output may be its own input") {
  for (const Kernels* table : all_tiers()) {
    std::vector<float> x(1000);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) * 0.01f;
    for (auto member : {&Kernels::sin, &Kernels::exp, &Kernels::sqrt, &Kernels::copy}) {
      const Loop loop = (table->*member)[ScalarType::Float];
      const auto expected = apply<float, float>(loop, {x});
      auto y = x;
      char* data[] = {reinterpret_cast<char*>(y.data()), reinterpret_cast<char*>(y.data())};
      const int64_t strides[] = {sizeof(float), sizeof(float)};
      loop(1000, data, strides);
      CHECK(y == expected);
    }
  }
}

TEST_CASE("integer arithmetic floors, wraps around and never traps") {
  const int64_t least = std::numeric_limits<int64_t>::min();
  const int64_t most = std::numeric_limits<int64_t>::max();
  using Ints = std::vector<int64_t>;
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    const Ints a{7, -7, 7, -7, 5, least, -6};
    const Ints b{2, 2, -2, -2, 0, -1, 3};
    CHECK(map<int64_t>(table->floor_divide, {a, b}) == Ints{3, -4, -4, 3, 0, least, -2});
    CHECK(map<int64_t>(table->trunc_divide, {a, b}) == Ints{3, -3, -3, 3, 0, least, -2});
    CHECK(map<int64_t>(table->remainder, {a, b}) == Ints{1, 1, -1, -1, 0, 0, 0});
    CHECK(map<int64_t>(table->fmod, {a, b}) == Ints{1, -1, 1, -1, 0, 0, 0});
    CHECK(map<int64_t>(table->add, {{most}, {1}}) == Ints{least});
    CHECK(map<int64_t>(table->mul, {{most, 3}, {2, 4}}) == Ints{-2, 12});
    CHECK(map<int64_t>(table->neg, {{least, 4}}) == Ints{least, -4});
    CHECK(map<int64_t>(table->abs, {{least, -4}}) == Ints{least, 4});
    CHECK(map<int64_t>(table->pow, {{2, -1, -1, 1, 0, 3, 2}, {10, 3, -2, -5, 0, -1, 64}}) ==
          Ints{1024, -1, 1, 1, 1, 0, 0});
    CHECK(map<int64_t>(table->bitwise_left_shift, {{5, 5, 5, -1}, {1, 64, -1, 3}}) ==
          Ints{10, 0, 0, -8});
    CHECK(map<int64_t>(table->bitwise_right_shift, {{5, -5, 5, -1}, {1, 64, -1, 3}}) ==
          Ints{2, -1, 0, -1});
    CHECK(map<int32_t>(table->bitwise_not, {{5, -1}}) == std::vector<int32_t>{-6, 0});
    CHECK(map<int64_t>(table->sign, {{5, -3, 0}}) == Ints{1, -1, 0});
  }
}

TEST_CASE("float division follows Python's signs") {
  using Doubles = std::vector<double>;
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    const Doubles a{7, -7, 7, -7, 7, 0.3};
    const Doubles b{2, 2, -2, -2, kInf, 0.1};
    CHECK(map<double>(table->floor_divide, {a, b}) == Doubles{3, -4, -4, 3, 0, 2});
    CHECK(map<double>(table->trunc_divide, {a, b})[1] == -3);
    CHECK(map<double>(table->remainder, {{7, -7, 7, -7}, {2, 2, -2, -2}}) == Doubles{1, 1, -1, -1});
    CHECK(map<double>(table->fmod, {{7, -7, 7, -7}, {2, 2, -2, -2}}) == Doubles{1, -1, 1, -1});
    CHECK(map<double>(table->floor_divide, {{1}, {0}})[0] == kInf);
    CHECK(std::isnan(map<double>(table->remainder, {{1}, {0}})[0]));
    CHECK(map<double>(table->round, {{0.5, 1.5, 2.5, -0.5}}) == Doubles{0, 2, 2, -0.0});
    CHECK(map<double>(table->frac, {{1.25, -1.25}}) == Doubles{0.25, -0.25});
  }
}

TEST_CASE("NaN wins maximum, minimum and clamp, and loses fmax and fmin") {
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    for (auto member :
         {&Kernels::maximum, &Kernels::minimum, &Kernels::clamp_min, &Kernels::clamp_max}) {
      const auto y = map<float>(table->*member, {{NAN, 1, NAN}, {1, NAN, NAN}});
      for (float value : y) CHECK(std::isnan(value));
    }
    CHECK(std::isnan(map<float>(table->clamp, {{NAN}, {0}, {1}})[0]));
    CHECK(std::isnan(map<float>(table->clamp, {{0.5f}, {NAN}, {1}})[0]));
    CHECK(std::isnan(map<float>(table->clamp, {{0.5f}, {0}, {NAN}})[0]));
    CHECK(map<float>(table->clamp, {{-2, 0.5, 2}, {0}, {1}}) == std::vector<float>{0, 0.5, 1});
    CHECK(map<float>(table->fmax, {{NAN, 1, 2}, {1, NAN, 3}}) == std::vector<float>{1, 1, 3});
    CHECK(map<float>(table->fmin, {{NAN, 1, 2}, {1, NAN, 3}}) == std::vector<float>{1, 1, 2});
    CHECK(std::isnan(map<float>(table->relu, {{NAN}})[0]));
    CHECK(map<float>(table->relu, {{-1, 2}}) == std::vector<float>{0, 2});
    CHECK(map<float>(table->sign, {{NAN, -2, 0}}) == std::vector<float>{0, -1, 0});
    CHECK(map<double>(table->nan_to_num, {{kNan, kInf, -kInf, 2}, {0}, {9}, {-9}}) ==
          std::vector<double>{0, 9, -9, 2});
    CHECK(map<double>(table->xlogy, {{0, 0, 2}, {0, -1, 1}}) == std::vector<double>{0, 0, 0});
    CHECK(std::isnan(map<double>(table->xlogy, {{0}, {kNan}})[0]));
    CHECK(map<double>(table->logaddexp, {{kInf, -kInf}, {kInf, -kInf}}) ==
          std::vector<double>{kInf, -kInf});
  }
}

TEST_CASE("comparisons, logic and casts give bool") {
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    std::vector<unsigned char> out(3);
    const auto relate = [&](const Map& op, std::vector<double> a, std::vector<double> b) {
      return apply<unsigned char, double>(op[ScalarType::Double], {a, b});
    };
    using Bools = std::vector<unsigned char>;
    CHECK(relate(table->eq, {1, 2, kNan}, {1, 1, kNan}) == Bools{1, 0, 0});
    CHECK(relate(table->ne, {1, 2, kNan}, {1, 1, kNan}) == Bools{0, 1, 1});
    CHECK(relate(table->lt, {1, 2, kNan}, {1, 3, 0}) == Bools{0, 1, 0});
    CHECK(relate(table->ge, {1, 2, kNan}, {1, 3, 0}) == Bools{1, 0, 0});
    CHECK(relate(table->logical_xor, {1, 0, kNan}, {1, 3, 0}) == Bools{0, 1, 1});
    const auto test = [&](const Map& op, std::vector<double> x) {
      return apply<unsigned char, double>(op[ScalarType::Double], {x});
    };
    CHECK(test(table->isnan, {1, kInf, kNan}) == Bools{0, 0, 1});
    CHECK(test(table->isinf, {1, -kInf, kNan}) == Bools{0, 1, 0});
    CHECK(test(table->isfinite, {1, -kInf, kNan}) == Bools{1, 0, 0});
    CHECK(test(table->signbit, {1, -kInf, -0.0}) == Bools{0, 1, 1});
    CHECK(apply<unsigned char, double>(table->cast(ScalarType::Double, ScalarType::Bool),
                                       {{0, 0.5, kNan}}) == Bools{0, 1, 1});
    CHECK(apply<int32_t, double>(table->cast(ScalarType::Double, ScalarType::Int),
                                 {{-1.9, 1.9, 0}}) == std::vector<int32_t>{-1, 1, 0});
    CHECK(apply<float, int64_t>(table->cast(ScalarType::Long, ScalarType::Float), {{-3, 7}}) ==
          std::vector<float>{-3, 7});
  }
}

TEST_CASE("fused backwards are the derivatives of their functions") {
  struct Pair {
    const char* name;
    Map Kernels::*forward;
    Map Kernels::*backward;
    bool takes_result;
    std::vector<double> scalars;
  };
  const Pair pairs[] = {
      {"tanh", &Kernels::tanh, &Kernels::tanh_backward, true, {}},
      {"sigmoid", &Kernels::sigmoid, &Kernels::sigmoid_backward, true, {}},
      {"relu", &Kernels::relu, &Kernels::relu_backward, true, {}},
      {"gelu", &Kernels::gelu, &Kernels::gelu_backward, false, {}},
      {"gelu_tanh", &Kernels::gelu_tanh, &Kernels::gelu_tanh_backward, false, {}},
      {"silu", &Kernels::silu, &Kernels::silu_backward, false, {}},
      {"mish", &Kernels::mish, &Kernels::mish_backward, false, {}},
      {"logsigmoid", &Kernels::logsigmoid, &Kernels::logsigmoid_backward, false, {}},
      {"softplus", &Kernels::softplus, &Kernels::softplus_backward, false, {1.5, 3.0}},
      {"elu", &Kernels::elu, &Kernels::elu_backward, false, {1.3, 1.1, 0.7}},
      {"leaky_relu", &Kernels::leaky_relu, &Kernels::leaky_relu_backward, false, {0.2}},
      {"hardtanh", &Kernels::clamp, &Kernels::hardtanh_backward, false, {-1.0, 1.2}},
      {"softsign", &Kernels::softsign, &Kernels::softsign_backward, false, {}},
      {"hardsigmoid", &Kernels::hardsigmoid, &Kernels::hardsigmoid_backward, false, {}},
      {"hardswish", &Kernels::hardswish, &Kernels::hardswish_backward, false, {}},
      {"softshrink", &Kernels::softshrink, &Kernels::shrink, false, {0.7}},
  };
  const double h = 1e-6;
  std::vector<double> x, above, below, g;
  for (double value = -4; value < 4; value += 0.171) {
    x.push_back(value);
    above.push_back(value + h);
    below.push_back(value - h);
    g.push_back(1.7);
  }
  for (const Kernels* table : all_tiers()) {
    for (const Pair& pair : pairs) {
      const auto forward = [&](const std::vector<double>& at) {
        std::vector<std::vector<double>> inputs{at};
        for (double scalar : pair.scalars) inputs.push_back(std::vector<double>(at.size(), scalar));
        return map<double>(table->*pair.forward, inputs);
      };
      std::vector<std::vector<double>> inputs{g, pair.takes_result ? forward(x) : x};
      for (double scalar : pair.scalars) inputs.push_back(std::vector<double>(x.size(), scalar));
      const auto slope = map<double>(table->*pair.backward, inputs);
      const auto high = forward(above);
      const auto low = forward(below);
      for (std::size_t i = 0; i < x.size(); ++i) {
        INFO(table->tier << " " << pair.name << " at " << x[i]);
        CHECK(std::fabs(slope[i] - 1.7 * (high[i] - low[i]) / (2 * h)) < 1e-8);
      }
    }
  }
}

TEST_CASE("where takes each element from the side that its condition names") {
  for (const Kernels* table : all_tiers()) {
    for (const int64_t step : {1, 2}) {
      const int64_t n = 100;
      std::vector<unsigned char> condition(n * step);
      std::vector<double> a(n * step), b(n * step), out(n * step, -1);
      for (int64_t i = 0; i < n; ++i) {
        condition[i * step] = i % 3 == 0;
        a[i * step] = static_cast<double>(i);
        b[i * step] = kNan;
      }
      char* data[] = {reinterpret_cast<char*>(out.data()),
                      reinterpret_cast<char*>(condition.data()), reinterpret_cast<char*>(a.data()),
                      reinterpret_cast<char*>(b.data())};
      const int64_t strides[] = {8 * step, step, 8 * step, 8 * step};
      table->where[ScalarType::Double](n, data, strides);
      int64_t wrong = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double value = out[i * step];
        wrong += i % 3 == 0 ? value != static_cast<double>(i) : !std::isnan(value);
      }
      CHECK(wrong == 0);
    }
  }
}
