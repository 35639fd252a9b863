#include <algorithm>
#include <cmath>
#include <sstream>

#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/autograd/node.h>

#include "catch.h"
#include "op_table/oracle.h"
#include "reference/reference.h"

namespace {

using namespace pullback_tests;
using pullback::kDouble;

const std::vector<std::pair<std::string, Rows>>& table() {
  static const std::vector<std::pair<std::string, Rows>> families = {
      {"unary", unary_rows()},
      {"binary", binary_rows()},
      {"ternary", ternary_rows()},
      {"layout", layout_rows()},
      {"factory", factory_rows()},
      {"reduce", reduce_rows()},
      {"softmax", softmax_rows()},
      {"index", index_rows()},
      {"matmul", matmul_rows()},
      {"conv", conv_rows()},
      {"pool", pool_rows()},
      {"nnorm", nnorm_rows()},
      {"linalg", linalg_rows()},
      {"loss", loss_rows()},
      {"activation", activation_rows()},
      {"functional", functional_rows()},
  };
  return families;
}

/// What is wrong with each case of each row, a line each, as `property` says it; empty if nothing
/// is.
template <class Property>
std::string failures(Property property) {
  std::ostringstream text;
  for (const auto& [family, rows] : table()) {
    for (const Row& row : rows) {
      auto found = oracle(family).find(row.op);
      if (found == oracle(family).end()) {
        text << '\n' << row.op << ": PyTorch was not asked about it; see tests/oracle/ops.py";
        continue;
      }
      for (std::size_t i = 0; i < found->second.size(); ++i) {
        std::string wrong;
        try {
          wrong = property(row, found->second[i]);
        } catch (const std::exception& error) {
          wrong = std::string("threw: ") + error.what();
        }
        if (!wrong.empty()) text << '\n' << row.op << " case " << i << ": " << wrong;
      }
    }
  }
  return text.str();
}

bool floating(const Tensor& x) {
  return x.defined() && x.is_floating_point();
}

std::vector<Tensor> leaves(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> fresh;
  for (const Tensor& x : inputs)
    fresh.push_back(floating(x) ? x.detach().clone().requires_grad_() : x);
  return fresh;
}

/// The gradients of the weighted sum of all outputs; undefined where none flows.
std::vector<Tensor> gradients(const Outputs& outputs, const std::vector<Tensor>& inputs,
                              bool create_graph) {
  std::vector<Tensor> roots, seeds, wanted;
  for (std::size_t j = 0; j < outputs.size(); ++j) {
    if (!outputs[j].requires_grad()) continue;
    roots.push_back(outputs[j]);
    seeds.push_back(weights(outputs[j], j));
  }
  for (const Tensor& x : inputs)
    if (floating(x)) wanted.push_back(x);
  std::vector<Tensor> found =
      pullback::autograd::grad(roots, wanted, seeds, create_graph, create_graph, true);
  std::vector<Tensor> result;
  std::size_t next = 0;
  for (const Tensor& x : inputs) result.push_back(floating(x) ? found[next++] : Tensor());
  return result;
}

/// PyTorch and we round to float32 at different points of a derivative of mixed types, so there the
/// gradient of a double input is held to float32's precision.
bool rounds_to_float(const Answer& answer) {
  auto single = [](const Tensor& x) { return x.defined() && x.dtype() == pullback::kFloat; };
  const std::vector<Tensor>& inputs = answer.arguments.inputs();
  return std::any_of(inputs.begin(), inputs.end(), single) ||
         std::any_of(answer.outputs.begin(), answer.outputs.end(), single);
}

std::string same_gradients(const std::vector<Tensor>& found, const Row& row, const Answer& answer) {
  for (std::size_t i = 0; i < answer.gradients.size(); ++i) {
    const Tensor& expected = answer.gradients[i];
    if (!expected.defined() && !found[i].defined()) continue;
    Tensor should = expected.defined() ? expected : pullback::zeros_like(found[i]);
    Tensor is = found[i].defined() ? found[i] : pullback::zeros_like(should);
    double factor = 4 * row.options.tolerance;
    if (should.dtype() == kDouble && rounds_to_float(answer)) factor *= std::ldexp(1.0, 29);
    std::string wrong = difference(is, should, factor);
    if (!wrong.empty()) return "gradient of input " + std::to_string(i) + ": " + wrong;
  }
  return "";
}

std::string same_outputs(const Outputs& found, const Outputs& expected, double factor) {
  if (found.size() != expected.size())
    return std::to_string(found.size()) + " outputs instead of " + std::to_string(expected.size());
  for (std::size_t j = 0; j < expected.size(); ++j) {
    std::string wrong = difference(found[j], expected[j], factor);
    if (!wrong.empty()) return "output " + std::to_string(j) + ": " + wrong;
  }
  return "";
}

/// The same values in memory that is not dense: every second element of a larger block, dimensions
/// reversed.
Tensor strided(const Tensor& x) {
  if (!x.defined()) return x;
  if (x.dim() == 0) return x.detach().clone();
  std::vector<std::int64_t> sizes = x.sizes().vec(), order(sizes.size());
  for (std::size_t d = 0; d < order.size(); ++d)
    order[d] = static_cast<std::int64_t>(order.size() - 1 - d);
  std::reverse(sizes.begin(), sizes.end());
  sizes.push_back(2);
  Tensor view = pullback::zeros(sizes, x.dtype()).select(-1, 1).permute(order);
  view.copy_(x.detach());
  return view;
}

/// The first slice of x, repeated by a stride of zero.
Tensor expanded(const Tensor& x) {
  if (!x.defined() || x.dim() == 0 || x.numel() == 0) return x;
  return x.detach().narrow(0, 0, 1).expand(x.sizes());
}

}  // namespace

