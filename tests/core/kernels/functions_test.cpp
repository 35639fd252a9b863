#include "catch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

#include "core/kernels/apply.h"

namespace {

/// The distance of a float32 result from the true value, in units of its last place.
double ulps(float value, double exact) {
  if (std::isnan(exact)) return std::isnan(value) ? 0 : kInf;
  const auto rounded = static_cast<float>(exact);
  if (std::isinf(rounded) || std::isinf(value)) return value == rounded ? 0 : kInf;
  const double least = std::numeric_limits<float>::denorm_min();
  const double size = std::fabs(exact) < std::numeric_limits<float>::min()
                          ? least
                          : std::ldexp(1.0, std::ilogb(exact) - 23);
  return std::fabs(value - exact) / size;
}

struct Function {
  const char* name;
  Map Kernels::*member;
  double (*exact)(double);
  double low, high;
  double bound;  // in ulps
};

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double logsigmoid(double x) {
  return -(std::fmax(-x, 0) + std::log1p(std::exp(-std::fabs(x))));
}

const Function kFunctions[] = {
    {"exp", &Kernels::exp, std::exp, -110, 90, 1.5},
    {"expm1", &Kernels::expm1, std::expm1, -20, 90, 2},
    {"log", &Kernels::log, std::log, 0, 10, 1.5},
    {"log wide", &Kernels::log, std::log, 0, 3e38, 1.5},
    {"log1p", &Kernels::log1p, std::log1p, -0.999, 10, 2},
    {"tanh", &Kernels::tanh, std::tanh, -12, 12, 2},
    {"cube", &Kernels::cube, [](double x) { return x * x * x; }, -10, 10, 1.5},
    {"silu", &Kernels::silu, [](double x) { return x * sigmoid(x); }, -80, 80, 3},
    {"sigmoid", &Kernels::sigmoid, sigmoid, -110, 80, 2.5},
    {"erf", &Kernels::erf, std::erf, -5, 5, 2},
    {"logsigmoid", &Kernels::logsigmoid, logsigmoid, -110, 110, 2},
    {"sin", &Kernels::sin, std::sin, -100, 100, 0.51},
    {"cos", &Kernels::cos, std::cos, -100, 100, 0.51},
    {"sin far", &Kernels::sin, std::sin, -1e6, 1e6, 0.6},
    {"cos far", &Kernels::cos, std::cos, -1e6, 1e6, 0.6},
    {"sqrt", &Kernels::sqrt, std::sqrt, 0, 1e6, 0.51},
    {"rsqrt", &Kernels::rsqrt, [](double x) { return 1 / std::sqrt(x); }, 1e-6, 1e6, 1.5},
    {"exp2", &Kernels::exp2, std::exp2, -100, 100, 1.5},
    {"log2", &Kernels::log2, std::log2, 0, 100, 0.51},
    {"log10", &Kernels::log10, std::log10, 0, 100, 0.51},
    {"tan", &Kernels::tan, std::tan, -10, 10, 0.51},
    {"asin", &Kernels::asin, std::asin, -1, 1, 0.51},
    {"acos", &Kernels::acos, std::acos, -1, 1, 0.51},
    {"atan", &Kernels::atan, std::atan, -10, 10, 0.51},
    {"sinh", &Kernels::sinh, std::sinh, -90, 90, 0.51},
    {"sinh near 0", &Kernels::sinh, std::sinh, -2, 2, 0.51},
    {"cosh", &Kernels::cosh, std::cosh, -90, 90, 0.51},
    {"asinh", &Kernels::asinh, std::asinh, -10, 10, 0.51},
    {"asinh near 0", &Kernels::asinh, std::asinh, -0.002, 0.002, 0.51},
    {"acosh", &Kernels::acosh, std::acosh, 1, 10, 0.51},
    {"acosh near 1", &Kernels::acosh, std::acosh, 1, 1.01, 0.51},
    {"atanh", &Kernels::atanh, std::atanh, -0.99, 0.99, 0.51},
    {"atanh near 0", &Kernels::atanh, std::atanh, -0.002, 0.002, 0.51},
    {"erfc", &Kernels::erfc, std::erfc, -3, 11, 0.51},
    {"lgamma", &Kernels::lgamma, std::lgamma, 0.1, 50, 0.51},
    {"lgamma near 1 and 2", &Kernels::lgamma, std::lgamma, 0.9, 2.6, 0.51},
    {"lgamma below 0", &Kernels::lgamma, std::lgamma, -2.4, -0.01, 0.51},
    {"lgamma wide", &Kernels::lgamma, std::lgamma, 1, 3e38, 0.51},
};

}  // namespace

