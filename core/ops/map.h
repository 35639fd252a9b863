#pragma once

#include <initializer_list>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/ops.h>
#include <pullback/core/tensor_impl.h>

/// How elementwise operations reach their kernels: choosing the type, broadcasting, converting
/// operands.
namespace pullback {

using kernels::Loop;
using kernels::Map;

/// The kernels of this machine's SIMD tier.
inline const kernels::Kernels& simd() {
  return kernels::kernels();
}

/// A number converted to the element type of a loop, as an operand of stride 0.
class Number {
 public:
  Number(const Scalar& value, ScalarType type);
  void* data() const { return const_cast<unsigned char*>(bytes_); }

 private:
  alignas(8) unsigned char bytes_[8];
};

/// One input of a loop: a tensor that broadcasts to the output's shape, or a number.
struct Input {
  const Tensor* tensor = nullptr;
  void* number = nullptr;
  Input(const Tensor& t) : tensor(&t) {}
  Input(const Number& n) : number(n.data()) {}
};

/// Runs a loop over out's elements. `cost` is nanoseconds an element, roughly.
void run_loop(Loop loop, const Tensor& out, std::initializer_list<Input> inputs, float cost = 0.5f);

/// The same for `out` a new tensor in rows: where the inputs of its sizes all have other strides
/// without gaps, it takes these first.
void fill_result(Loop loop, const Tensor& out, std::initializer_list<Input> inputs,
                 float cost = 0.5f);

/// The loop for a type; throws NotImplementedError that names op and type when there is none.
Loop loop_for(const char* op, const Map& map, ScalarType type);

/// x itself, or what it is converted to (without recording), which lives as long as `converted`: by
/// default until the end of the expression.
const Tensor& as_type(const Tensor& x, ScalarType type, Tensor&& converted = Tensor());
/// y, which is new and in rows, with the strides of x of its sizes, if these leave no gaps.
Tensor lying_as(const Tensor& x, Tensor y);
/// A copy of x, converted, that lies as x does where that leaves no gaps (without recording).
Tensor copy_of(const Tensor& x, ScalarType type);
/// A copy of x in rows (without recording).
Tensor copy_in_rows(const Tensor& x);
/// Copies source, which broadcasts, into out's elements, converting (without recording).
void copy_into(const Tensor& out, const Tensor& source);
/// Sets every element (without recording).
void fill_into(const Tensor& out, const Scalar& value);
/// sum += g for two tensors of one shape, without checks or recording: how the engine gathers
/// gradients.
void add_to(const Tensor& sum, const Tensor& g);
/// A dense tensor like x, uninitialised.
Tensor empty_of(const Geometry& sizes, ScalarType type);
/// A tensor over x's memory with another geometry that nobody tracks as a view.
Tensor alias_of(const Tensor& x, const Geometry& geometry);

/// The type of an operation's result (PyTorch's rules: a tensor of dimension outranks a 0-d one of
/// the same kind, which outranks a number).
ScalarType result_type(const Tensor& a, const Tensor& b);
ScalarType result_type(const Tensor& a, const Tensor& b, const Tensor& c);
ScalarType result_type(const Tensor& a, const Scalar& b);
/// Integers and bools become the default floating-point type.
ScalarType float_type(ScalarType type);

/// Throws RuntimeError for a number outside the range of an element type, or a NaN for integers.
void check_convertible(const char* op, const Scalar& value, ScalarType type);
/// The same for the factor of an operand; nor may it be a fraction where the type is an integer.
inline void check_alpha(const char* op, const Scalar& alpha, ScalarType type) {
  check(!alpha.isBoolean() || type == ScalarType::Bool, op,
        ": Boolean alpha only supported for Boolean results");
  check(!(alpha.isFloatingPoint() && is_integral(type)), op,
        ": For integral input tensors, argument alpha must not be a floating point number: ",
        alpha.toDouble());
  check_convertible(op, alpha, type);
}

/// Throws RuntimeError unless a result of type `from` may be stored into a tensor of type `to`.
void check_result_type(const char* op, ScalarType from, ScalarType to);
/// Throws RuntimeError for an undefined operand.
inline void check_defined(const char* op, const Tensor& x) {
  check(x.defined(), op, ": expected a tensor but got an undefined one");
}
/// The geometry of x. Throws for an undefined tensor.
inline const Geometry& geometry_of(const char* op, const Tensor& x) {
  check_defined(op, x);
  return x.get()->geometry;
}

/// g·s without a multiplication by one.
inline Tensor scaled(Tensor g, const Scalar& s) {
  if (s.equal(1)) return g;
  return g * s;
}

/// f(x) of x's own type.
Tensor map(const char* op, const Tensor& x, const Map& kernel, float cost = 0.5f);
/// f(x) of a floating-point type.
Tensor map_float(const char* op, const Tensor& x, const Map& kernel, float cost = 1.0f);
/// f(a, b) of the type that `type` names, operands converted; the result has type `out`.
Tensor map(const char* op, const Tensor& a, const Tensor& b, const Map& kernel, ScalarType type,
           ScalarType out, float cost = 0.5f);
Tensor map(const char* op, const Tensor& a, const Scalar& b, const Map& kernel, ScalarType type,
           ScalarType out, float cost = 0.5f);
Tensor map(const char* op, const Scalar& a, const Tensor& b, const Map& kernel, ScalarType type,
           ScalarType out, float cost = 0.5f);

}  // namespace pullback
