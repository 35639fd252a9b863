#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Copies, conversions and fills.
namespace pullback {

using autograd::overwrite;
using autograd::record;
using autograd::record_inplace;
using autograd::wrt;

Tensor TensorBase::clone() const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  check_defined("clone", x);
  return record("CloneBackward0", copy_of(x, x.get()->dtype),
                wrt(x, [](const Tensor& g) { return g; }));
}

Tensor TensorBase::contiguous() const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  check_defined("contiguous", x);
  if (x.get()->geometry.is_contiguous()) return x;
  return record("CloneBackward0", copy_in_rows(x), wrt(x, [](const Tensor& g) { return g; }));
}

Tensor TensorBase::to(ScalarType dtype, bool, bool copy) const {
  Tensor hold;
  const Tensor& x = self(std::move(hold));
  check_defined("to", x);
  if (x.get()->dtype == dtype && !copy) return x;
  return record("ToCopyBackward0", copy_of(x, dtype), wrt(x, [](const Tensor& g) { return g; }));
}

Tensor TensorBase::to(const TensorOptions& options, bool non_blocking, bool copy) const {
  check_device("to", options.device());
  return to(options.has_dtype() ? options.dtype() : scalar_type(), non_blocking, copy);
}

Tensor TensorBase::to(Device device, bool) const {
  check_device("to", device);
  return self(Tensor());
}

Tensor TensorBase::to(Device device, ScalarType dtype) const {
  check_device("to", device);
  return to(dtype);
}

Tensor TensorBase::cpu() const {
  return self(Tensor());
}
Tensor TensorBase::type_as(const Tensor& other) const {
  return to(other.scalar_type());
}

Tensor TensorBase::copy_(const Tensor& source, bool) const {
  Tensor x = target("copy_");
  check_defined("copy_", source);
  check(is_expandable_to(source.sizes(), x.sizes()), "copy_: The size of tensor a ", x.sizes(),
        " must match the size of tensor b ", source.sizes());
  const auto change = [&] {
    if (!x.is_same(source)) copy_into(x, source);
  };
  // No gradient passes through an integer.
  if (!x.is_floating_point()) return overwrite("copy_", "CopyBackwards", x, change);
  return record_inplace("copy_", "CopyBackwards", x, change,
                        wrt(x, [](const Tensor& g) { return zeros_like(g); }),
                        wrt(source, [](const Tensor& g) { return g; }));
}

Tensor TensorBase::fill_(const Scalar& value) const {
  Tensor x = target("fill_");
  check_convertible("fill_", value, x.scalar_type());
  return overwrite("fill_", "FillBackward0", x, [&] { fill_into(x, value); });
}

Tensor TensorBase::fill_(const Tensor& value) const {
  Tensor x = target("fill_");
  check_defined("fill_", value);
  check(value.dim() == 0, "fill_: only supports 0-dimension value tensor but got tensor with ",
        value.dim(), " dimensions");
  return record_inplace(
      "fill_", "FillBackward1", x, [&] { copy_into(x, value); },
      wrt(x, [](const Tensor& g) { return zeros_like(g); }),
      wrt(value, [](const Tensor& g) { return g.sum(); }));
}

Tensor TensorBase::zero_() const {
  Tensor x = target("zero_");
  return overwrite("zero_", "ZeroBackward0", x, [&] { fill_into(x, 0); });
}

Tensor TensorBase::new_zeros(IntArrayRef sizes, const TensorOptions& o) const {
  return zeros(sizes, o.has_dtype() ? o : o.dtype(scalar_type()));
}
Tensor TensorBase::new_ones(IntArrayRef sizes, const TensorOptions& o) const {
  return ones(sizes, o.has_dtype() ? o : o.dtype(scalar_type()));
}
Tensor TensorBase::new_empty(IntArrayRef sizes, const TensorOptions& o) const {
  return empty(sizes, o.has_dtype() ? o : o.dtype(scalar_type()));
}
Tensor TensorBase::new_full(IntArrayRef sizes, const Scalar& value, const TensorOptions& o) const {
  return full(sizes, value, o.has_dtype() ? o : o.dtype(scalar_type()));
}

}  // namespace pullback