TEST_CASE("functions of NaN are NaN, whatever the bits of it, in every tier") {
  const auto nan = [](std::uint32_t bits) { return std::bit_cast<float>(bits); };
  // The third is what a graphics card returns.
  const std::vector<float> x{nan(0x7fc00000), nan(0x7fc00001), nan(0x7fffffff), nan(0xffc00000)};
  const std::vector<double> wide{
      std::bit_cast<double>(std::uint64_t{0x7ff8000000000001}),
      std::bit_cast<double>(std::uint64_t{0x7fffffffffffffff}),
      std::bit_cast<double>(std::uint64_t{0xfff8000000000000}),
  };
  const auto is_nan = [](auto value) { return std::isnan(value); };
  for (const Kernels* table : all_tiers()) {
    for (const Function& f : kFunctions) {
      INFO(table->tier << " " << f.name);
      const auto y = map<float>(table->*f.member, {x});
      CHECK(std::all_of(y.begin(), y.end(), is_nan));
      const auto z = map<double>(table->*f.member, {wide});
      CHECK(std::all_of(z.begin(), z.end(), is_nan));
    }
  }
}

TEST_CASE("float32 functions are within a few ulps of libm's double, in every tier") {
  for (const Kernels* table : all_tiers()) {
    for (const Function& f : kFunctions) {
      INFO(table->tier << " " << f.name);
      std::vector<float> x;
      for (int i = 0; i <= 100000; ++i) {
        x.push_back(static_cast<float>(f.low + (f.high - f.low) * i / 100000));
      }
      for (float small = 1.0f; small > 1e-44f && f.low <= 0; small /= 3) x.push_back(small);
      const auto y = map<float>(table->*f.member, {x});
      double worst = 0;
      float at = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double distance = ulps(y[i], f.exact(x[i]));
        if (!(distance <= worst)) {
          worst = distance;
          at = x[i];
        }
      }
      CAPTURE(at);
      CHECK(worst <= f.bound);
    }
  }
}

TEST_CASE("float64 functions are within a few ulps, in every tier") {
  struct Exact {
    const char* name;
    Map Kernels::*member;
    long double (*exact)(long double);
    double low, high, bound;
  };
  const Exact functions[] = {
      {"exp", &Kernels::exp, std::exp, -745, 709, 1},
      {"exp near 0", &Kernels::exp, std::exp, -1, 1, 1},
      {"exp2", &Kernels::exp2, std::exp2, -1075, 1024, 1},
      {"expm1", &Kernels::expm1, std::expm1, -50, 50, 2},
      {"expm1 near 0", &Kernels::expm1, std::expm1, -0.4, 0.4, 2},
      {"log", &Kernels::log, std::log, 0, 10, 1},
      {"log wide", &Kernels::log, std::log, 0, 1e308, 1},
      {"log1p", &Kernels::log1p, std::log1p, -0.9, 10, 2},
      {"tanh", &Kernels::tanh, std::tanh, -20, 20, 2.5},
      {"sigmoid", &Kernels::sigmoid, [](long double x) { return 1 / (1 + std::exp(-x)); }, -760, 50,
       2.5},
      {"sin", &Kernels::sin, std::sin, -10, 10, 1.5},
      {"cos", &Kernels::cos, std::cos, -10, 10, 1.5},
      {"sin far", &Kernels::sin, std::sin, -1e6, 1e6, 2},
      {"cos far", &Kernels::cos, std::cos, -1e6, 1e6, 2},
      {"atan", &Kernels::atan, std::atan, -10, 10, 1.5},
      {"erf", &Kernels::erf, std::erf, -6, 6, 1.1},
      {"erfc", &Kernels::erfc, std::erfc, -6, 3, 2.5},
      {"erfc far", &Kernels::erfc, std::erfc, 3, 27.3, 3.2},
  };
  for (const Kernels* table : all_tiers()) {
    for (const Exact& f : functions) {
      std::vector<double> x;
      for (int i = 0; i <= 100000; ++i) x.push_back(f.low + (f.high - f.low) * i / 100000);
      for (double small = 1; small > 1e-320 && f.low <= 0; small /= 3) x.push_back(small);
      const auto y = map<double>(table->*f.member, {x});
      double worst = 0, at = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const long double exact = f.exact(x[i]);
        if (static_cast<double>(exact) == y[i]) continue;  // infinities too
        const auto size = std::ldexp(1.0L, std::max(std::ilogb(exact), -1022) - 52);
        const auto distance = static_cast<double>(std::fabs(y[i] - exact) / size);
        if (!(distance <= worst)) worst = distance, at = x[i];
      }
      INFO(table->tier << " " << f.name << " at " << at);
      // Without fused operations the reductions round once more.
      CHECK(worst <= (std::string_view(table->tier) == "base" ? 2 * f.bound : f.bound));
    }
  }
}

