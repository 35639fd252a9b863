#include <pullback/core/error.h>

#include <cstdio>

#include <pullback/core/dtype.h>

namespace pullback {

Error::~Error() = default;
ValueError::~ValueError() = default;
TypeError::~TypeError() = default;
IndexError::~IndexError() = default;
KeyError::~KeyError() = default;
RuntimeError::~RuntimeError() = default;
NotImplementedError::~NotImplementedError() = default;
LinAlgError::~LinAlgError() = default;
InManifoldError::~InManifoldError() = default;

namespace detail {

void append(std::string& text, std::string_view part) {
  text += part;
}
void append(std::string& text, const char* part) {
  text += part;
}
void append(std::string& text, bool part) {
  text += part ? "true" : "false";
}
void append(std::string& text, int part) {
  text += std::to_string(part);
}
void append(std::string& text, std::int64_t part) {
  text += std::to_string(part);
}
void append(std::string& text, std::size_t part) {
  text += std::to_string(part);
}
void append(std::string& text, ScalarType part) {
  text += dtype_name(part);
}

void append(std::string& text, double part) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g", part);
  text += digits;
}

void append(std::string& text, IntArrayRef part) {
  text += '[';
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (i) text += ", ";
    text += std::to_string(part[i]);
  }
  text += ']';
}

void append_chars(std::string& text, const void* chars) {
  text += static_cast<const char*>(chars);
}

std::string joined(std::initializer_list<Part> parts) {
  std::string text;
  for (const Part& part : parts) part.append_to(text, part.value);
  return text;
}

template void raise<ValueError>(std::initializer_list<Part>);
template void raise<TypeError>(std::initializer_list<Part>);
template void raise<IndexError>(std::initializer_list<Part>);
template void raise<KeyError>(std::initializer_list<Part>);
template void raise<RuntimeError>(std::initializer_list<Part>);
template void raise<NotImplementedError>(std::initializer_list<Part>);
template void raise<LinAlgError>(std::initializer_list<Part>);
template void raise<InManifoldError>(std::initializer_list<Part>);

}  // namespace detail
}  // namespace pullback
