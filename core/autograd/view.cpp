#include <pullback/core/autograd/view.h>

#include <algorithm>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

namespace pullback::autograd {

Tensor make_view(const Tensor& x, const Geometry& geometry, ViewKind kind) {
  TensorImpl* of = x.get();
  refresh_view(of);
  Ref<TensorImpl> impl = make_alias(of->storage, geometry, of->dtype);
  impl->base = of->base.defined() ? of->base : x;
  impl->view = GradMode::is_enabled() ? std::max(kind, of->view) : ViewKind::MadeWithoutGrad;
  impl->view_version = of->storage->version;
  impl->untracked = of->untracked;
  return Tensor(std::move(impl));
}

namespace {

/// Zeroed memory that holds two layouts of one storage, which may reach beyond each other.
class Frame {
 public:
  Frame(const Geometry& a, const Geometry& b, ScalarType type)
      : lowest_(std::min(a.offset, b.offset)) {
    Geometry flat;
    flat.ndim = 1;
    flat.size[0] = std::max(end(a), end(b)) - lowest_;
    flat.stride[0] = 1;
    memory_ = empty_of(flat, type);
    fill_into(memory_, 0);
  }
  Tensor at(Geometry g) const {
    g.offset -= lowest_;
    return alias_of(memory_, g);
  }

 private:
  static std::int64_t end(const Geometry& g) {
    std::int64_t last = g.offset + 1;
    for (int d = 0; d < g.ndim; ++d) last += std::max<std::int64_t>(g.size[d] - 1, 0) * g.stride[d];
    return last;
  }

  std::int64_t lowest_;
  Tensor memory_;
};

bool contains(const Geometry& whole, const Geometry& part) {
  auto last = [](const Geometry& g) {
    std::int64_t l = g.offset;
    for (int d = 0; d < g.ndim; ++d) l += std::max<std::int64_t>(g.size[d] - 1, 0) * g.stride[d];
    return l;
  };
  return part.numel() == 0 || (whole.offset <= part.offset && last(part) <= last(whole));
}

bool has_distinct_elements(const Geometry& g) {
  std::vector<std::pair<std::int64_t, std::int64_t>> dims;
  for (int d = 0; d < g.ndim; ++d)
    if (g.size[d] > 1) dims.emplace_back(g.stride[d], g.size[d]);
  std::sort(dims.begin(), dims.end());
  std::int64_t reach = 1;
  for (const auto& [stride, size] : dims) {
    if (stride < reach) return false;
    reach += stride * (size - 1);
  }
  return true;
}

/// Adds each element of g at its place, where several may have the same place.
template <class T>
void add_one_by_one(T* out, const Geometry& to, const T* in, const Geometry& from, int d = 0) {
  if (d == to.ndim) {
    *out += *in;
    return;
  }
  for (std::int64_t i = 0; i < to.size[d]; ++i)
    add_one_by_one(out + i * to.stride[d], to, in + i * from.stride[d], from, d + 1);
}

constexpr std::int64_t kLeastSlice = 64;  ///< elements that are worth a loop

/// The place at i of dimension d.
Geometry slice_of(Geometry g, int d, std::int64_t i) {
  g.offset += i * g.stride[d];
  g.remove_dim(d);
  return g;
}

/// The shortest dimension at each of whose places elements are distinct and many, or -1.
int dim_of_slices(const Geometry& g) {
  int shortest = -1;
  for (int d = 0; d < g.ndim; ++d)
    if ((shortest < 0 || g.size[d] < g.size[shortest]) && g.numel() / g.size[d] >= kLeastSlice &&
        has_distinct_elements(slice_of(g, d, 0)))
      shortest = d;
  return shortest;
}

void place(const Tensor& part, const Tensor& g) {
  const Geometry& to = part.get()->geometry;
  if (to.numel() == 0) return;
  if (has_distinct_elements(to)) return copy_into(part, g);
  const Tensor same = as_type(g, part.scalar_type());
  const Geometry& from = same.get()->geometry;
  if (const int d = dim_of_slices(to); d >= 0) {
    for (std::int64_t i = 0; i < to.size[d]; ++i)
      add_to(alias_of(part, slice_of(to, d, i)), alias_of(same, slice_of(from, d, i)));
    return;
  }
  visit(part.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>)
      add_one_by_one(reinterpret_cast<T*>(part.get()->bytes()), to,
                     reinterpret_cast<const T*>(same.get()->bytes()), from);
  });
}

