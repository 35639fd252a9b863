#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ostream>
#include <sstream>

#include <pullback/core/class_name.h>
#include <pullback/nn/module.h>
#include <pullback/nn/repr.h>

namespace pullback::nn {

std::string class_name(const std::type_info& type) {
  std::string name = pullback::class_name(type);
  if (name.size() > 4 && name.ends_with("Impl")) name.resize(name.size() - 4);
  return name;
}

std::string indented(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

std::string python_repr(bool value) {
  return value ? "True" : "False";
}

std::string python_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(digits, end.ptr);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string python_repr(IntArrayRef tuple) {
  std::string text = "(";
  for (std::size_t i = 0; i < tuple.size(); ++i) {
    if (i) text += ", ";
    text += std::to_string(tuple[i]);
  }
  return text + (tuple.size() == 1 ? ",)" : ")");
}

std::string Module::base_name() const {
  return given_name_.empty() ? class_name(typeid(*this)) : given_name_;
}

bool Module::has_parametrizations() const {
  return std::any_of(slots_.begin(), slots_.end(), [](const auto& s) { return s->computed(); });
}

void append(std::string& text, const Module& module) {
  text += module.name();
}

std::string Module::name() const {
  std::string text = has_parametrizations() ? "Parametrized" : "";
  return text += base_name();
}

void Module::pretty_print(std::ostream& stream) const {
  const std::string extra = extra_repr();
  stream << name() << "(";
  const bool has_children = !children_.is_empty();
  if (!has_children && extra.find('\n') == std::string::npos) {
    stream << extra << ")";
    return;
  }
  if (!extra.empty()) stream << "\n  " << indented(extra);
  for (const auto& child : children_)
    stream << "\n  (" << child.key()
           << "): " << (child.value() ? indented(child.value()->repr()) : "None");
  stream << "\n)";
}

std::string Module::repr() const {
  std::ostringstream text;
  pretty_print(text);
  return text.str();
}

std::ostream& operator<<(std::ostream& stream, const Module& module) {
  module.pretty_print(stream);
  return stream;
}

}  // namespace pullback::nn
