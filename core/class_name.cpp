#include <pullback/core/class_name.h>

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace pullback {

std::string class_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  const std::string full = status == 0 ? demangled.get() : type.name();
  // Template arguments, parameters of an enclosing function and namespaces go; nested brackets hide
  // the colons inside them.
  std::string name;
  int depth = 0;
  for (std::size_t i = 0; i < full.size(); ++i) {
    const char c = full[i];
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (depth == 0) {
      if (c == ':') {
        name.clear();
      } else {
        name += c;
      }
    }
    if (c == '>' || c == ')' || c == '}') --depth;
  }
  return name;
}

}  // namespace pullback
