#include "reference/reference.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <pullback/core/factories.h>
#include <pullback/core/kernels/kernels.h>

namespace pullback_tests {

using nlohmann::json;
using pullback::ScalarType;
using pullback::Tensor;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class T>
void fill(const Tensor& x, const std::vector<double>& values) {
  T* to = x.data_ptr<T>();
  for (std::size_t i = 0; i < values.size(); ++i) to[i] = static_cast<T>(values[i]);
}

std::string shape(const Tensor& x) {
  std::ostringstream text;
  text << pullback::python_name(x.dtype()) << '[';
  for (std::int64_t d = 0; d < x.dim(); ++d) text << (d ? ", " : "") << x.size(d);
  text << ']';
  return text.str();
}

}  // namespace

json reference(const std::string& name) {
  std::ifstream file(PULLBACK_SOURCE_DIR "/tests/oracle/" + name);
  if (!file) throw std::runtime_error("reference: no such file: " + name);
  return json::parse(file);
}

double number_from(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_string()) return value.get<double>();
  std::string text = value.get<std::string>();
  if (text == "inf") return kInfinity;
  if (text == "-inf") return -kInfinity;
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  throw std::invalid_argument("not a number: " + text);
}

ScalarType type_from(const std::string& letter) {
  switch (letter.at(0)) {
    case 'f':
      return pullback::kFloat;
    case 'd':
      return pullback::kDouble;
    case 'l':
      return pullback::kLong;
    case 'i':
      return pullback::kInt;
    case 'b':
      return pullback::kBool;
  }
  throw std::invalid_argument("no such dtype: " + letter);
}

Tensor tensor_from(const json& record) {
  if (record.is_null()) return Tensor();
  std::vector<double> values;
  for (const json& value : record.at("v")) values.push_back(number_from(value));
  return tensor_of(values, record.at("s").get<std::vector<std::int64_t>>(),
                   type_from(record.at("d").get<std::string>()));
}

Tensor tensor_of(const std::vector<double>& values, const std::vector<std::int64_t>& sizes,
                 ScalarType type) {
  Tensor x = pullback::empty(sizes, type);
  if (static_cast<std::int64_t>(values.size()) != x.numel())
    throw std::invalid_argument("tensor_of: wrong count");
  switch (type) {
    case ScalarType::Float:
      fill<float>(x, values);
      break;
    case ScalarType::Double:
      fill<double>(x, values);
      break;
    case ScalarType::Long:
      fill<std::int64_t>(x, values);
      break;
    case ScalarType::Int:
      fill<std::int32_t>(x, values);
      break;
    case ScalarType::Bool:
      fill<bool>(x, values);
      break;
  }
  return x;
}

std::vector<double> values_of(const Tensor& x) {
  Tensor dense = x.detach().to(pullback::kDouble).contiguous();
  const double* from = dense.data_ptr<double>();
  return std::vector<double>(from, from + dense.numel());
}

Tensor weights(const Tensor& output, std::size_t j) {
  std::vector<double> values(static_cast<std::size_t>(output.numel()));
  for (std::size_t k = 0; k < values.size(); ++k)
    values[k] = (static_cast<double>((k + 3 * j) % 7) - 2) / 2 + 0.25;
  return tensor_of(values, output.sizes().vec(), output.dtype());
}

std::string difference(const Tensor& found, const Tensor& expected, double factor) {
  if (!found.defined()) return "nothing instead of " + shape(expected);
  if (found.dtype() != expected.dtype() || !(found.sizes() == expected.sizes()))
    return shape(found) + " instead of " + shape(expected);
  std::vector<double> is = values_of(found), should = values_of(expected);
  double scale = 1;
  for (double v : should)
    if (std::isfinite(v)) scale = std::max(scale, std::abs(v));
  double epsilon = expected.dtype() == ScalarType::Float    ? std::numeric_limits<float>::epsilon()
                   : expected.dtype() == ScalarType::Double ? std::numeric_limits<double>::epsilon()
                                                            : 0;
  double allowed = 64 * factor * epsilon * scale, worst = -1;
  std::size_t at = 0;
  for (std::size_t i = 0; i < is.size(); ++i) {
    if (is[i] == should[i] || (std::isnan(is[i]) && std::isnan(should[i]))) continue;
    double error = std::abs(is[i] - should[i]);
    if (!(error <= allowed) && !(error <= worst)) {
      worst = std::isnan(error) ? kInfinity : error;
      at = i;
    }
  }
  if (worst < 0) return "";
  std::ostringstream text;
  text.precision(17);
  text << "element " << at << " of " << shape(expected) << " is " << is[at] << " instead of "
       << should[at];
  return text.str();
}

double uniform_factor() {
  return std::string_view(pullback::kernels::kernels().tier) == "base" ? 1.0 / 32 : 0;
}

}  // namespace pullback_tests
