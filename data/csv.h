#pragma once

#include <string>

#include <pullback/core/tensor.h>

namespace pullback::data {

/// The numbers of a file with lines of equally many values between commas, as a tensor [lines,
/// values]. Lines that are empty or begin with # are passed over; so is the first when it holds
/// words. Throws RuntimeError that names the line which does not fit, or whose number an integer
/// dtype does not hold.
Tensor read_csv(const std::string& path, ScalarType dtype = kFloat);

}  // namespace pullback::data
