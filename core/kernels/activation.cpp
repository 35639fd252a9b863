#include <pullback/core/kernels/large.h>
#include <pullback/core/kernels/math.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

template <class T>
constexpr T kInvRootTwoPi = T(0.39894228040143267794);
template <class T>
constexpr T kRootTwoOverPi = T(0.79788456080286535588);
template <class T>
constexpr T kGeluCubic = T(0.044715);

/// max(x, 0) - |x| times the tail beyond |x|: rounded once, on either side.
template <class T>
PULLBACK_INLINE T gelu(T x) {
  const T s = -fabs(x);
  const T tail = normal_tail(s < kNormalEnd<T> ? kNormalEnd<T> : s);
  return fma(s < kNormalEnd<T> ? T(0) : s, tail, x < 0 ? T(0) : x);
}
template <class T>
PULLBACK_INLINE T gelu_gradient(T x) {
  const T density = exp(T(-0.5) * x * x) * kInvRootTwoPi<T>;
  return normal_cdf(x) + x * density;
}
template <class T>
PULLBACK_INLINE T gelu_tanh(T x) {
  const T inner = kRootTwoOverPi<T> * (x + kGeluCubic<T> * (x * x * x));
  return T(0.5) * x * (1 + tanh(inner));
}
template <class T>
PULLBACK_INLINE T gelu_tanh_gradient(T x) {
  const T inner = kRootTwoOverPi<T> * (x + kGeluCubic<T> * (x * x * x));
  const T t = tanh(inner);
  const T slope = kRootTwoOverPi<T> * (1 + 3 * kGeluCubic<T> * (x * x));
  return T(0.5) * (1 + t) + T(0.5) * x * ((1 - t * t) * slope);
}
template <class T>
PULLBACK_INLINE T elu(T x, T alpha, T scale, T input_scale) {
  return x <= 0 ? expm1(x * input_scale) * (alpha * scale) : x * scale;
}

/// From 0 at -3 to 1 at 3.
template <class T>
PULLBACK_INLINE T hardsigmoid(T x) {
  const T y = x + 3 < 0 ? T(0) : x + 3;
  return (y > 6 ? T(6) : y) * T(1.0 / 6);
}

void fill_forward(Kernels& table) {
  unary<int32_t, int64_t, float, double>(table.relu,
                                         [](auto x) { return x < 0 ? decltype(x)(0) : x; });
  unary<float, double>(table.sigmoid, [](auto x) { return sigmoid(x); });
  unary<float, double>(table.gelu, large([](auto x) { return gelu(x); }));
  unary<float, double>(table.gelu_tanh, large([](auto x) { return gelu_tanh(x); }));
  unary<float, double>(table.silu, large([](auto x) { return x * sigmoid(x); }));
  unary<float, double>(table.mish, large([](auto x) { return x * tanh(log1p_exp(x)); }));
  unary<float, double>(table.logsigmoid, large([](auto x) { return -log1p_exp(-x); }));
  unary<float, double>(table.softsign, [](auto x) { return x / (1 + fabs(x)); });
  unary<float, double>(table.hardsigmoid, [](auto x) { return hardsigmoid(x); });
  unary<float, double>(table.hardswish, [](auto x) { return x * hardsigmoid(x); });
  binary<float, double>(table.softshrink, [](auto x, auto lambda) {
    const auto y = x < -lambda ? x + lambda : x * 0;
    return x > lambda ? x - lambda : y;
  });
  binary<float, double>(table.glu, large([](auto a, auto b) { return a * sigmoid(b); }));
  ternary<float, double>(table.softplus, large([](auto x, auto beta, auto threshold) {
                           const auto y = log1p_exp(x * beta) / beta;
                           return x * beta > threshold ? x : y;
                         }));
  const auto scaled_elu = [](auto x, auto alpha, auto scale, auto input_scale) {
    return elu(x, alpha, scale, input_scale);
  };
  quaternary<float>(table.elu, large(scaled_elu));
  quaternary<double>(table.elu, scaled_elu);
  binary<float, double>(table.leaky_relu, [](auto x, auto slope) { return x > 0 ? x : x * slope; });
  quaternary<float, double>(table.threshold, [](auto y, auto x, auto limit, auto value) {
    return x <= limit ? value : y;
  });
  ternary<float, double>(table.shrink, [](auto y, auto x, auto lambda) {
    return fabs(x) <= lambda ? decltype(y)(0) : y;
  });
}

