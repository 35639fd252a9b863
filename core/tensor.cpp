#include <pullback/core/tensor.h>

#include <pullback/core/autograd/node.h>
#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/warning.h>

namespace pullback {

// ---- the handle

Tensor::Tensor(Ref<TensorImpl> impl) {
  word_ = reinterpret_cast<std::uintptr_t>(impl.release());
}

Ref<TensorImpl> Tensor::take() {
  return Ref<TensorImpl>::adopt(reinterpret_cast<TensorImpl*>(std::exchange(word_, 0)));
}

// The word of a new handle on the same tensor; of an attribute, on its value.
std::uintptr_t TensorBase::counted_word() const {
  if (is_attribute()) {
    Tensor value = slot()->value();
    return std::exchange(value.word_, 0);
  }
  if (word_) reinterpret_cast<TensorImpl*>(word_)->refs.increment();
  return word_;
}

void TensorBase::drop() {
  if (is_attribute()) {
    Ref<Slot>::adopt(slot());
  } else {
    Ref<TensorImpl>::adopt(reinterpret_cast<TensorImpl*>(word_));
  }
  word_ = 0;
}

TensorBase& TensorBase::operator=(const TensorBase& other) {
  const std::uintptr_t word = other.counted_word();
  if (word_) drop();
  word_ = word;
  return *this;
}

TensorBase& TensorBase::operator=(TensorBase&& other) {
  const std::uintptr_t word =
      other.is_attribute() ? other.counted_word() : std::exchange(other.word_, 0);
  if (word_) drop();
  word_ = word;
  return *this;
}

inline TensorImpl* TensorBase::checked_impl(const char* op) const {
  TensorImpl* found = impl();
  check(found != nullptr, op, ": called on an undefined tensor");
  return found;
}

const Tensor& TensorBase::evaluated(Tensor& hold) const {
  return hold = slot()->value();
}

const Tensor& TensorBase::target(const char* op, Tensor&& hold) const {
  if (is_attribute()) {
    check(!slot()->computed(), op, ": ", slot()->name(),
          " is computed by a parametrization, and a change in place would be lost; assign a new "
          "value to it instead");
    check(slot()->stored() != nullptr, op, ": called on an undefined tensor");
    return hold = Tensor(Ref<TensorImpl>::share(slot()->stored()));
  }
  check(word_ != 0, op, ": called on an undefined tensor");
  return static_cast<const Tensor&>(*this);
}

Tensor TensorBase::target(const char* op) const {
  Tensor hold;
  return target(op, std::move(hold));
}

Tensor& Tensor::operator=(const Tensor& other) && {
  copy_(other);
  return *this;
}
Tensor& Tensor::operator=(Tensor&& other) && {
  copy_(other);
  return *this;
}
Tensor& Tensor::operator=(const Scalar& value) && {
  fill_(value);
  return *this;
}

// ---- what it is

bool TensorBase::attribute_defined() const {
  return slot()->computed() || slot()->stored();
}
IntArrayRef TensorBase::sizes() const {
  return checked_impl("sizes")->geometry.sizes();
}
IntArrayRef TensorBase::strides() const {
  return checked_impl("strides")->geometry.strides();
}
std::int64_t TensorBase::size(std::int64_t dim) const {
  const Geometry& g = checked_impl("size")->geometry;
  check<IndexError>(g.ndim > 0, "size: Dimension specified as ", dim,
                    " but tensor has no dimensions");
  return g.size[wrap_dim(dim, g.ndim, "size")];
}
std::int64_t TensorBase::stride(std::int64_t dim) const {
  const Geometry& g = checked_impl("stride")->geometry;
  check<IndexError>(g.ndim > 0, "stride: Dimension specified as ", dim,
                    " but tensor has no dimensions");
  return g.stride[wrap_dim(dim, g.ndim, "stride")];
}
std::int64_t TensorBase::dim() const {
  return checked_impl("dim")->geometry.ndim;
}
std::int64_t TensorBase::numel() const {
  return checked_impl("numel")->geometry.numel();
}
std::int64_t TensorBase::storage_offset() const {
  return checked_impl("storage_offset")->geometry.offset;
}
std::int64_t TensorBase::itemsize() const {
  return static_cast<std::int64_t>(element_size(scalar_type()));
}
std::int64_t TensorBase::nbytes() const {
  return numel() * itemsize();
}
ScalarType TensorBase::scalar_type() const {
  return checked_impl("dtype")->dtype;
}
TensorOptions TensorBase::options() const {
  return TensorOptions(scalar_type());
}
bool TensorBase::is_floating_point() const {
  return pullback::is_floating_point(scalar_type());
}
bool TensorBase::is_contiguous() const {
  return checked_impl("is_contiguous")->geometry.is_contiguous();
}
std::string TensorBase::toString() const {
  return "CPU" + std::string(dtype_name(scalar_type())) + "Type";
}
bool TensorBase::is_view() const {
  return checked_impl("is_view")->view != ViewKind::None;
}
bool TensorBase::is_same(const TensorBase& other) const {
  return impl() == other.impl();
}
std::int64_t TensorBase::_version() const {
  return checked_impl("_version")->storage->version;
}

// ---- elements

Scalar TensorBase::item() const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  check_defined("item", x);
  const TensorImpl* impl = x.get();
  check(impl->geometry.numel() == 1, "item: a Tensor with ", impl->geometry.numel(),
        " elements cannot be converted to Scalar: shape ", impl->geometry.sizes());
  return visit(impl->dtype, [&](auto zero) {
    return Scalar(*reinterpret_cast<decltype(zero)*>(impl->bytes()));
  });
}