void check_distinct(const Geometry& whole) {
  check<NotImplementedError>(has_distinct_elements(whole),
                             "as_strided: no gradient for a view of an expanded tensor: strides ",
                             whole.strides(), "; use contiguous() first");
}

bool same_layout(const Geometry& a, const Geometry& b) {
  if (!a.same_sizes(b)) return false;
  for (int d = 0; d < a.ndim; ++d)
    if (a.size[d] > 1 && a.stride[d] != b.stride[d]) return false;
  return true;
}

}  // namespace

Tensor as_strided_view(const Tensor& x, const Geometry& whole, const Geometry& part) {
  Tensor y;
  if (same_layout(x.get()->geometry, whole) && contains(whole, part)) {
    Geometry g = part;
    g.offset += x.get()->geometry.offset - whole.offset;
    y = alias_of(x, g);
  } else {
    const Frame frame(whole, part, x.scalar_type());
    copy_into(frame.at(whole), x);
    y = frame.at(part);
  }
  return record("AsStridedBackward0", std::move(y), wrt(x, [whole, part](const Tensor& g) {
                  return as_strided_scatter(g, whole, part);
                }));
}

Tensor as_strided_put(const Tensor& x, const Tensor& inside, const Geometry& whole,
                      const Geometry& part) {
  check_distinct(whole);
  const Frame frame(whole, part, x.scalar_type());
  copy_into(frame.at(whole), x);
  copy_into(frame.at(part), inside);
  return record(
      "AsStridedPutBackward0", frame.at(whole),
      wrt(x,
          [whole, part](const Tensor& g) {
            const Tensor none = zeros(IntArrayRef(), g.scalar_type());
            return as_strided_put(g, none, whole, part);
          }),
      wrt(inside, [whole, part](const Tensor& g) { return as_strided_view(g, whole, part); }));
}

Tensor as_strided_scatter(const Tensor& g, const Geometry& whole, const Geometry& part) {
  check_distinct(whole);
  const Frame frame(whole, part, g.scalar_type());
  place(frame.at(part), g);
  return record(
      "AsStridedScatterBackward0", frame.at(whole),
      wrt(g, [whole, part](const Tensor& gg) { return as_strided_view(gg, whole, part); }));
}

void refresh_stale_view(TensorImpl* view) {
  view->view_version = view->storage->version;
  const Tensor& base = view->base;
  if (!requires_grad(base)) return;
  const AutoGradMode recording(true);
  Tensor fresh = as_strided_view(base, base.get()->geometry, view->geometry);
  move_retained(view, fresh.get()->grad_fn.get());
  view->grad_fn = fresh.get()->grad_fn;
  view->output_nr = 0;
  view->view_version = view->storage->version;
}

CopySlices::CopySlices(const Tensor& base, const Geometry& part, Ref<Node> change)
    : Node("CopySlices"), change_(std::move(change)), part_(part) {
  first_output_.geometry = base.get()->geometry;
  first_output_.dtype = base.get()->dtype;
  // The base takes the place of the changed part; the other inputs stay.
  edges_storage_.resize(change_->num_inputs());
  edges_storage_[0] = edge_of(base);
  // What the change saved refers to its edges.
  for (std::size_t i = 1; i < edges_storage_.size(); ++i) edges_storage_[i] = change_->edges_[i];
  if (!change_->had_saved_) change_->edges_[0] = {};
  edges_ = edges_storage_.data();
  edge_count_ = static_cast<std::uint32_t>(edges_storage_.size());
  change_->outer_ = this;
}

