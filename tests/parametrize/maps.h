#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catch.h"

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/nn/linear.h>
#include <pullback/parametrize/parametrize.h>

/// What the tests of parametrizations register, and where.
namespace maps {

using namespace pullback;
using parametrize::cached;
using parametrize::is_parametrized;
using parametrize::parametrizations;
using parametrize::register_parametrization;
using parametrize::remove_parametrizations;
using Names = std::vector<std::string>;

struct DoubleImpl : nn::Module {
  Tensor forward(const Tensor& x) { return x * 2; }
  Tensor right_inverse(const Tensor& x) { return x / 2; }
};
PULLBACK_MODULE(Double);

struct AddOneImpl : nn::Module {
  Tensor forward(const Tensor& x) { return x + 1; }
  Tensor right_inverse(const Tensor& x) { return x - 1; }
};
PULLBACK_MODULE(AddOne);

struct NoInverseImpl : nn::Module {
  Tensor forward(const Tensor& x) { return x + 1; }
};
PULLBACK_MODULE(NoInverse);

struct UnwillingImpl : nn::Module {
  Tensor forward(const Tensor& x) { return x + 1; }
  Tensor right_inverse(const Tensor&) { throw NotImplementedError("no way back"); }
};
PULLBACK_MODULE(Unwilling);

struct SumImpl : nn::Module {
  Tensor forward(const Tensor& a, const Tensor& b) { return a + b; }
  std::pair<Tensor, Tensor> right_inverse(const Tensor& x) { return {x / 4, x * 3 / 4}; }
};
PULLBACK_MODULE(Sum);

struct LoggedImpl : nn::Module {
  LoggedImpl(std::string id, std::vector<std::string>& log) : id(std::move(id)), log(&log) {}
  Tensor forward(const Tensor& x) {
    log->push_back("f" + id);
    return x * 1;
  }
  Tensor right_inverse(const Tensor& x) {
    log->push_back("r" + id);
    return x * 1;
  }
  std::string id;
  std::vector<std::string>* log;
};
PULLBACK_MODULE(Logged);

// Reads of a buffer, and one that each evaluation counts.
struct CountingImpl : nn::Module {
  CountingImpl() {
    offset = register_buffer("offset", zeros({1}));
    reads = register_buffer("reads", zeros({1}));
  }
  Tensor forward(const Tensor& x) {
    {
      const NoGradGuard no_grad;
      reads += 1;
    }
    return x * 2 + offset;
  }
  Tensor right_inverse(const Tensor& x) { return x / 2; }
  int count() const { return reads.item<int>(); }
  nn::Attribute offset, reads;
};
PULLBACK_MODULE(Counting);

struct HostImpl : nn::Module {
  HostImpl() {
    weight = register_parameter("weight", arange(4.).to(kFloat32).view({2, 2}));
    bias = register_parameter("bias", ones({2}));
    state = register_buffer("state", ones({2}));
    scratch = register_buffer("scratch", ones({2}), /*persistent=*/false);
    none = register_parameter("none", Tensor(), false);
  }
  Tensor forward(const Tensor& x) { return matmul(x, weight) + bias; }
  nn::Attribute weight, bias, state, scratch, none;
};
PULLBACK_MODULE(Host);

struct PlainImpl : nn::Module {
  PlainImpl() { weight = register_parameter("weight", ones({2})); }
  Tensor weight;
};
PULLBACK_MODULE(Plain);

inline Tensor start() {
  return arange(4.).to(kFloat32).view({2, 2});
}

inline bool same(const TensorBase& a, const TensorBase& b) {
  return Tensor(a).equal(Tensor(b));
}

inline Names names(const Host& host) {
  return host->named_parameters().keys();
}

}  // namespace maps