TEST_CASE("every op that PyTorch was asked about has a row", "[op_table]") {
  std::ostringstream missing;
  for (const auto& [family, rows] : table()) {
    for (const auto& entry : oracle(family)) {
      const std::string& op = entry.first;
      if (std::none_of(rows.begin(), rows.end(), [&](const Row& row) { return row.op == op; }))
        missing << family << "/" << op << " ";
    }
  }
  CHECK(missing.str() == "");
}

TEST_CASE("every op gives PyTorch's values, types and shapes", "[op_table]") {
  CHECK(failures([](const Row& row, const Answer& answer) -> std::string {
          if (answer.throws) return "";
          return same_outputs(row.run(answer.arguments), answer.outputs, row.options.tolerance);
        }) == "");
}

TEST_CASE("every op refuses the arguments that PyTorch refuses", "[op_table]") {
  CHECK(failures([](const Row& row, const Answer& answer) -> std::string {
          if (!answer.throws) return "";
          try {
            row.run(answer.arguments);
          } catch (const pullback::Error&) {
            return "";
          }
          return "accepted what PyTorch refuses";
        }) == "");
}

TEST_CASE("every op is recorded under PyTorch's name and has PyTorch's gradients", "[op_table]") {
  CHECK(failures([](const Row& row, const Answer& answer) -> std::string {
          if (answer.grad_fn.empty()) return "";
          std::vector<Tensor> inputs = leaves(answer.arguments.inputs());
          Outputs outputs = row.run(answer.arguments.with(inputs));
          auto recorded = std::find_if(outputs.begin(), outputs.end(),
                                       [](const Tensor& y) { return y.requires_grad(); });
          if (recorded == outputs.end()) return "not recorded; PyTorch has " + answer.grad_fn;
          std::string name = recorded->grad_fn() ? recorded->grad_fn()->name() : "a leaf";
          if (row.options.same_name && name != answer.grad_fn)
            return name + " instead of " + answer.grad_fn;
          if (!answer.has_gradients) return "";
          return same_gradients(gradients(outputs, inputs, false), row, answer);
        }) == "");
}

TEST_CASE("the gradient of every op's gradient agrees with finite differences", "[op_table]") {
  CHECK(failures([](const Row& row, const Answer& answer) -> std::string {
          if (row.options.order < 2 || answer.gradients.empty()) return "";
          for (const Tensor& x : answer.arguments.inputs())
            if (floating(x) && x.dtype() != kDouble) return "";
          for (const Tensor& y : answer.outputs)
            if (floating(y) && y.dtype() != kDouble) return "";
          // What is nowhere a number has no slope.
          auto is_nan = [](const Tensor& x) {
            return floating(x) && x.numel() > 0 && x.isnan().all().item<bool>();
          };
          if (std::any_of(answer.outputs.begin(), answer.outputs.end(), is_nan) ||
              std::any_of(answer.gradients.begin(), answer.gradients.end(), is_nan))
            return "";
          std::vector<Tensor> inputs = leaves(answer.arguments.inputs());
          // What no gradient reaches (a target, a running mean) is no variable.
          for (std::size_t i = 0; i < inputs.size(); ++i)
            if (floating(inputs[i]) && !answer.gradients[i].defined())
              inputs[i] = inputs[i].detach();
          std::vector<Tensor> seeds;
          for (const Tensor& y : row.run(answer.arguments.with(inputs)))
            if (y.requires_grad()) seeds.push_back(weights(y, seeds.size()));
          if (seeds.empty()) return "";
          pullback::autograd::GradcheckOptions options;
          options.eps = options.atol = options.rtol = 1e-5;
          pullback::autograd::gradgradcheck(
              [&](const std::vector<Tensor>& x) { return row.run(answer.arguments.with(x)); },
              inputs, seeds, options);
          return "";
        }) == "");
}

