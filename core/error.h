#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <pullback/core/array_ref.h>
#include <pullback/core/kernels/scalar_type.h>

namespace pullback {

/// Base of every exception that Pullback throws.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct ValueError : Error {
  using Error::Error;
};
struct TypeError : Error {
  using Error::Error;
};
struct IndexError : Error {
  using Error::Error;
};
struct KeyError : Error {
  using Error::Error;
};
struct RuntimeError : Error {
  using Error::Error;
};
struct NotImplementedError : Error {
  using Error::Error;
};
/// A factorisation failed: the matrix is singular, not positive definite, or has no finite entries.
struct LinAlgError : RuntimeError {
  using RuntimeError::RuntimeError;
};
/// A value lies outside the space that a parametrization maps onto.
struct InManifoldError : ValueError {
  using ValueError::ValueError;
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

template <class E, class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const Parts&... parts) {
  std::string text;
  (append(text, parts), ...);
  throw E(text);
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
