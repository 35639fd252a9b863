#pragma once

#include <string>
#include <typeinfo>

namespace pullback::nn {

/// A class's name as a module prints it: demangled, without namespaces, template arguments and
/// "Impl".
std::string class_name(const std::type_info& type);
/// The text with every line but the first moved right by two, as inside a printed module.
std::string indented(const std::string& text);

}  // namespace pullback::nn
