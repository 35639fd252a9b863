#include <pullback/core/warning.h>

#include <cstdio>
#include <mutex>
#include <utility>

namespace pullback {

namespace {

struct Warnings {
  std::mutex mutex;
  WarningHandler handler;
};

Warnings& warnings() {
  static auto* all = new Warnings;  // outlives every static object that may warn
  return *all;
}

}  // namespace

WarningHandler set_warning_handler(WarningHandler handler) {
  Warnings& all = warnings();
  const std::lock_guard lock(all.mutex);
  return std::exchange(all.handler, std::move(handler));
}

void warn(const std::string& message) {
  Warnings& all = warnings();
  WarningHandler handler;
  {
    const std::lock_guard lock(all.mutex);
    handler = all.handler;
  }
  if (handler) {
    handler(message);
  } else {
    std::fprintf(stderr, "Warning: %s\n", message.c_str());
  }
}

}  // namespace pullback