TEST_CASE("powers have C's special values and libm's digits, in every tier") {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> special{0.0f, -0.0f, 1.0f,   -1.0f,  2.0f, -2.0f,
                                   3.0f, -3.0f, 0.5f,   -0.5f,  inf,  -inf,
                                   nan,  1e30f, -1e30f, 1e-42f, 7.0f, -1e-42f};
  std::vector<float> a, b;
  for (const float base : special)
    for (const float exponent : special) a.push_back(base), b.push_back(exponent);
  for (int i = 0; i < 20000; ++i) {
    a.push_back(0.001f * static_cast<float>(i + 1));
    b.push_back(0.01f * static_cast<float>(i % 997 - 498));
  }
  for (const Kernels* table : all_tiers()) {
    const auto y = map<float>(table->pow, {a, b});
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double exact = std::pow(static_cast<double>(a[i]), static_cast<double>(b[i]));
      INFO(table->tier << " pow(" << a[i] << ", " << b[i] << ") = " << y[i] << ", not " << exact);
      REQUIRE(ulps(y[i], exact) <= 0.51);
      if (exact == 0) REQUIRE(std::signbit(y[i]) == std::signbit(exact));
    }
  }
}

TEST_CASE("float64 powers have C's special values and err by two ulps, in every tier") {
  const std::vector<double> special{0.0, -0.0,   1,     -1,     2,      -2,     3,      -3,
                                    0.5, -0.5,   kInf,  -kInf,  kNan,   1e300,  -1e300, 7,
                                    -7,  5e-324, 1e308, -1e308, 0x1p53, 0x1p52, -5e-324};
  std::vector<double> a, b;
  for (const double base : special)
    for (const double exponent : special) a.push_back(base), b.push_back(exponent);
  std::mt19937 engine(3);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int i = 0; i < 100000; ++i) {  // results from the least to the largest
    const double base = std::exp(uniform(engine) * (i % 3 == 0 ? 700 : i % 3 == 1 ? 1 : 1e-3));
    a.push_back(base), b.push_back(uniform(engine) * 740 / std::log(base));
  }
  for (const Kernels* table : all_tiers()) {
    const auto y = map<double>(table->pow, {a, b});
    for (std::size_t i = 0; i < a.size(); ++i) {
      const long double exact = std::pow(static_cast<long double>(a[i]), b[i]);
      INFO(table->tier << " pow(" << a[i] << ", " << b[i] << ") = " << y[i] << ", not " << exact);
      if (std::isnan(exact)) {
        REQUIRE(std::isnan(y[i]));
      } else if (static_cast<double>(exact) != y[i]) {
        const auto size = std::ldexp(1.0L, std::max(std::ilogb(exact), -1022) - 52);
        REQUIRE(std::fabs(y[i] - exact) <= 2 * size);
      }
      if (exact == 0) REQUIRE(std::signbit(y[i]) == std::signbit(exact));
    }
  }
}

TEST_CASE("angles and lengths have C's special values and libm's digits, in every tier") {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> special{0.0f, -0.0f, 1.0f, -1.0f, inf,    -inf,
                                   nan,  3e38f, -2.f, 0.5f,  1e-42f, -1e-30f};
  std::vector<float> a, b;
  for (const float y : special)
    for (const float x : special) a.push_back(y), b.push_back(x);
  for (int i = 0; i < 20000; ++i) {
    a.push_back(static_cast<float>(std::sin(i) * std::exp(i % 30 - 15)));
    b.push_back(static_cast<float>(std::cos(i)));
  }
  for (const Kernels* table : all_tiers()) {
    const auto angle = map<float>(table->atan2, {a, b}), length = map<float>(table->hypot, {a, b});
    for (std::size_t i = 0; i < a.size(); ++i) {
      INFO(table->tier << " at " << a[i] << ", " << b[i] << ": " << angle[i] << ", " << length[i]);
      const double y = a[i], x = b[i];
      REQUIRE(ulps(angle[i], std::atan2(y, x)) <= 0.51);
      REQUIRE(std::signbit(angle[i]) ==
              (std::isnan(angle[i]) ? std::signbit(angle[i]) : std::signbit(std::atan2(y, x))));
      REQUIRE(ulps(length[i], std::hypot(y, x)) <= 0.51);
    }
  }
}