Tensor CopySlices::changed_part(const Output& out) const {
  Ref<TensorImpl> changed = make_alias(out.kept, out.geometry, out.dtype);
  // Only the shape of the base matters here: its value is read through the kept part.
  Geometry shape = first_output_.geometry;
  for (int d = 0; d < shape.ndim; ++d) shape.stride[d] = 0;
  shape.offset = out.geometry.offset;
  Ref<TensorImpl> base = make_alias(out.kept, shape, first_output_.dtype);
  base->grad_fn = Ref<Node>::share(const_cast<CopySlices*>(this));
  const Tensor whole(std::move(base));
  return record("AsStridedBackward0", Tensor(std::move(changed)),
                wrt(whole, [layout = first_output_.geometry, part = part_](const Tensor& g) {
                  return as_strided_scatter(g, layout, part);
                }));
}

// Outside the part, the base's gradient is g. Inside, it is what the change makes of g's part.
void CopySlices::run(Tensor* output_grads, Tensor* input_grads, Needs needs) {
  const Tensor& g = output_grads[0];
  const Geometry& whole = first_output_.geometry;
  const Tensor part = as_strided_view(g, whole, part_);
  Tensor given = part;
  change_->run(&given, input_grads, needs.without_offers());
  if (!needs[0]) return;
  Tensor inside = std::move(input_grads[0]);
  // The change may not have stored a rule for the part (self needed no gradient then): nothing
  // flows.
  if (!inside.defined()) inside = zeros(IntArrayRef(), g.scalar_type());
  if (!is_expandable_to(inside.sizes(), part.sizes())) inside = sum_to_size(inside, part.sizes());
  input_grads[0] = as_strided_put(g, inside, whole, part_);
}

namespace {

const char* view_problem(ViewKind kind) {
  switch (kind) {
    case ViewKind::OneOfMany:
      return "is an output of a function that returns multiple views. Such functions do not allow "
             "the output views to be modified inplace. You should replace the inplace operation by "
             "an out-of-place one";
    case ViewKind::OfCustomFunction:
      return "was created inside a custom Function (or because an input was returned as-is) and "
             "is being modified inplace. The autograd logic to handle view+inplace would override "
             "the custom backward, leading to incorrect gradients. Clone the output of the custom "
             "Function";
    default:
      return "was created in no_grad mode and is being modified inplace with grad mode enabled. "
             "Create the view with grad mode enabled";
  }
}

bool overlaps_itself(const Geometry& g) {
  if (g.numel() == 0) return false;
  for (int d = 0; d < g.ndim; ++d)
    if (g.size[d] > 1 && g.stride[d] == 0) return true;
  return false;
}

/// Do the elements fill a run of memory without a gap, in whatever order?
bool fills_a_run(const Geometry& g) {
  if (g.is_contiguous()) return true;
  std::int64_t reach = 1;
  for (int d = 0; d < g.ndim; ++d) reach += (g.size[d] - 1) * g.stride[d];
  return reach == g.numel() && has_distinct_elements(g);
}

enum class Overlap { None, Partial, Full };

/// Which elements two tensors share; None also where that is hard to tell, as in PyTorch.
Overlap overlap(const TensorImpl* a, const TensorImpl* b) {
  if (!b) return Overlap::None;
  if (a == b) return Overlap::Full;
  if (a->storage.get() != b->storage.get()) return Overlap::None;
  const Geometry &x = a->geometry, &y = b->geometry;
  const std::int64_t n = x.numel(), m = y.numel();
  if (n == 0 || m == 0 || !fills_a_run(x) || !fills_a_run(y)) return Overlap::None;
  if (x.offset == y.offset && n == m && same_layout(x, y)) return Overlap::Full;
  // The same run in one piece, seen with other sizes, is read in the order in which it is written.
  if (x.offset == y.offset && n == m && x.is_contiguous() && y.is_contiguous())
    return Overlap::Full;
  return x.offset < y.offset + m && y.offset < x.offset + n ? Overlap::Partial : Overlap::None;
}

void check_overlap(const char* op, bool disjoint) {
  check(disjoint, op,
        ": unsupported operation: some elements of the input tensor and the written-to tensor "
        "refer to a single memory location. Please clone() the tensor before performing the "
        "operation");
}

}  // namespace

void check_disjoint(const char* op, const Tensor& self, std::initializer_list<Operand> others) {
  for (const Tensor& other : others)
    check_overlap(op, overlap(self.get(), other.get()) == Overlap::None);
}

