#pragma once

#include <initializer_list>
#include <vector>

#include <pullback/core/tensor.h>

/// Functions that make tensors.
namespace pullback {

Tensor empty(IntArrayRef sizes, const TensorOptions& options = {});  ///< uninitialised
Tensor zeros(IntArrayRef sizes, const TensorOptions& options = {});
Tensor ones(IntArrayRef sizes, const TensorOptions& options = {});
/// Every element `value`, whose kind decides the type unless the options do.
Tensor full(IntArrayRef sizes, const Scalar& value, const TensorOptions& options = {});
Tensor empty_like(const Tensor& x, const TensorOptions& options = {});
Tensor zeros_like(const Tensor& x, const TensorOptions& options = {});
Tensor ones_like(const Tensor& x, const TensorOptions& options = {});
Tensor full_like(const Tensor& x, const Scalar& value, const TensorOptions& options = {});
Tensor scalar_tensor(const Scalar& value, const TensorOptions& options = {});
/// start, start + step, … below end: int64 when all three are integers.
Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step,
              const TensorOptions& options = {});
Tensor arange(const Scalar& start, const Scalar& end, const TensorOptions& options = {});
Tensor arange(const Scalar& end, const TensorOptions& options = {});
/// `steps` values evenly from start to end, both included.
Tensor linspace(const Scalar& start, const Scalar& end, std::int64_t steps,
                const TensorOptions& options = {});
Tensor logspace(const Scalar& start, const Scalar& end, std::int64_t steps, double base = 10,
                const TensorOptions& options = {});
Tensor eye(std::int64_t n, const TensorOptions& options = {});
Tensor eye(std::int64_t n, std::int64_t m, const TensorOptions& options = {});
/// A tensor over the caller's memory, which must outlive it; the deleter is called when it is no
/// longer used.
Tensor from_blob(void* data, IntArrayRef sizes, const TensorOptions& options = {});
Tensor from_blob(void* data, IntArrayRef sizes, std::function<void(void*)> deleter,
                 const TensorOptions& options = {});
Tensor from_blob(void* data, IntArrayRef sizes, IntArrayRef strides,
                 const TensorOptions& options = {});

/// Nested braces of numbers, as the argument of `tensor`.
class TensorData {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> TensorData(T value) : scalar_(value), is_scalar_(true) {}
  TensorData(std::initializer_list<TensorData> list);
  template <class T>
  requires std::is_arithmetic_v<T> TensorData(const std::vector<T>& values) {
    for (const auto& v : values) add(static_cast<T>(v));
  }
  bool is_scalar() const { return is_scalar_; }
  const Scalar& scalar() const { return scalar_; }
  const std::vector<TensorData>& list() const { return list_; }

 private:
  void add(const Scalar& value);

  Scalar scalar_;
  bool is_scalar_ = false;
  std::vector<TensorData> list_;
};

/// A tensor of the given numbers: `tensor({{1., 2.}, {3., 4.}})`. Bools make bool, integers int64,
/// other numbers the default type, unless the options say otherwise. Throws ValueError when the
/// nesting is ragged.
Tensor tensor(const TensorData& data, const TensorOptions& options = {});
Tensor tensor(std::initializer_list<TensorData> data, const TensorOptions& options = {});

}  // namespace pullback
