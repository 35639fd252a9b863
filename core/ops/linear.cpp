#include <array>

#include <pullback/core/autograd/record.h>
#include <pullback/core/kernels/layer.h>
#include <pullback/core/ops/dense.h>
#include <pullback/core/ops/last_step.h>
#include <pullback/core/ops/product.h>

namespace pullback {

using autograd::LastStep;
using autograd::Needs;
using autograd::record;
using autograd::Saved;
using autograd::saved_for;
using autograd::wrt;

namespace {

// Y = X Wᵀ + 1 bᵀ for rows of samples, without the view of Wᵀ that PyTorch's graph has:
// b̄ = Gᵀ 1,  X̄ = G W,  W̄ = Gᵀ X.
class LayerRule {
 public:
  LayerRule(const Tensor& x, const Tensor& weight)
      : weight_(saved_for(x, weight)),
        x_(saved_for(weight, x)),
        x_by_columns_(by_columns(x)),
        weight_by_columns_(by_columns(weight)),
        one_pass_(kernels::one_pass_pays(x.get()->geometry.size[0], x.get()->geometry.size[1],
                                         weight.get()->geometry.size[0],
                                         static_cast<std::int64_t>(element_size(x.get()->dtype))) &&
                  x.is_contiguous() && !weight_by_columns_ && autograd::requires_grad(weight)) {}

  bool takes_last_step() const { return one_pass_; }

 protected:
  struct Gradients {
    Tensor bias, x, weight;
  };

  Gradients gradients(Tensor&& g, const LastStep* step, bool of_x, bool of_weight) const {
    if (one_pass_ && of_weight && !GradMode::is_enabled()) return in_one_pass(g, step, of_x);
    if (step) g = with_step(std::move(g), *step);
    Gradients to;
    if (of_x) to.x = product({g}, {*weight_}, x_by_columns_);
    if (of_weight) to.weight = product({g, true}, {*x_}, weight_by_columns_);
    to.bias = std::move(g);
    return to;
  }

 private:
  Gradients in_one_pass(const Tensor& g, const LastStep* step, bool of_x) const {
    const ScalarType type = g.scalar_type();
    const Tensor rows = g.contiguous(), x = dense(*x_);  // hooks may have unpacked it otherwise
    const Tensor weight = of_x ? dense(*weight_) : Tensor();
    Gradients to{blank({g.size(1)}, type), of_x ? blank(x.sizes(), type) : Tensor(),
                 blank({g.size(1), x.size(1)}, type)};
    visit_float("linear", type, [&](auto zero) {
      using T = decltype(zero);
      kernels::OutputGradient<T> of_y{data<T>(rows)};
      if (step) {
        of_y.step = step->loop;
        of_y.value = data<T>(step->value);
        for (std::size_t i = 0; i < step->numbers.size(); ++i)
          of_y.numbers[i] = static_cast<T>(step->numbers[i]);
      }
      kernels::layer_gradients<T>(x.size(0), x.size(1), g.size(1), of_y, data<T>(x),
                                  data<T>(weight), data<T>(to.bias), data<T>(to.x),
                                  data<T>(to.weight));
    });
    return to;
  }

  Saved weight_, x_;
  bool x_by_columns_, weight_by_columns_, one_pass_;
};

struct WithBias : LayerRule {
  using LayerRule::LayerRule;
  std::tuple<Tensor, Tensor, Tensor> operator()(Tensor&& g, Needs needs) const {
    Gradients all = gradients(std::move(g), needs.left(), needs[1], needs[2]);
    return {std::move(all.bias), std::move(all.x), std::move(all.weight)};
  }
};
struct WithoutBias : LayerRule {
  using LayerRule::LayerRule;
  std::pair<Tensor, Tensor> operator()(Tensor&& g, Needs needs) const {
    Gradients all = gradients(std::move(g), needs.left(), needs[0], needs[1]);
    return {std::move(all.x), std::move(all.weight)};
  }
};

Tensor linear_of_rows(const Tensor& x, const Tensor& weight, const Tensor* bias) {
  check_operands("linear", x, weight);
  const std::array<std::int64_t, 2> sizes{x.size(0), weight.size(0)};
  Tensor y = blank(sizes, x.scalar_type());
  product_into(y, {x}, {weight, true}, 1, bias ? 1 : 0, bias);
  if (bias) {
    return record("AddmmBackward0", std::move(y), wrt(*bias, x, weight, WithBias(x, weight)));
  }
  return record("MmBackward0", std::move(y), wrt(x, weight, WithoutBias(x, weight)));
}

}  // namespace

// y = x Wᵀ + b, the rows of x being samples.
Tensor linear(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias) {
  check_defined("linear", x);
  check_defined("linear", weight);
  const bool has_bias = bias && bias->defined();
  check((weight.dim() == 2 || (weight.dim() == 1 && !has_bias)) && x.dim() >= 1 &&
            x.size(-1) == weight.size(-1),
        "linear: input and weight shapes cannot be multiplied: ", x.sizes(),
        " and the transpose of ", weight.sizes());
  if (weight.dim() == 1) return matmul(x, weight);
  if (x.dim() == 2 && !has_bias) return linear_of_rows(x, weight, nullptr);
  if (x.dim() == 2) {
    const bool row = bias->dim() == 1 && bias->size(0) == weight.size(0) && bias->is_contiguous() &&
                     bias->scalar_type() == x.scalar_type();
    return row ? linear_of_rows(x, weight, &*bias) : addmm(*bias, x, weight.t());
  }
  if (!has_bias) return matmul(x, weight.t());
  if (x.dim() == 1) return add(matmul(x, weight.t()), *bias);
  std::vector<std::int64_t> sizes(x.sizes().begin(), x.sizes().end() - 1);
  sizes.push_back(weight.size(0));
  return view(linear(flatten(x, 0, -2), weight, bias), sizes);
}

}  // namespace pullback