void check_aligned(const char* op, const Tensor& self, std::initializer_list<Operand> others) {
  for (const Tensor& other : others)
    check_overlap(op, overlap(self.get(), other.get()) != Overlap::Partial);
}

void check_history(const char* op, const Tensor& self, const Inputs* rules, int count) {
  if (!GradMode::is_enabled()) return;
  TensorImpl* impl = self.get();
  refresh_view(impl);
  const bool records = requires_grad(self) || any_requires_grad(rules, count);
  check(!(impl->requires_grad && !impl->grad_fn), op,
        ": a leaf Variable that requires grad is being used in an in-place operation: shape ",
        impl->geometry.sizes(), "; use NoGradGuard, or an out-of-place operation");
  if (!impl->base.defined()) return;
  const TensorImpl* base = impl->base.get();
  check(!(base->requires_grad && !base->grad_fn), op,
        ": a view of a leaf Variable that requires grad is being used in an in-place "
        "operation: shape ",
        impl->geometry.sizes());
  check(!records || impl->view == ViewKind::Plain, op, ": a view of shape ", impl->geometry.sizes(),
        " ", view_problem(impl->view));
}

void check_inplace(const char* op, const Tensor& self, const Inputs* rules, int count) {
  TensorImpl* impl = self.get();
  check_history(op, self, rules, count);
  check(!overlaps_itself(impl->geometry), op,
        ": unsupported operation: more than one element of the written-to tensor refers to a "
        "single memory "
        "location: shape ",
        impl->geometry.sizes(), ", strides ", impl->geometry.strides(),
        ". Please clone() the tensor before performing the operation");
  for (int r = 0; r < count; ++r)
    for (int i = 0; i < rules[r].count(); ++i)
      check_overlap(op, overlap(impl, rules[r][i].get()) != Overlap::Partial);
}

void rebase_history(const Tensor& self, Ref<Node> node) {
  TensorImpl* impl = self.get();
  if (!impl->base.defined()) {
    move_retained(impl, node.get());
    impl->grad_fn = std::move(node);
    impl->output_nr = 0;
    return;
  }
  TensorImpl* base = impl->base.get();
  Ref<Node> slices = Ref<Node>::adopt(new CopySlices(impl->base, impl->geometry, std::move(node)));
  move_retained(base, slices.get());
  base->grad_fn = std::move(slices);
  base->output_nr = 0;
  refresh_stale_view(impl);
}

Tensor copy_with_history(const Tensor& x) {
  Tensor copy = empty_of(x.get()->geometry, x.scalar_type());
  copy_into(copy, x);
  copy.get()->grad_fn = x.get()->grad_fn;
  copy.get()->output_nr = x.get()->output_nr;
  return copy;
}

void store_result(const char* op, const Tensor& self, const Tensor& y) {
  check_result_type(op, y.scalar_type(), self.scalar_type());
  check(is_expandable_to(y.sizes(), self.sizes()), op, ": output with shape ", self.sizes(),
        " doesn't match the broadcast shape ", y.sizes());
  copy_into(self, y);
  mark_changed(self);
  if (Ref<Node> node = y.get()->grad_fn) rebase_history(self, std::move(node));
}

Tensor change_to(const char* name, const Tensor& self, FunctionRef<Tensor(const Tensor&)> f) {
  const Tensor* const named[] = {&self};
  const Inputs inputs(named, 1);
  check_inplace(name, self, &inputs, 1);
  const bool copied = GradMode::is_enabled() && requires_grad(self);
  Tensor y = f(copied ? copy_with_history(self) : self);
  // Recorded for another input, whose rule may have kept the value that is about to be overwritten.
  if (!copied && y.get()->grad_fn) y = f(copy_with_history(self));
  store_result(name, self, y);
  return self;
}

Tensor overwrite(const char* op, const char* name, const Tensor& self, FunctionRef<void()> kernel) {
  return record_inplace(op, name, self, kernel,
                        wrt(self, [](const Tensor& g) { return zeros_like(g); }));
}

}  // namespace pullback::autograd
