#include <pullback/core/autograd/graph.h>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/ops.h>
#include <pullback/core/warning.h>

#include "catch.h"

using namespace pullback;

namespace {

/// Collects warnings while it lives.
struct Warnings {
  std::vector<std::string> messages;
  WarningHandler previous;
  Warnings()
      : previous(
            set_warning_handler([this](const std::string& text) { messages.push_back(text); })) {}
  ~Warnings() { set_warning_handler(std::move(previous)); }
};

}  // namespace

TEST_CASE("graph_text draws the graph as a tree, and a shared node once", "[graph]") {
  const Tensor w = ones({3}).requires_grad_(), x = ones({2, 3});
  const Tensor h = (x * w).tanh();
  const Tensor y = (h * h).sum();
  CHECK(autograd::graph_text(y) ==
        "SumBackward0 []\n"
        "└─ MulBackward0 [2, 3]  saved input [2, 3], input [2, 3]: 48 B\n"
        "   ├─ TanhBackward0 #1 [2, 3]  saved output [2, 3]: 24 B\n"
        "   │  └─ MulBackward0 [2, 3]  saved input [2, 3]: 24 B\n"
        "   │     └─ AccumulateGrad [3]\n"
        "   └─ TanhBackward0 #1 (above)\n");
  y.backward();
  CHECK(autograd::graph_text(y).find("TanhBackward0 #1 [2, 3]  released") != std::string::npos);
}

TEST_CASE("graph_text names the output that is used, and stops at its limit", "[graph]") {
  const Tensor x = ones({4}).requires_grad_();
  const Tensor second = x.split(2)[1];
  CHECK(autograd::graph_text(second) == "SplitBackward0.1 [2], [2]\n└─ AccumulateGrad [4]\n");
  CHECK(autograd::graph_text(x) == "AccumulateGrad [4]\n");
  CHECK(autograd::graph_text(x.detach()) == "(requires no grad)\n");
  Tensor deep = x;
  for (int i = 0; i < 100'000; ++i) deep = -deep;
  CHECK(autograd::graph_text(deep, 2) ==
        "NegBackward0 [4]\n└─ NegBackward0 [4]\n… (the graph has 100001 nodes)\n");
}

TEST_CASE("graph_dot is Graphviz's language", "[graph]") {
  const Tensor x = ones({2}).requires_grad_();
  CHECK(autograd::graph_dot(x.exp() + x) ==
        "digraph {\n"
        "  rankdir=BT;\n"
        "  node [shape=box];\n"
        "  n0 [label=\"AddBackward0\\n[2]\"];\n"
        "  n1 [label=\"ExpBackward0\\n[2]\\nsaved output [2]: 8 B\"];\n"
        "  n2 [label=\"AccumulateGrad\\n[2]\", style=filled, fillcolor=lightblue];\n"
        "  n1 -> n0;\n"
        "  n2 -> n0;\n"
        "  n2 -> n1;\n"
        "}\n");
}

TEST_CASE("a node tells its name, its edges and its place in the order", "[graph]") {
  const Tensor x = ones({2}).requires_grad_();
  const Tensor y = x.exp(), z = y * 2;
  CHECK(z.grad_fn()->name() == "MulBackward0");
  CHECK(z.grad_fn()->next_edges()[0].node() == y.grad_fn());
  CHECK(z.grad_fn()->sequence_nr() > y.grad_fn()->sequence_nr());
  CHECK(y.grad_fn()->next_edge(0).node()->name() == "AccumulateGrad");
}

TEST_CASE("anomaly mode names the operation that made a NaN, and how it was called", "[anomaly]") {
  const Warnings warnings;
  const Tensor x = tensor({-1.0, 1.0}).requires_grad_();
  const auto loss = [&] { return (x.sqrt() * 0).sum(); };
  loss().backward();  // unnoticed without the guard
  const DetectAnomalyGuard guard;
  CHECK(throws_with([&] { loss().backward(); },
                    "Function 'SqrtBackward0' returned nan values in its 0th output"));
  REQUIRE(warnings.messages.size() == 1);
  CHECK(warnings.messages[0] ==
        "Error detected in SqrtBackward0. It was called as SqrtBackward0(Float[2])");
}

TEST_CASE("anomaly mode says which forward call led to an error", "[anomaly]") {
  const Warnings warnings;
  const DetectAnomalyGuard guard(/*check_nan=*/false);
  const Tensor x = ones({2, 3}).requires_grad_();
  const Tensor y = x * 1, z = y * y;
  y.mul_(2);
  CHECK(throws_with([&] { z.sum().backward(); }, "modified by an inplace operation"));
  REQUIRE(warnings.messages.size() == 1);
  CHECK(warnings.messages[0] ==
        "Error detected in MulBackward0. It was called as "
        "MulBackward0(Float[2, 3], Float[2, 3])");
}

TEST_CASE("the .grad of a tensor that is no leaf warns, unless it is retained", "[warning]") {
  const Warnings warnings;
  const Tensor x = ones({2}).requires_grad_();
  const Tensor y = x * 2;
  CHECK_FALSE(y.grad().defined());
  REQUIRE(warnings.messages.size() == 1);
  CHECK(warnings.messages[0].find("not a leaf Tensor is being accessed") != std::string::npos);
  CHECK_FALSE(x.grad().defined());
  y.retain_grad();
  CHECK_FALSE(y.grad().defined());
  CHECK(warnings.messages.size() == 1);
}
