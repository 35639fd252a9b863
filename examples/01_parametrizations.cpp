// Parametrizations: a layer's weight as a function of an unconstrained tensor, which is what is
// trained. The cells of the notebook (PyTorch's tutorial), in order; each prints its heading and
// what the notebook prints there.
#include <cassert>
#include <functional>
#include <iostream>
#include <utility>

#include <pullback/pullback.h>

using namespace pullback;

// [symmetric-function]
Tensor symmetric(const Tensor& X) {
  return X.triu() + X.triu(1).transpose(-1, -2);
}
// [/symmetric-function]

// [linear-symmetric]
struct LinearSymmetricImpl : nn::Module {
  explicit LinearSymmetricImpl(std::int64_t n_features) {
    weight = register_parameter("weight", rand({n_features, n_features}));
  }
  Tensor forward(const Tensor& x) {
    Tensor A = symmetric(weight);
    return matmul(x, A);
  }
  nn::Attribute weight;
};
PULLBACK_MODULE(LinearSymmetric);
// [/linear-symmetric]

// [symmetric]
struct SymmetricImpl : nn::Module {
  Tensor forward(const Tensor& X) { return X.triu() + X.triu(1).transpose(-1, -2); }
};
PULLBACK_MODULE(Symmetric);
// [/symmetric]

namespace first {
struct SkewImpl : nn::Module {
  Tensor forward(const Tensor& X) { return X.triu() - X.triu(1).transpose(-1, -2); }
};
PULLBACK_MODULE(Skew);
}  // namespace first

// [noisy]
struct NoisyParametrizationImpl : nn::Module {
  Tensor forward(const Tensor& X) {
    std::cout << "Computing the Parametrization\n";
    return X;
  }
};
PULLBACK_MODULE(NoisyParametrization);
// [/noisy]

// [cayley]
struct CayleyMapImpl : nn::Module {
  explicit CayleyMapImpl(std::int64_t n) { Id = register_buffer("Id", eye(n)); }
  Tensor forward(const Tensor& X) { return linalg::solve(Id - X, Id + X); }
  nn::Attribute Id;
};
PULLBACK_MODULE(CayleyMap);
// [/cayley]

// [skew]
struct SkewImpl : nn::Module {
  Tensor forward(const Tensor& X) {
    Tensor A = X.triu(1);
    return A - A.transpose(-1, -2);
  }
  Tensor right_inverse(const Tensor& A) { return A.triu(1); }
};
PULLBACK_MODULE(Skew);
// [/skew]

void in_3() {
  Tensor X = rand({3, 3});
  Tensor A = symmetric(X);
  assert(allclose(A, A.T()));
  std::cout << A << "\n";
}

void in_15() {
  LinearSymmetric layer(3);
  Tensor out = layer(rand({8, 3}));
}

nn::Linear in_18() {
  // [register]
  nn::Linear layer(3, 3);
  parametrize::register_parametrization(layer, "weight", Symmetric());
  // [/register]
  std::cout << layer << "\n";
  return layer;
}

void in_19(const nn::Linear& layer) {
  // [read]
  Tensor A = layer->weight;
  assert(allclose(A, A.T()));
  std::cout << A << "\n";
  // [/read]
}

void in_21() {
  // [conv]
  nn::Conv2d cnn(nn::Conv2dOptions(5, 8, /*kernel_size=*/3));
  parametrize::register_parametrization(cnn, "weight", first::Skew());
  std::cout << cnn->weight[0][1] << "\n";
  std::cout << cnn->weight[2][2] << "\n";
  // [/conv]
}

nn::Linear in_23() {
  nn::Linear layer(3, 3);
  std::cout << "Unparametrized: \n" << layer << "\n";
  parametrize::register_parametrization(layer, "weight", Symmetric());
  std::cout << "Parametrized: \n" << layer << "\n";
  return layer;
}

void in_24(const nn::Linear& layer) {
  // [inspect]
  std::cout << parametrize::parametrizations(layer) << "\n";
  std::cout << parametrize::parametrizations(layer)["weight"] << "\n";
  // [/inspect]
}

