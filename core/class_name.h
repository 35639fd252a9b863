#pragma once

#include <string>
#include <typeinfo>

namespace pullback {

/// A class's own name: demangled, without namespaces and template arguments.
std::string class_name(const std::type_info& type);

}  // namespace pullback
