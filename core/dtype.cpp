#include <pullback/core/dtype.h>

#include <atomic>

#include <pullback/core/error.h>

namespace pullback {

namespace {
std::atomic<ScalarType> current_default{ScalarType::Float};
}

const char* dtype_name(ScalarType type) {
  constexpr const char* names[kScalarTypes] = {"Bool", "Int", "Long", "Float", "Double"};
  return names[static_cast<int>(type)];
}

const char* python_name(ScalarType type) {
  constexpr const char* names[kScalarTypes] = {"bool", "int32", "int64", "float32", "float64"};
  return names[static_cast<int>(type)];
}

ScalarType default_dtype() noexcept {
  return current_default.load(std::memory_order_relaxed);
}

void set_default_dtype(ScalarType type) {
  check<TypeError>(
      is_floating_point(type),
      "set_default_dtype: only floating-point types are supported as the default type: ", type,
      "; use kFloat or kDouble");
  current_default = type;
}

}  // namespace pullback
