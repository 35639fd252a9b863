#pragma once

#include <string>
#include <typeinfo>

#include <pullback/core/array_ref.h>

namespace pullback::nn {

/// A class's name as a module prints it: demangled, without namespaces, template arguments and
/// "Impl".
std::string class_name(const std::type_info& type);
/// The text with every line but the first moved right by two, as inside a printed module.
std::string indented(const std::string& text);
/// Values as Python prints them: True, 1.0, (2, 3).
std::string python_repr(bool value);
std::string python_repr(double value);
std::string python_repr(IntArrayRef tuple);

}  // namespace pullback::nn
