#include <array>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/product.h>

namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

// Y = X Wᵀ + 1 bᵀ for rows of samples, without the view of Wᵀ that PyTorch's graph has:
// X̄ = G W,  W̄ = Gᵀ X,  b̄ = Gᵀ 1.
Tensor linear_of_rows(const Tensor& x, const Tensor& weight, const Tensor* bias) {
  check_operands("linear", x, weight);
  const std::array<std::int64_t, 2> sizes{x.size(0), weight.size(0)};
  Tensor y = blank(sizes, x.scalar_type());
  const auto for_x = [weight = saved(weight), columns = by_columns(x)](const Tensor& g) {
    return product({g}, {*weight}, columns);
  };
  const auto for_weight = [x = saved(x), columns = by_columns(weight)](const Tensor& g) {
    return product({g, true}, {*x}, columns);
  };
  product_into(y, {x}, {weight, true}, 1, bias ? 1 : 0, bias);
  if (!bias) {
    return record("MmBackward0", std::move(y), wrt(x, for_x), wrt(weight, for_weight));
  }
  return record("AddmmBackward0", std::move(y), wrt(*bias, [](const Tensor& g) { return g; }),
                wrt(x, for_x), wrt(weight, for_weight));
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
  return view(linear(reshape(x, {-1, x.size(-1)}), weight, bias), sizes);
}

}  // namespace pullback
