// The headers of the standard library that a program with tensors, names and messages includes in any
// case: what compiling hello.cpp is measured against.
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

int main() {}
