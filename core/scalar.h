#pragma once

#include <cstdint>
#include <iosfwd>
#include <type_traits>

#include <pullback/core/dtype.h>

namespace pullback {

/// A number of any element type, as an operand: it takes part in type promotion only by its
/// category.
class Scalar {
 public:
  Scalar() : Scalar(0) {}
  template <class T>
  requires std::is_arithmetic_v<T> Scalar(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      type_ = ScalarType::Bool, integer_ = value;
    } else if constexpr (std::is_integral_v<T>) {
      type_ = ScalarType::Long, integer_ = static_cast<std::int64_t>(value);
    } else {
      type_ = ScalarType::Double, real_ = static_cast<double>(value);
    }
  }

  template <class T>
  T to() const {
    return type_ == ScalarType::Double ? static_cast<T>(real_) : static_cast<T>(integer_);
  }
  double toDouble() const { return to<double>(); }
  float toFloat() const { return to<float>(); }
  std::int64_t toLong() const { return to<std::int64_t>(); }
  int toInt() const { return to<int>(); }
  bool toBool() const { return to<bool>(); }
  bool isFloatingPoint() const { return type_ == ScalarType::Double; }
  bool isIntegral(bool include_bool = true) const { return is_integral(type_, include_bool); }
  bool isBoolean() const { return type_ == ScalarType::Bool; }
  ScalarType type() const { return type_; }

  bool equal(double value) const { return to<double>() == value; }
  Scalar operator-() const {
    // Negated as unsigned: the least integer is its own negation, as in tensors.
    return isFloatingPoint()
               ? Scalar(-real_)
               : Scalar(static_cast<std::int64_t>(-static_cast<std::uint64_t>(integer_)));
  }

 private:
  ScalarType type_;
  union {
    double real_;
    std::int64_t integer_;
  };
};
/// As "3", "2.5" or "true".
std::ostream& operator<<(std::ostream& stream, const Scalar& number);

}  // namespace pullback
