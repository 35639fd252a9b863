#pragma once

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include <pullback/core/array_ref.h>
#include <pullback/core/kernels/scalar_type.h>

namespace pullback {

/// Base of every exception that Pullback throws. The destructors are in error.cpp, so that not
/// every object has a copy of them and of the tables of virtual functions.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
  Error(const Error&) = default;
  ~Error() override;
};
struct ValueError : Error {
  using Error::Error;
  ValueError(const ValueError&) = default;
  ~ValueError() override;
};
struct TypeError : Error {
  using Error::Error;
  TypeError(const TypeError&) = default;
  ~TypeError() override;
};
struct IndexError : Error {
  using Error::Error;
  IndexError(const IndexError&) = default;
  ~IndexError() override;
};
struct KeyError : Error {
  using Error::Error;
  KeyError(const KeyError&) = default;
  ~KeyError() override;
};
struct RuntimeError : Error {
  using Error::Error;
  RuntimeError(const RuntimeError&) = default;
  ~RuntimeError() override;
};
struct NotImplementedError : Error {
  using Error::Error;
  NotImplementedError(const NotImplementedError&) = default;
  ~NotImplementedError() override;
};
/// A factorisation failed: the matrix is singular, not positive definite, or has no finite entries.
struct LinAlgError : RuntimeError {
  using RuntimeError::RuntimeError;
  LinAlgError(const LinAlgError&) = default;
  ~LinAlgError() override;
};
/// A value lies outside the space that a parametrization maps onto.
struct InManifoldError : ValueError {
  using ValueError::ValueError;
  InManifoldError(const InManifoldError&) = default;
  ~InManifoldError() override;
};

namespace detail {

void append(std::string& text, std::string_view part);
void append(std::string& text, const char* part);
void append(std::string& text, bool part);
void append(std::string& text, int part);
void append(std::string& text, std::int64_t part);
void append(std::string& text, std::size_t part);
void append(std::string& text, double part);
void append(std::string& text, IntArrayRef part);  ///< as [2, 3]
void append(std::string& text, ScalarType part);   ///< as Float

/// One part of a message, of any type that has an `append`.
struct Part {
  const void* value;
  void (*append_to)(std::string& text, const void* value);
};
void append_chars(std::string& text, const void* chars);
template <class T>
void append_value(std::string& text, const void* value) {
  append(text, *static_cast<const T*>(value));
}
inline Part part_of(const char* text) {
  return {text, append_chars};
}
template <class T>
Part part_of(const T& value) {
  return {&value, append_value<T>};
}

std::string joined(std::initializer_list<Part> parts);
template <class E>
[[noreturn, gnu::cold, gnu::noinline]] void raise(std::initializer_list<Part> parts) {
  throw E(joined(parts));
}
extern template void raise<ValueError>(std::initializer_list<Part>);
extern template void raise<TypeError>(std::initializer_list<Part>);
extern template void raise<IndexError>(std::initializer_list<Part>);
extern template void raise<KeyError>(std::initializer_list<Part>);
extern template void raise<RuntimeError>(std::initializer_list<Part>);
extern template void raise<NotImplementedError>(std::initializer_list<Part>);
extern template void raise<LinAlgError>(std::initializer_list<Part>);
extern template void raise<InManifoldError>(std::initializer_list<Part>);

/// How a part reaches `fail_with`: literals of every length as one type, and what fits in registers
/// by value, so that a check leaves its operands there. Both are for the size of programs, in which
/// checks are a tenth otherwise.
template <class T>
using Passed = std::conditional_t<
    std::is_array_v<T>, const char*,
    std::conditional_t<std::is_trivially_copyable_v<T> && sizeof(T) <= 16, T, const T&>>;
template <class E, class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail_with(Parts... parts) {
  raise<E>({part_of(parts)...});
}
template <class E, class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  fail_with<E, Passed<Parts>...>(parts...);
}

}  // namespace detail

/// Throws E, whose text is all parts joined, unless the condition holds. The parts say which
/// operation, what is wrong, the values and what to do: `check(a == b, "mm: inner sizes differ: ",
/// a, " and ", b)`.
template <class E = RuntimeError, class... Parts>
inline void check(bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]]
    detail::fail<E>(parts...);
}

}  // namespace pullback
