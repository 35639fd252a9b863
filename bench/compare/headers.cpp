// The headers of the standard library that a program with tensors, names and messages includes in
// any case, and what hello.cpp includes for itself: what compiling that is measured against.
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

int main() {}
