#include <utility>
#include <vector>

#include <pullback/core/autograd/record.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/ops/dense.h>

// Losses between the scores of classes, batch × classes × positions, and a class for each position.
namespace pullback {

using autograd::record;
using autograd::saved;
using autograd::wrt;

namespace {

// Which class counts at each position and how much: v[n, s] = −weight[t] x[n, t, s], t = target[n,
// s], and 0 where the target is ignored. A linear map of x.
struct Selection {
  struct Shape {
    std::int64_t ignore;
    std::vector<std::int64_t> x_sizes;
    std::int64_t batch, classes, positions;
  };
  Tensor target, weight;
  Shape shape;

  // f(position in x, position in target, factor) wherever the target counts; throws IndexError for
  // one that is no class.
  template <class T, class F>
  void for_each(F f) const {
    const auto* targets = data<std::int64_t>(target);
    const T* weights = weight.defined() ? data<T>(weight) : nullptr;
    for (std::int64_t n = 0; n < shape.batch; ++n)
      for (std::int64_t s = 0; s < shape.positions; ++s) {
        const std::int64_t at = n * shape.positions + s, t = targets[at];
        if (t == shape.ignore) continue;
        check_class(t);
        f((n * shape.classes + t) * shape.positions + s, at, weights ? weights[t] : T(1));
      }
  }
  void check_class(std::int64_t t) const {
    check<IndexError>(t >= 0 && t < shape.classes, "nll_loss: Target ", t, " is out of bounds for ",
                      shape.classes, " classes");
  }
};

// A selection as rules keep it.
struct SavedSelection {
  explicit SavedSelection(const Selection& s)
      : target(saved(s.target)), weight(saved(s.weight)), shape(s.shape) {}
  Selection operator*() const { return {*target, weight.defined() ? *weight : Tensor(), shape}; }

  autograd::Saved target, weight;
  Selection::Shape shape;
};

Tensor adjoint(const Tensor& g, const Selection& selection);

Tensor apply(const Tensor& x, const Selection& selection) {
  Tensor v = zeros(selection.target.sizes(), x.scalar_type());
  const Tensor in = dense(x);
  visit_float("nll_loss", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    selection.for_each<T>(
        [a = data<T>(in), b = data<T>(v)](std::int64_t from, std::int64_t to, T factor) {
          b[to] = -factor * a[from];
        });
  });
  return record(
      "NllLossBackwardBackward0", std::move(v),
      wrt(x, [kept = SavedSelection(selection)](const Tensor& g) { return adjoint(g, *kept); }));
}

Tensor adjoint(const Tensor& g, const Selection& selection) {
  Tensor gx = zeros(selection.shape.x_sizes, g.scalar_type());
  const Tensor in = dense(g);
  visit_float("nll_loss", g.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    selection.for_each<T>(
        [a = data<T>(in), b = data<T>(gx)](std::int64_t to, std::int64_t from, T factor) {
          b[to] = -factor * a[from];
        });
  });
  return record(
      "NllLossBackwardBackward0", std::move(gx),
      wrt(g, [kept = SavedSelection(selection)](const Tensor& gg) { return apply(gg, *kept); }));
}

// Σ v and Σ weight[t]. Weights of one are counted: a second sum of doubles would be joined with the
// first as a vector, which waits for memory.
template <class T>
std::pair<double, double> sums(const Selection& selection, const T* x) {
  double sum = 0, weights = 0;
  std::int64_t count = 0;
  const bool weighted = selection.weight.defined();
  selection.for_each<T>([&](std::int64_t from, std::int64_t, T factor) {
    sum -= static_cast<double>(factor) * static_cast<double>(x[from]);
    ++count;
    if (weighted) weights += static_cast<double>(factor);
  });
  return {sum, weighted ? weights : static_cast<double>(count)};
}

void check_weight(const char* op, const Tensor& x, const Tensor& weight, std::int64_t classes) {
  check(!weight.defined() || (weight.dim() == 1 && weight.size(0) == classes), op,
        ": weight tensor should be defined either for all ", classes,
        " classes or no classes but got weight tensor of shape: ",
        weight.defined() ? weight.sizes() : IntArrayRef());
  check(!weight.defined() || weight.scalar_type() == x.scalar_type(), op,
        ": expected the weight to have the input's type ", x.scalar_type());
}

void check_smoothing(double label_smoothing) {
  check(label_smoothing >= 0 && label_smoothing <= 1,
        "cross_entropy: label_smoothing must be between 0.0 and 1.0. Got: ", label_smoothing);
}

// A weight for each class, laid along the class dimension of x.
Tensor along_classes(const Tensor& weight, const Tensor& x, std::int64_t dim) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(x.dim()), 1);
  sizes[static_cast<std::size_t>(dim)] = weight.numel();
  return view(dense(weight), sizes);
}

