#include "catch.h"

#include <pullback/core/kernels/scalar_type.h>
#include <pullback/core/version.h>

#include <string>

using pullback::ScalarType;

TEST_CASE("an element takes as many bytes as its C++ type", "[dtype]") {
  CHECK(pullback::element_size(ScalarType::Bool) == sizeof(bool));
  CHECK(pullback::element_size(ScalarType::Int) == sizeof(std::int32_t));
  CHECK(pullback::element_size(ScalarType::Long) == sizeof(std::int64_t));
  CHECK(pullback::element_size(ScalarType::Float) == sizeof(float));
  CHECK(pullback::element_size(ScalarType::Double) == sizeof(double));
}

TEST_CASE("the library knows the version it was built as", "[version]") {
  CHECK(std::string(pullback::version()) == PULLBACK_VERSION);
}