void in_25(const nn::Linear& layer) {
  std::cout << *parametrize::parametrizations(layer)["weight"][0] << "\n";
}

// Python prints a dict on one line, but for the line breaks inside its values.
void in_26(const nn::Linear& layer) {
  const char* separator = "{";
  for (const auto& parameter : layer->named_parameters()) {
    std::cout << separator << "'" << parameter.key() << "': " << parameter.value();
    separator = ", ";
  }
  std::cout << "}\n";
}

void in_27(const nn::Linear& layer) {
  std::cout << parametrize::parametrizations(layer)["weight"].original() << "\n";
}

void in_28(const nn::Linear& layer) {
  Symmetric symmetric;
  Tensor weight_orig = parametrize::parametrizations(layer)["weight"].original();
  std::cout << dist(layer->weight, symmetric(weight_orig)) << "\n";
}

void in_29() {
  // [cached]
  nn::Linear layer(4, 4);
  parametrize::register_parametrization(layer, "weight", NoisyParametrization());
  std::cout << "Here, layer.weight is recomputed every time we call it\n";
  Tensor foo = layer->weight + layer->weight.T();
  Tensor bar = layer->weight.sum();
  {
    auto scope = parametrize::cached();
    std::cout << "Here, layer.weight is recomputed only once\n";
    foo = layer->weight + layer->weight.T();
    bar = layer->weight.sum();
  }
  // [/cached]
}

nn::Linear in_33() {
  // [compose]
  nn::Linear layer(3, 3);
  parametrize::register_parametrization(layer, "weight", Symmetric());
  parametrize::register_parametrization(layer, "weight", CayleyMap(3));
  // [/compose]
  std::cout << layer << "\n";
  return layer;
}

void in_34(const nn::Linear& layer) {
  Tensor X = layer->weight;
  std::cout << dist(matmul(X.T(), X), eye(3)) << "\n";
}

void in_37() {
  // [assign]
  nn::Linear layer(3, 3);
  parametrize::register_parametrization(layer, "weight", Skew());
  Tensor X = rand({3, 3});
  X = X - X.T();
  layer->weight = X;
  std::cout << dist(layer->weight, X) << "\n";
  // [/assign]
}

nn::Linear in_42() {
  // [remove]
  nn::Linear layer(3, 3);
  std::cout << "Before:\n" << layer << "\n" << layer->weight << "\n";
  parametrize::register_parametrization(layer, "weight", Skew());
  std::cout << "\nParametrized:\n" << layer << "\n" << layer->weight << "\n";
  parametrize::remove_parametrizations(layer, "weight", /*leave_parametrized=*/false);
  std::cout << "\nAfter:\n" << layer << "\n" << layer->weight << "\n";
  // [/remove]
  return layer;
}

int main() {
  // Of cell 34, which measures rounding errors, every correct evaluation prints the same digits
  // with this seed, in float32 and float64 (tests/oracle/notebook.py --check).
  manual_seed(0);

  bool between = false;
  auto cell = [&](
                  int number, const std::function<void()>& run = [] {}) {
    std::cout << (std::exchange(between, true) ? "\n" : "") << "In [" << number << "]:\n";
    run();
  };
  nn::Linear layer = nullptr;
  cell(1);
  cell(3, in_3);
  cell(14);
  cell(15, in_15);
  cell(17);
  cell(18, [&] { layer = in_18(); });
  cell(19, [&] { in_19(layer); });
  cell(20);
  cell(21, in_21);
  cell(23, [&] { layer = in_23(); });
  cell(24, [&] { in_24(layer); });
  cell(25, [&] { in_25(layer); });
  cell(26, [&] { in_26(layer); });
  cell(27, [&] { in_27(layer); });
  cell(28, [&] { in_28(layer); });
  cell(29, in_29);
  cell(33, [&] { layer = in_33(); });
  cell(34, [&] { in_34(layer); });
  cell(36);
  cell(37, in_37);
  cell(42, [&] { layer = in_42(); });
  cell(43, [&] { std::cout << layer << "\n"; });
}