TEMPLATE_TEST_CASE("remainders are exact, near and far, in every tier", "", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const std::vector<T> special{0,   T(-0.0), 1,   -1,      3,        -3,      T(0.1),
                               inf, -inf,    nan, T(1e30), T(-1e30), T(1e-42)};
  std::vector<T> a, b;
  for (const T dividend : special)
    for (const T divisor : special) a.push_back(dividend), b.push_back(divisor);
  for (int i = 0; i < 20000; ++i) {  // whole blocks of near quotients
    a.push_back(static_cast<T>(std::sin(i)) * T(1e5));
    b.push_back(static_cast<T>(std::cos(i)) * 3 + T(1e-3));
  }
  for (int i = 0; i < 2000; ++i) {  // just below and at whole quotients
    b.push_back(T(0.1) * static_cast<T>(i + 1));
    a.push_back(std::nextafter(b.back() * static_cast<T>(i * 7919), T(i % 2 ? 0 : 1e30)));
  }
  for (const Kernels* table : all_tiers()) {
    const auto same_as = [&](const Map& kernel, auto exact) {
      auto y = map<T>(kernel, {a, b});
      for (std::size_t i = 0; i < special.size() * special.size(); ++i)
        y[i] = map<T>(kernel, {{a[i]}, {b[i]}})[0];  // alone, so that no neighbour is far
      for (std::size_t i = 0; i < a.size(); ++i) {
        const T expected = exact(a[i], b[i]);
        INFO(table->tier << " " << a[i] << ", " << b[i] << ": " << y[i] << ", not " << expected);
        REQUIRE((y[i] == expected || (y[i] != y[i] && expected != expected)));
        if (expected == 0) REQUIRE(std::signbit(y[i]) == std::signbit(expected));
      }
    };
    same_as(table->fmod, [](T x, T d) { return std::fmod(x, d); });
    same_as(table->remainder, [](T x, T d) {
      const T r = std::fmod(x, d);
      return r != 0 && (r < 0) != (d < 0) ? r + d : r;
    });
  }
}

TEST_CASE("gelu keeps its digits where 1 + erf would cancel, in every tier") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const Kernels* table : all_tiers()) {
    std::vector<float> x;
    for (int i = -56000; i <= 70000; ++i) x.push_back(static_cast<float>(i) * 1e-4f);
    const auto y = map<float>(table->gelu, {x});
    double above = 0, below = 0, far_below = 0;  // relative to the result
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double v = x[i], exact = 0.5 * v * std::erfc(-v / std::sqrt(2.0));
      const double error = v == 0 ? std::fabs(y[i]) : std::fabs(y[i] / exact - 1);
      double& worst = v >= 0 ? above : v > -2 ? below : far_below;
      worst = std::max(worst, error);
    }
    INFO(table->tier);
    CHECK(above < 2e-7);
    CHECK(below < 1e-6);
    CHECK(far_below < 1e-5);
    const auto limits = map<float>(table->gelu, {{-inf, -1e30f, inf, 1e30f, 0.0f, 1e-40f}});
    CHECK(limits == std::vector<float>{0, 0, inf, 1e30f, 0, 0.5e-40f});
    CHECK(std::isnan(map<float>(table->gelu, {{std::numeric_limits<float>::quiet_NaN()}})[0]));
  }
}

TEST_CASE("special values are those of libm, in every tier") {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x{0.0f,  -0.0f, inf,    -inf,   nan,    1.0f,
                             -1.0f, 3e38f, -3e38f, 1e-40f, -1e-40f};
  for (const Kernels* table : all_tiers()) {
    for (const Function& f : kFunctions) {
      const auto y = map<float>(table->*f.member, {x});
      for (std::size_t i = 0; i < x.size(); ++i) {
        INFO(table->tier << " " << f.name << "(" << x[i] << ") = " << y[i]);
        const double exact = f.exact(x[i]);
        CHECK(ulps(y[i], exact) <= f.bound);
        if (exact == 0) CHECK(std::signbit(y[i]) == std::signbit(exact));
      }
    }
  }
}

