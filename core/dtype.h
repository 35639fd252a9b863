#pragma once

#include <iosfwd>

#include <pullback/core/kernels/scalar_type.h>

namespace pullback {

using Dtype = ScalarType;

inline constexpr ScalarType kFloat = ScalarType::Float, kFloat32 = ScalarType::Float;
inline constexpr ScalarType kDouble = ScalarType::Double, kFloat64 = ScalarType::Double;
inline constexpr ScalarType kLong = ScalarType::Long, kInt64 = ScalarType::Long;
inline constexpr ScalarType kInt = ScalarType::Int, kInt32 = ScalarType::Int;
inline constexpr ScalarType kBool = ScalarType::Bool;

constexpr bool is_floating_point(ScalarType type) {
  return type >= ScalarType::Float;
}

/// Is the type an integer or bool?
constexpr bool is_integral(ScalarType type, bool include_bool = true) {
  return type < ScalarType::Float && (include_bool || type != ScalarType::Bool);
}

/// The smallest type that holds both: PyTorch's promotion table, which for these types is their
/// order.
constexpr ScalarType promote_types(ScalarType a, ScalarType b) {
  return a < b ? b : a;
}

/// May values of `from` be stored in place into `to`? Not from float to integer, nor from either to
/// bool.
constexpr bool can_cast(ScalarType from, ScalarType to) {
  if (is_floating_point(from)) return is_floating_point(to);
  return from == ScalarType::Bool || to != ScalarType::Bool;
}

/// "Float", as in libtorch's messages.
const char* dtype_name(ScalarType type);
/// "float32", as Python prints it after `torch.`.
const char* python_name(ScalarType type);
/// As "Float".
std::ostream& operator<<(std::ostream& stream, ScalarType type);

/// The type of new floating-point tensors: float32 unless changed.
ScalarType default_dtype() noexcept;
inline ScalarType get_default_dtype() noexcept {
  return default_dtype();
}
/// Throws TypeError unless the type is float32 or float64.
void set_default_dtype(ScalarType type);

template <class T>
struct ScalarTypeOf;
template <>
struct ScalarTypeOf<bool> {
  static constexpr ScalarType value = ScalarType::Bool;
};
template <>
struct ScalarTypeOf<std::int32_t> {
  static constexpr ScalarType value = ScalarType::Int;
};
template <>
struct ScalarTypeOf<std::int64_t> {
  static constexpr ScalarType value = ScalarType::Long;
};
template <>
struct ScalarTypeOf<long long> {
  static constexpr ScalarType value = ScalarType::Long;
};
template <>
struct ScalarTypeOf<float> {
  static constexpr ScalarType value = ScalarType::Float;
};
template <>
struct ScalarTypeOf<double> {
  static constexpr ScalarType value = ScalarType::Double;
};
/// The element type that holds a C++ type.
template <class T>
inline constexpr ScalarType scalar_type_of = ScalarTypeOf<T>::value;

}  // namespace pullback
