#pragma once

#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include <pullback/core/array_ref.h>
#include <pullback/core/error.h>
#include <pullback/nn/repr.h>

namespace pullback::nn {

/// D numbers, one for each dimension, written as one number for all or as a list.
template <std::size_t D>
class ExpandingArray {
 public:
  ExpandingArray(std::int64_t one) : single_(true) { values_.fill(one); }
  ExpandingArray(std::initializer_list<std::int64_t> list)
      : ExpandingArray(IntArrayRef(list.begin(), list.size())) {}
  ExpandingArray(const std::vector<std::int64_t>& list) : ExpandingArray(IntArrayRef(list)) {}
  /// Throws ValueError unless the list has D numbers.
  ExpandingArray(IntArrayRef list) {
    check<ValueError>(list.size() == D, "ExpandingArray: expected ", D, " values, but instead got ",
                      list.size());
    for (std::size_t i = 0; i < D; ++i) values_[i] = list[i];
  }

  operator IntArrayRef() const { return values_; }
  std::int64_t operator[](std::size_t i) const { return values_[i]; }
  bool all(std::int64_t value) const {
    for (const std::int64_t v : values_)
      if (v != value) return false;
    return true;
  }
  /// As Python shows what was written: 2, or (2, 3).
  std::string as_written() const {
    return single_ ? std::to_string(values_[0]) : python_repr(IntArrayRef(values_));
  }
  /// As a tuple of D numbers.
  std::string as_tuple() const { return python_repr(IntArrayRef(values_)); }

 private:
  std::array<std::int64_t, D> values_{};
  bool single_ = false;
};

}  // namespace pullback::nn