Tensor of_probabilities(const Tensor& x, const Tensor& y, const Tensor& weight, Reduction reduction,
                        double label_smoothing) {
  const std::int64_t dim = x.dim() == 1 ? 0 : 1, classes = x.size(dim);
  check(y.is_floating_point(),
        "cross_entropy: Expected floating point type for target with class probabilities, got ",
        y.scalar_type());
  const double even = label_smoothing / static_cast<double>(classes);
  const Tensor target = label_smoothing > 0 ? y * (1 - label_smoothing) + even : y;
  Tensor products = log_softmax(x, dim) * target;
  if (weight.defined()) products = products * along_classes(weight, x, dim);
  if (reduction == Reduction::None) return -sum(products, dim);
  if (reduction == Reduction::Sum) return -sum(products);
  const Tensor total = -sum(products);
  const double count = static_cast<double>(x.numel()) / static_cast<double>(classes);
  Tensor loss;
  {
    const NoGradGuard unrecorded;
    loss = total / count;
  }
  return record("DivBackward1", std::move(loss),
                wrt(total, [count](const Tensor& g) { return g / count; }));
}

// The loss against a target that is the same for every class: Σ over classes of −weight·log p.
Tensor smooth_part(const Tensor& log_p, const Tensor& y, const Tensor& weight, Reduction reduction,
                   std::int64_t ignore_index) {
  const std::int64_t dim = log_p.dim() == 1 ? 0 : 1;
  const Tensor ignored = y == Scalar(ignore_index);
  const Tensor values = masked_fill(
      -sum(weight.defined() ? log_p * along_classes(weight, log_p, dim) : log_p, dim), ignored, 0);
  if (reduction == Reduction::None) return values;
  if (reduction == Reduction::Sum) return sum(values);
  double total = 0;
  const Tensor target = dense(y), weights = dense(weight);
  visit_float("cross_entropy", log_p.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < target.numel(); ++i) {
      const std::int64_t t = data<std::int64_t>(target)[i];
      if (t != ignore_index) total += weights.defined() ? double(data<T>(weights)[t]) : 1;
    }
  });
  return sum(values) / total;
}

}  // namespace

Tensor nll_loss(const Tensor& x, const Tensor& y, const Tensor& weight, Reduction reduction,
                std::int64_t ignore_index) {
  const char* op = "nll_loss";
  check_defined(op, x);
  check_defined(op, y);
  check(x.dim() >= 1, op, ": Expected 1 or more dimensions, but got a 0-d input");
  check(y.scalar_type() == kLong, op, ": expected scalar type Long but found ", y.scalar_type(),
        " as the target; convert it with to(kLong)");
  const bool one = x.dim() == 1;
  Selection::Shape s{ignore_index, x.sizes().vec(), one ? 1 : x.size(0), x.size(one ? 0 : 1),
                     /*positions=*/1};
  check<ValueError>(one || (y.dim() >= 1 && y.size(0) == s.batch), op,
                    ": Expected input batch_size (", s.batch, ") to match target batch_size (",
                    y.dim() ? y.size(0) : std::int64_t(1), ").");
  bool fits = one ? y.dim() == 0 : y.dim() == x.dim() - 1;
  for (std::int64_t d = 2; d < x.dim() && fits; ++d) {
    fits = x.size(d) == y.size(d - 1);
    s.positions *= x.size(d);
  }
  check(fits, op, ": Expected target of one class for each position of an input of size ",
        x.sizes(), ", got ", y.sizes());
  check_weight(op, x, weight, s.classes);
  const Selection selection{dense(y.detach()), dense(weight.defined() ? weight.detach() : weight),
                            s};
  Tensor loss;
  double total = 0;
  if (reduction == Reduction::None) {
    const NoGradGuard unrecorded;
    loss = apply(x, selection);
  } else {
    loss = empty(IntArrayRef(), x.scalar_type());
    const Tensor in = dense(x);
    visit_float(op, x.scalar_type(), [&](auto zero) {
      using T = decltype(zero);
      const auto [sum, weights] = sums(selection, data<T>(in));
      total = weights;
      *data<T>(loss) = static_cast<T>(reduction == Reduction::Mean ? sum / total : sum);
    });
  }
  return record(x.dim() <= 2 ? "NllLossBackward0" : "NllLoss2DBackward0", std::move(loss),
                wrt(x, [kept = SavedSelection(selection), reduction, total](const Tensor& g) {
                  const Selection s = *kept;
                  if (reduction == Reduction::None) return adjoint(g, s);
                  const Tensor each = reduction == Reduction::Mean ? g / total : g;
                  return adjoint(expand(each, s.target.sizes()), s);
                }));
}

Tensor cross_entropy(const Tensor& x, const Tensor& y, const Tensor& weight, Reduction reduction,
                     std::int64_t ignore_index, double label_smoothing) {
  const char* op = "cross_entropy";
  check_defined(op, x);
  check_defined(op, y);
  check(x.dim() >= 1, op, ": Expected 1 or more dimensions, but got a 0-d input");
  check_smoothing(label_smoothing);
  const std::int64_t dim = x.dim() == 1 ? 0 : 1;
  check_weight(op, x, weight, x.size(dim));
  const Tensor w = weight.defined() ? weight.detach() : weight;
  check(!(x.sizes() == y.sizes()) || ignore_index < 0, op,
        ": ignore_index is not supported for floating point target, but is ", ignore_index);
  if (x.sizes() == y.sizes()) return of_probabilities(x, y, w, reduction, label_smoothing);
  const Tensor log_p = log_softmax(x, dim);
  const Tensor loss = nll_loss(log_p, y, w, reduction, ignore_index);
  if (label_smoothing == 0) return loss;
  const double even = label_smoothing / static_cast<double>(x.size(dim));
  return loss * (1 - label_smoothing) + smooth_part(log_p, y, w, reduction, ignore_index) * even;
}

}  // namespace pullback
