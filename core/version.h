#pragma once

namespace pullback {

/// The version of the library that the program is linked with, as in "0.1.0".
const char* version() noexcept;

}  // namespace pullback
