#include "op_table.h"
#include "reference/reference.h"

namespace pullback_tests {

bool Case::boolean(const char* name, bool otherwise) const {
  return has(name) ? std::get<bool>(keywords_.at(name)) : otherwise;
}

std::int64_t Case::integer(const char* name, std::int64_t otherwise) const {
  return has(name) ? std::get<std::int64_t>(keywords_.at(name)) : otherwise;
}

double Case::number(const char* name, double otherwise) const {
  return has(name) ? scalar(name).toDouble() : otherwise;
}

Scalar Case::scalar(const char* name, Scalar otherwise) const {
  if (!has(name)) return otherwise;
  const Value& value = keywords_.at(name);
  if (auto* integer = std::get_if<std::int64_t>(&value)) return Scalar(*integer);
  if (auto* boolean = std::get_if<bool>(&value)) return Scalar(*boolean);
  return Scalar(std::get<double>(value));
}

std::string Case::string(const char* name, const char* otherwise) const {
  return has(name) ? std::get<std::string>(keywords_.at(name)) : otherwise;
}

std::vector<std::int64_t> Case::list(const char* name) const {
  if (!has(name)) return {};
  if (auto* one = std::get_if<std::int64_t>(&keywords_.at(name))) return {*one};
  return std::get<std::vector<std::int64_t>>(keywords_.at(name));
}

ScalarType Case::dtype(const char* name) const {
  return type_from(string(name));
}

}  // namespace pullback_tests