TEST_CASE("the logistic function of infinities and beyond is 0 or 1, in every tier") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const Kernels* table : all_tiers()) {
    CHECK(map<double>(table->sigmoid, {{-inf, -1e300, 0, 1e300, inf}}) ==
          std::vector<double>{0, 0, 0.5, 1, 1});
    CHECK(map<float>(table->sigmoid, {{-inf, -1e30f, 0, 1e30f, inf}}) ==
          std::vector<float>{0, 0, 0.5f, 1, 1});
  }
}

TEST_CASE("the gradients of softplus and logsigmoid are the logistic function, in every tier") {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> x{-inf, -1e30f, -88.5f, 88.5f, 1e30f, inf};
  for (int i = -8500; i <= 8500; ++i) x.push_back(static_cast<float>(i) * 0.01f);
  const std::vector<float> g(x.size(), 1.0f);
  for (const Kernels* table : all_tiers()) {
    const auto up = map<float>(table->softplus_backward, {g, x, {1.0f}, {inf}});
    const auto down = map<float>(table->logsigmoid_backward, {g, x});
    for (std::size_t i = 0; i < x.size(); ++i) {
      INFO(table->tier << " at " << x[i] << ": " << up[i] << ", " << down[i]);
      // A denormal result may be 0.
      REQUIRE((std::fabs(x[i]) > 87 ? std::fabs(up[i] - sigmoid(x[i])) < 2e-38
                                    : ulps(up[i], sigmoid(x[i])) <= 2.5));
      REQUIRE((std::fabs(x[i]) > 87 ? std::fabs(down[i] - sigmoid(-x[i])) < 2e-38
                                    : ulps(down[i], sigmoid(-x[i])) <= 2.5));
    }
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(map<float>(table->softplus_backward, {{1.0f}, {nan}, {1.0f}, {20.0f}})[0]));
    CHECK(std::isnan(map<float>(table->logsigmoid_backward, {{1.0f}, {nan}})[0]));
  }
}

TEST_CASE("digamma and its derivative agree with known values, in every tier") {
  constexpr double square = 9.8696044010893586188;  // of pi
  const auto near = [](const std::vector<double>& values, const std::vector<double>& known) {
    for (std::size_t i = 0; i < known.size(); ++i) {
      INFO(i << ": " << values[i] << ", not " << known[i]);
      CHECK(std::fabs(values[i] - known[i]) < 1e-14 * std::fmax(1, std::fabs(known[i])));
    }
  };
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    near(map<double>(table->digamma, {{1.0, 0.5, -0.5, 10.0, 1e-20, -1e-20, 1e100}}),
         {-0.57721566490153286, -1.9635100260214235, 0.03648997397857652, 2.251752589066721, -1e20,
          1e20, 230.25850929940457});
    near(map<double>(table->trigamma, {{1.0, 0.5, -0.5, 10.0, 1e-20, -1e-20, 1e100}}),
         {square / 6, square / 2, square / 2 + 4, 0.10516633568168574, 1e40, 1e40, 1e-100});
    const auto psi = map<double>(table->digamma, {{0.0, -0.0, kInf, -1.0, -1e300, -kInf, kNan}});
    CHECK(std::vector(psi.begin(), psi.begin() + 3) == std::vector<double>{-kInf, kInf, kInf});
    CHECK(std::all_of(psi.begin() + 3, psi.end(), [](double v) { return std::isnan(v); }));
    const auto slope = map<double>(table->trigamma, {{0.0, -0.0, -1.0, -1e300, -kInf, kInf, kNan}});
    CHECK(std::all_of(slope.begin(), slope.begin() + 5, [](double v) { return v == kInf; }));
    CHECK(slope[5] == 0);
    CHECK(std::isnan(slope[6]));
  }
}

