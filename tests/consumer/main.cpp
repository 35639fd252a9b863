#include <pullback/pullback.h>

#include <cstdio>

int main() {
  std::printf("pullback %s\n", pullback::version());
}