void fill_backward(Kernels& table) {
  binary<float, double>(table.relu_backward,
                        [](auto g, auto y) { return y <= 0 ? decltype(g)(0) : g; });
  binary<float, double>(table.tanh_backward, [](auto g, auto y) { return g * (1 - y * y); });
  binary<float, double>(table.sigmoid_backward, [](auto g, auto y) { return g * (1 - y) * y; });
  binary<float, double>(table.gelu_backward,
                        large([](auto g, auto x) { return g * gelu_gradient(x); }));
  binary<float, double>(table.gelu_tanh_backward,
                        large([](auto g, auto x) { return g * gelu_tanh_gradient(x); }));
  binary<float, double>(table.silu_backward, large([](auto g, auto x) {
                          const auto s = sigmoid(x);
                          return g * s * (1 + x * (1 - s));
                        }));
  binary<float, double>(table.mish_backward, large([](auto g, auto x) {
                          const auto t = tanh(log1p_exp(x));
                          return g * (t + x * sigmoid(x) * (1 - t * t));
                        }));
  binary<float, double>(table.logsigmoid_backward,
                        large([](auto g, auto x) { return g * sigmoid(-x); }));
  quaternary<float, double>(table.softplus_backward,
                            large([](auto g, auto x, auto beta, auto threshold) {
                              const auto scaled = g * sigmoid(x * beta);
                              return x * beta > threshold ? g : scaled;
                            }));
  quinary<float, double>(
      table.elu_backward, large([](auto g, auto x, auto alpha, auto scale, auto input_scale) {
        const auto left = g * input_scale * (alpha * scale) * exp(x * input_scale);
        return x <= 0 ? left : g * scale;
      }));
  ternary<float, double>(table.leaky_relu_backward,
                         [](auto g, auto x, auto slope) { return x > 0 ? g : g * slope; });
  quaternary<float, double>(table.hardtanh_backward, [](auto g, auto x, auto low, auto high) {
    return ((x <= low) | (x >= high)) != 0 ? decltype(g)(0) : g;
  });
  binary<float, double>(table.softsign_backward, [](auto g, auto x) {
    const auto z = 1 + fabs(x);
    return g / (z * z);
  });
  binary<float, double>(table.hardsigmoid_backward, [](auto g, auto x) {
    return fabs(x) < 3 ? g * decltype(g)(1.0 / 6) : decltype(g)(0);
  });
  binary<float, double>(table.hardswish_backward, [](auto g, auto x) {
    const auto bent = x > -3 ? g * (x / 3 + decltype(x)(0.5)) : decltype(g)(0);
    return x < 3 ? bent : g;
  });
  ternary<float, double>(table.glu_backward, large([](auto g, auto a, auto b) {
                           const auto s = sigmoid(b);
                           return g * a * s * (1 - s);
                         }));
}

void fill_losses(Kernels& table) {
  binary<float, double>(table.mse_loss, [](auto x, auto y) { return (x - y) * (x - y); });
  ternary<float, double>(table.mse_loss_backward,
                         [](auto g, auto x, auto y) { return g * (2 * (x - y)); });
  quinary<float, double>(table.huber_loss, [](auto x, auto y, auto bend, auto curve, auto slope) {
    const auto z = fabs(x - y);
    return z > bend ? (z - bend * decltype(z)(0.5)) * slope : z * z * curve;
  });
  quinary<float, double>(table.huber_loss_backward,
                         [](auto g, auto x, auto y, auto curve, auto slope) {
                           auto d = 2 * curve * (x - y);
                           d = d < -slope ? -slope : d;
                           return g * (d > slope ? slope : d);
                         });
  ternary<float, double>(table.bce_backward, [](auto g, auto x, auto y) {
    using T = decltype(x);
    const T spread = x * (1 - x);
    return g * ((x - y) / (spread < T(1e-12) ? T(1e-12) : spread));
  });
  binary<float, double>(table.bce_with_logits,
                        large([](auto x, auto y) { return (1 - y) * x + log1p_exp(-x); }));
  ternary<float, double>(table.bce_with_logits_backward,
                         large([](auto g, auto x, auto y) { return g * (sigmoid(x) - y); }));
}

}  // namespace

void fill_activation(Kernels& table) {
  fill_forward(table);
  fill_backward(table);
  fill_losses(table);
}

}  // namespace pullback::kernels::PULLBACK_TIER