void* TensorBase::data_ptr() const {
  return checked_impl("data_ptr")->bytes();
}

void* TensorBase::checked_data(ScalarType type) const {
  check(!is_attribute() || !slot()->computed(), "data_ptr: ", is_attribute() ? slot()->name() : "",
        " is computed by a parametrization; take `Tensor w = …` first");
  TensorImpl* impl = checked_impl("data_ptr");
  check(impl->dtype == type, "data_ptr: expected scalar type ", type, " but found ", impl->dtype);
  return impl->bytes();
}

// ---- autograd

bool TensorBase::requires_grad() const {
  return autograd::requires_grad(self(Tensor()));
}

bool TensorBase::is_leaf() const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  check_defined("is_leaf", x);
  autograd::refresh_view(x.get());
  return !x.get()->grad_fn;
}

Tensor TensorBase::requires_grad_(bool value) const {
  Tensor x = target("requires_grad_");
  check(pullback::is_floating_point(x.scalar_type()) || !value,
        "requires_grad_: only Tensors of floating point dtype can require gradients, not ",
        x.scalar_type());
  check(value || x.is_leaf(),
        "requires_grad_: you can only change requires_grad flags of leaf variables. If you want to "
        "use a computed variable in a subgraph that doesn't require differentiation use "
        "var_no_grad = var.detach()");
  x.get()->requires_grad = value && x.is_leaf();
  return x;
}

const TensorBase& TensorBase::set_requires_grad(bool value) const {
  requires_grad_(value);
  return *this;
}

namespace {
const Tensor undefined;
}

const Tensor& TensorBase::grad() const {
  if (is_attribute() && slot()->computed()) return undefined;
  const TensorImpl* impl = checked_impl("grad");
  if (impl->grad_fn && !impl->retains_grad && !impl->grad.defined())
    warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
        "attribute won't be populated during autograd.backward(). If you indeed want the .grad "
        "field to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. "
        "If you access the non-leaf Tensor by mistake, make sure you access the leaf Tensor "
        "instead.");
  return impl->grad;
}

Tensor& TensorBase::mutable_grad() const {
  check(!is_attribute() || !slot()->computed(),
        "mutable_grad: ", is_attribute() ? slot()->name() : "",
        " is computed by a parametrization and has no .grad of its own");
  return checked_impl("mutable_grad")->grad;
}

autograd::Node* TensorBase::grad_fn() const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  check_defined("grad_fn", x);
  autograd::refresh_view(x.get());
  return x.get()->grad_fn.get();
}

std::int64_t TensorBase::output_nr() const {
  return checked_impl("output_nr")->output_nr;
}
bool TensorBase::retains_grad() const {
  return checked_impl("retains_grad")->retains_grad;
}

Tensor TensorBase::detach() const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  check_defined("detach", x);
  return alias_of(x, x.get()->geometry);
}

Tensor TensorBase::detach_() const {
  Tensor x = target("detach_");
  TensorImpl* impl = x.get();
  check(impl->view == ViewKind::None, "detach_: Can't detach views in-place. Use detach() instead");
  autograd::stop_retaining(impl);
  impl->retains_grad = false;
  impl->grad_fn.reset();
  impl->requires_grad = false;
  impl->output_nr = 0;
  return x;
}

Tensor TensorBase::data() const {
  Tensor x = detach();
  x.get()->untracked = true;
  return x;
}

void TensorBase::set_data(const Tensor& other) const {
  Tensor x = target("set_data");
  check_defined("set_data", other);
  TensorImpl* impl = x.get();
  const TensorImpl* from = other.get();
  check(pullback::is_floating_point(from->dtype) || !autograd::requires_grad(x),
        "set_data: data of type ", from->dtype, " cannot be given to a tensor that requires grad");
  impl->storage = from->storage;
  impl->geometry = from->geometry;
  impl->dtype = from->dtype;
}

}  // namespace pullback
