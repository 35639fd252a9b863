#include <pullback/core/version.h>

namespace pullback {

const char* version() noexcept {
  return PULLBACK_VERSION;
}

}  // namespace pullback