TEST_CASE("no op cares how its inputs lie in memory", "[op_table]") {
  CHECK(failures([](const Row& row, const Answer& answer) -> std::string {
          if (answer.throws) return "";
          std::vector<Tensor> inputs = answer.arguments.inputs();
          for (Tensor& x : inputs) {
            Tensor y = strided(x);
            x = floating(x) && !answer.grad_fn.empty() ? y.requires_grad_() : y;
          }
          // A view of an input that is not dense is what view() may refuse.
          if (row.op == "view") return "";
          Outputs outputs = row.run(answer.arguments.with(inputs));
          std::string wrong = same_outputs(outputs, answer.outputs, row.options.tolerance);
          if (!wrong.empty()) return "strided inputs: " + wrong;
          if (answer.has_gradients) {
            wrong = same_gradients(gradients(outputs, inputs, false), row, answer);
            if (!wrong.empty()) return "strided inputs: " + wrong;
          }
          std::vector<Tensor> repeated, dense;
          for (const Tensor& x : answer.arguments.inputs()) {
            repeated.push_back(expanded(x));
            dense.push_back(x.defined() ? repeated.back().clone().contiguous() : x);
          }
          Outputs expected;
          try {
            expected = row.run(answer.arguments.with(dense));
          } catch (const pullback::Error&) {
            return "";
          }
          wrong = same_outputs(row.run(answer.arguments.with(repeated)), expected,
                               row.options.tolerance);
          return wrong.empty() ? "" : "expanded inputs: " + wrong;
        }) == "");
}

TEST_CASE("what an op gives does not depend on whether it is recorded", "[op_table]") {
  CHECK(failures([](const Row& row, const Answer& answer) -> std::string {
          if (answer.throws) return "";
          std::vector<Tensor> inputs = leaves(answer.arguments.inputs());
          Outputs recorded = row.run(answer.arguments.with(inputs)), silent;
          {
            pullback::NoGradGuard guard;
            silent = row.run(answer.arguments.with(inputs));
          }
          for (const Tensor& y : silent)
            if (y.grad_fn()) return "recorded without gradients";
          return same_outputs(silent, recorded, row.options.same_bits ? 0 : row.options.tolerance);
        }) == "");
}

TEST_CASE("every in-place op does what its twin does", "[op_table]") {
  CHECK(failures([](const Row& row, const Answer& answer) -> std::string {
          if (answer.throws || !row.options.in_place) return "";
          const Tensor& result = answer.outputs[0];
          Tensor first = answer.arguments.in(0);
          if (!(result.sizes() == first.sizes())) return "";
          auto with_first = [&](const Tensor& x) {
            std::vector<Tensor> inputs = answer.arguments.inputs();
            inputs[0] = x;
            return answer.arguments.with(inputs);
          };
          if (result.dtype() != first.dtype()) {
            if (!result.is_floating_point() || first.is_floating_point()) return "";
            try {
              row.options.in_place(with_first(first.clone()));
            } catch (const pullback::Error&) {
              return "";
            }
            return "stored a floating result in an integer tensor";
          }
          for (bool dense : {true, false}) {
            Tensor x = dense ? first.clone() : strided(first);
            Tensor y = row.options.in_place(with_first(x));
            if (!y.is_same(x)) return "returned another tensor";
            std::string wrong = difference(x, result, row.options.tolerance);
            if (!wrong.empty()) return wrong;
          }
          if (!answer.has_gradients) return "";
          std::vector<Tensor> inputs = leaves(answer.arguments.inputs());
          std::vector<Tensor> changed = inputs;
          changed[0] = inputs[0] * 1;
          Tensor y = row.options.in_place(answer.arguments.with(changed));
          return same_gradients(gradients({y}, inputs, false), row, answer);
        }) == "");
}
