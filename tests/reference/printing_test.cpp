#include <cmath>
#include <limits>
#include <sstream>

#include <pullback/core/ops.h>
#include <pullback/core/print.h>

#include "catch.h"
#include "reference/reference.h"

using namespace pullback_tests;
using nlohmann::json;
using pullback::PrintOptions;
using pullback::Tensor;

namespace {

struct RestoredOptions {
  PrintOptions before = pullback::printoptions();
  ~RestoredOptions() { pullback::set_printoptions(before); }
};

std::string text_of(const Tensor& x) {
  std::ostringstream text;
  text << x;
  return text.str();
}

}  // namespace

TEST_CASE("tensors print as in Python", "[print]") {
  for (const json& entry : reference("printing.json")) {
    RestoredOptions restored;
    PrintOptions options;
    if (entry.contains("options")) {
      const json& given = entry.at("options");
      options.precision = given.value("precision", options.precision);
      options.threshold = given.value("threshold", options.threshold);
      options.edgeitems = given.value("edgeitems", options.edgeitems);
      options.linewidth = given.value("linewidth", options.linewidth);
      if (given.contains("sci_mode")) options.sci_mode = given.at("sci_mode").get<bool>();
    }
    pullback::set_printoptions(options);
    Tensor x = tensor_from(entry);
    if (entry.contains("grad")) x.requires_grad_();
    CHECK(text_of(x) == entry.at("text").get<std::string>());
  }
}

TEST_CASE("a recorded tensor prints the name of its function", "[print]") {
  Tensor x = pullback::ones({2}).requires_grad_();
  CHECK(text_of(x + 1) == "tensor([2., 2.], grad_fn=<AddBackward0>)");
  CHECK(text_of(x.detach()) == "tensor([1., 1.])");
}

TEST_CASE("what describes a tensor prints as in libtorch", "[print]") {
  const auto printed = [](const auto& value) {
    std::ostringstream text;
    text << value;
    return text.str();
  };
  const Tensor x = pullback::zeros({2, 3}, pullback::kLong);
  CHECK(printed(x.sizes()) == "[2, 3]");
  CHECK(printed(x.strides()) == "[3, 1]");
  CHECK(printed(x[0][0].sizes()) == "[]");
  CHECK(printed(x.scalar_type()) == "Long");
  CHECK(printed(x.device()) == "cpu");
  CHECK(printed(pullback::Device("cuda:1")) == "cuda:1");
  CHECK(printed(pullback::Scalar(2.5)) == "2.5");
  CHECK(printed(pullback::Scalar(3)) == "3");
  CHECK(printed(pullback::Scalar(true)) == "true");
}

TEST_CASE("the sign of a NaN is not printed", "[print]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(text_of(pullback::tensor({std::copysign(nan, -1.0), 1.0})) == "tensor([nan, 1.])");
}

TEST_CASE("an undefined tensor prints without an error", "[print]") {
  CHECK(text_of(Tensor()) == "[ Tensor (undefined) ]");
}

TEST_CASE("zeros have no exponent, also where one is asked for", "[print]") {
  const pullback::PrintOptions before = pullback::printoptions();
  pullback::PrintOptions options;
  options.sci_mode = true;
  pullback::set_printoptions(options);
  const std::string zeros = text_of(pullback::zeros({2})), one = text_of(pullback::ones({1}));
  pullback::set_printoptions(before);
  CHECK(zeros == "tensor([0., 0.])");
  CHECK(one == "tensor([1.0000e+00])");
}