TEST_CASE("digamma and its derivative obey their recurrences, in every tier") {
  std::vector<double> x, next;
  for (int i = -20001; i < 20000; i += 2) x.push_back(i / 2e3), next.push_back(x.back() + 1);
  const std::vector<float> rounded(x.begin(), x.end());
  for (const Kernels* table : all_tiers()) {
    for (const auto& [member, order] :
         {std::pair(&Kernels::digamma, 0), std::pair(&Kernels::trigamma, 1)}) {
      const auto y = map<double>(table->*member, {x}), z = map<double>(table->*member, {next});
      const auto y32 = map<float>(table->*member, {rounded});
      const auto of_rounded =
          map<double>(table->*member, {std::vector<double>(rounded.begin(), rounded.end())});
      for (std::size_t i = 0; i < x.size(); ++i) {
        INFO(table->tier << " order " << order << " at " << x[i]);
        const double step = order == 0 ? 1 / x[i] : -1 / (x[i] * x[i]);
        REQUIRE(std::fabs(z[i] - y[i] - step) <= 1e-12 * std::fmax(1, std::fabs(y[i] + z[i])));
        REQUIRE(ulps(y32[i], of_rounded[i]) <= 0.5);
      }
    }
  }
}

TEST_CASE("lgamma is infinite at the poles and keeps its digits near the roots, in every tier") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const Kernels* table : all_tiers()) {
    INFO(table->tier);
    for (const float pole : {0.0f, -0.0f, -1.0f, -7.0f, -1e30f, -inf})
      CHECK(map<float>(table->lgamma, {{pole}})[0] == inf);
    for (const float root : {-2.4570247f, -2.7476826f, -3.1435808f, -3.9552942f}) {
      CHECK(std::fabs(map<float>(table->lgamma, {{root}})[0] -
                      std::lgamma(static_cast<double>(root))) < 2e-10);
    }
  }
}

TEST_CASE("a block of sines may be its own input, however far, in every tier") {
  std::vector<float> x;
  for (int i = 0; i < 1000; ++i) x.push_back(static_cast<float>(i) * (i % 7 == 0 ? 1e5f : 1e-2f));
  for (const Kernels* table : all_tiers()) {
    auto y = x;
    char* data[] = {reinterpret_cast<char*>(y.data()), reinterpret_cast<char*>(y.data())};
    const int64_t strides[] = {sizeof(float), sizeof(float)};
    table->sin[pullback::ScalarType::Float](1000, data, strides);
    CHECK(y == map<float>(table->sin, {x}));
  }
}

TEST_CASE("erfinv is erf's inverse within two ulps, in every tier") {
  std::vector<double> x{0.0, -0.0};
  for (int i = -9999; i < 10000; ++i) x.push_back(i / 1e4);
  for (double small = 0.9; small > 1e-16; small *= 0.9) x.push_back(1 - small), x.push_back(small);
  for (double tiny = 1e-20; tiny > 1e-310; tiny *= 1e-10) x.push_back(-tiny);
  const std::vector<float> rounded(x.begin(), x.end());
  for (const Kernels* table : all_tiers()) {
    const auto y = map<double>(table->erfinv, {x});
    for (std::size_t i = 0; i < x.size(); ++i) {
      // From the result a step of Newton's in more digits.
      const long double a = std::fabs(x[i]), b = std::fabs(y[i]);
      const long double excess = a < 0.5L ? std::erf(b) - a : (1 - a) - std::erfc(b);
      const long double exact = b - excess * 0.886226925452758013649L * std::exp(b * b);
      const int exponent = b == 0 ? -1022 : std::max(std::ilogb(exact), -1022);
      INFO(table->tier << " erfinv(" << x[i] << ") = " << y[i]);
      REQUIRE(std::fabs(b - exact) <= 2 * std::ldexp(1.0L, exponent - 52));
      REQUIRE(std::signbit(y[i]) == std::signbit(x[i]));
    }
    const auto y32 = map<float>(table->erfinv, {rounded});
    const auto of_rounded =
        map<double>(table->erfinv, {std::vector<double>(rounded.begin(), rounded.end())});
    for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(ulps(y32[i], of_rounded[i]) <= 0.75);
    CHECK(map<double>(table->erfinv, {{1.0, -1.0}}) == std::vector<double>{kInf, -kInf});
    CHECK(map<float>(table->erfinv, {{1.0f}})[0] == std::numeric_limits<float>::infinity());
    for (const double outside : {1.5, -1.5, kInf, kNan}) {
      CHECK(std::isnan(map<double>(table->erfinv, {{outside}})[0]));
      CHECK(std::isnan(map<float>(table->erfinv, {{static_cast<float>(outside)}})[0]));
    }
  }
}
