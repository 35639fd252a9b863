#pragma once

#include <atomic>
#include <cstdint>

#include <pullback/core/dtype.h>
#include <pullback/core/geometry.h>
#include <pullback/core/ref.h>
#include <pullback/core/storage.h>
#include <pullback/core/tensor.h>

namespace pullback {

namespace autograd {
class Node;
class AccumulateGrad;
}  // namespace autograd

/// How a view came about, which decides whether it may be changed in place (autograd/view.h).
enum class ViewKind : std::uint8_t { None, Plain, MadeWithoutGrad, OneOfMany, OfCustomFunction };

/// What a tensor handle points to: geometry and type of the elements, and the tensor's place in the
/// graph.
struct TensorImpl {
  RefCount refs;
  ScalarType dtype = ScalarType::Float;
  bool requires_grad = false;  ///< set on leaves; a tensor with a grad_fn requires grad anyway
  bool untracked = false;      ///< of data(): changes do not count as versions
  bool retains_grad = false;
  ViewKind view = ViewKind::None;
  bool is_parameter = false;       ///< printed as "Parameter containing:"
  std::uint32_t output_nr = 0;     ///< which output of grad_fn this is
  std::uint32_t view_version = 0;  ///< storage version for which grad_fn of a view is right
  Ref<Storage> storage;
  Geometry geometry;
  Ref<autograd::Node> grad_fn;
  Tensor grad;
  Tensor base;  ///< of a view: the tensor whose history an in-place change rewrites
  std::atomic<autograd::AccumulateGrad*> accumulator{nullptr};  ///< of a leaf, made at first need

  char* bytes() const {
    return static_cast<char*>(storage->data) +
           geometry.offset * static_cast<std::int64_t>(element_size(dtype));
  }
  static void destroy(TensorImpl* impl);
  ~TensorImpl();
};

/// A dense tensor of the geometry's sizes with memory of its own, uninitialised.
Ref<TensorImpl> make_tensor(const Geometry& sizes, ScalarType dtype);
/// A tensor over existing memory.
Ref<TensorImpl> make_alias(const Ref<Storage>& storage, const Geometry& geometry, ScalarType dtype);
/// A tensor over memory of the caller, who gets it back through the deleter.
Ref<TensorImpl> make_from_blob(void* data, const Geometry& geometry, ScalarType dtype,
                               std::function<void(void*)> deleter);

}  // namespace pullback
