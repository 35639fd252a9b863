#pragma once

#include <functional>
#include <string>

namespace pullback {

using WarningHandler = std::function<void(const std::string& message)>;

/// Hands every later warning, of all threads, to `handler` and returns the handler it replaces. An
/// empty one, as at the start, prints to the standard error.
WarningHandler set_warning_handler(WarningHandler handler);

/// Gives a message to the handler.
void warn(const std::string& message);

}  // namespace pullback
