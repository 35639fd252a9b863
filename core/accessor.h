#pragma once

#include <pullback/core/tensor.h>

namespace pullback {

/// Unchecked access to the elements of an N-dimensional tensor: `a[i][j]`.
template <class T, std::size_t N>
class TensorAccessor {
 public:
  TensorAccessor(T* data, const std::int64_t* sizes, const std::int64_t* strides)
      : data_(data), sizes_(sizes), strides_(strides) {}
  std::int64_t size(std::int64_t dim) const { return sizes_[dim]; }
  IntArrayRef sizes() const { return {sizes_, N}; }
  IntArrayRef strides() const { return {strides_, N}; }
  T* data() const { return data_; }
  decltype(auto) operator[](std::int64_t i) const {
    if constexpr (N == 1) {
      return (data_[i * strides_[0]]);
    } else {
      return TensorAccessor<T, N - 1>(data_ + i * strides_[0], sizes_ + 1, strides_ + 1);
    }
  }

 private:
  T* data_;
  const std::int64_t* sizes_;
  const std::int64_t* strides_;
};

template <class T, std::size_t N>
TensorAccessor<T, N> TensorBase::accessor() const {
  check(dim() == static_cast<std::int64_t>(N), "accessor: expected ", N, " dims but tensor has ",
        dim());
  return {data_ptr<T>(), sizes().data(), strides().data()};
}

}  // namespace pullback
