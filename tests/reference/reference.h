#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <pullback/core/tensor.h>

/// Reading what the scripts in tests/oracle have written.
namespace pullback_tests {

/// The parsed file tests/oracle/<name>; throws std::runtime_error if there is none.
nlohmann::json reference(const std::string& name);

/// A number, or the string "inf", "-inf" or "nan".
double number_from(const nlohmann::json& value);

/// The tensor of an object {"d": dtype, "s": sizes, "v": values in row order}; undefined for null.
pullback::Tensor tensor_from(const nlohmann::json& record);

/// The type of the letter f, d, l, i or b.
pullback::ScalarType type_from(const std::string& letter);

/// A tensor of the given type from values in row order.
pullback::Tensor tensor_of(const std::vector<double>& values,
                           const std::vector<std::int64_t>& sizes, pullback::ScalarType type);

/// The elements in row order.
std::vector<double> values_of(const pullback::Tensor& x);

/// The weights that tests/oracle/ops.py gives the elements of output j.
pullback::Tensor weights(const pullback::Tensor& output, std::size_t j);

/// What differs between two tensors, first in type and shape, then at the worst element, in a
/// sentence; empty if nothing does. Two NaNs are equal, and the tolerance is `factor` times 64 ε of
/// the largest finite expected value.
std::string difference(const pullback::Tensor& found, const pullback::Tensor& expected,
                       double factor);

/// The factor for uniform numbers: 0, or two ε on the plain tier, which rounds x·(b − a) + a twice.
/// So does PyTorch without AVX2 (ATEN_CPU_CAPABILITY=default); the reference is PyTorch with it.
double uniform_factor();

}  // namespace pullback_tests
