#include <pullback/parametrize/any_parametrization.h>

namespace pullback::parametrize {

/// Functions as a parametrization: what a lambda, or a pair of them, becomes.
class LambdaImpl : public nn::Module {
 public:
  LambdaImpl(AnyParametrization::Forward forward, AnyParametrization::RightInverse right_inverse)
      : forward_(std::move(forward)), right_inverse_(std::move(right_inverse)) {}
  Tensor forward(TensorList originals) { return forward_(originals); }
  TensorOrTensors right_inverse(const Tensor& value) { return right_inverse_(value); }
  bool has_right_inverse() const { return right_inverse_ != nullptr; }

 private:
  AnyParametrization::Forward forward_;
  AnyParametrization::RightInverse right_inverse_;
};

void AnyParametrization::become_lambda(int arity, Forward forward, RightInverse right_inverse) {
  auto lambda = std::make_shared<LambdaImpl>(std::move(forward), std::move(right_inverse));
  nn::Module::remember_type(*lambda);
  calls_ = calls_of<LambdaImpl>();
  calls_.arity = arity;
  if (!lambda->has_right_inverse()) calls_.right_inverse = nullptr;
  module_ = std::move(lambda);
}

}  // namespace pullback::parametrize
