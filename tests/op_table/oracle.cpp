#include "op_table/oracle.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace pullback_tests {

namespace {

using json = nlohmann::json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double number(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_string()) return value.get<double>();
  std::string text = value.get<std::string>();
  if (text == "inf") return kInfinity;
  if (text == "-inf") return -kInfinity;
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  throw std::invalid_argument("not a number: " + text);
}

std::vector<double> numbers(const json& list) {
  std::vector<double> values;
  for (const json& value : list) values.push_back(number(value));
  return values;
}

ScalarType type_of(const std::string& letter) {
  return Case({}, {{"dtype", letter}}).dtype("dtype");
}

Tensor tensor(const json& record) {
  if (record.is_null()) return Tensor();
  return tensor_of(numbers(record.at("v")), record.at("s").get<std::vector<std::int64_t>>(),
                   type_of(record.at("d").get<std::string>()));
}

Case::Value keyword(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_array()) return value.get<std::vector<std::int64_t>>();
  std::string text = value.get<std::string>();
  if (text == "inf" || text == "-inf") return number(value);
  return text;
}

Answer answer(const json& record) {
  std::vector<Tensor> inputs;
  for (const json& input : record.at("in")) inputs.push_back(tensor(input));
  std::map<std::string, Case::Value> keywords;
  if (record.contains("kw")) {
    const json& given = record.at("kw");
    for (auto it = given.begin(); it != given.end(); ++it)
      keywords.emplace(it.key(), keyword(it.value()));
  }
  Answer result{Case(inputs, std::move(keywords)),
                {},
                record.contains("throws"),
                record.value("fn", ""),
                record.contains("g"),
                {}};
  if (result.throws) return result;
  for (const json& output : record.at("out")) result.outputs.push_back(tensor(output));
  if (!result.has_gradients) return result;
  const json& gradients = record.at("g");
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    Tensor input = inputs[i];
    result.gradients.push_back(
        gradients[i].is_null()
            ? Tensor()
            : tensor_of(numbers(gradients[i]), input.sizes().vec(), input.dtype()));
  }
  return result;
}

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

const std::map<std::string, std::vector<Answer>>& oracle(const std::string& family) {
  static std::map<std::string, std::map<std::string, std::vector<Answer>>> families;
  auto [found, fresh] = families.try_emplace(family);
  if (!fresh) return found->second;
  std::ifstream file(PULLBACK_SOURCE_DIR "/tests/oracle/ops/" + family + ".json");
  json ops = json::parse(file);
  for (auto it = ops.begin(); it != ops.end(); ++it)
    for (const json& record : it.value()) found->second[it.key()].push_back(answer(record));
  return found->second;
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

}  // namespace pullback_tests
