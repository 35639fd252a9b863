#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <pullback/core/ops.h>

/// The op table: one row for each operation, from which op_table_test.cpp derives its tests. The
/// cases of a row and PyTorch's answers to them are in tests/oracle/ops, which tests/oracle/ops.py
/// writes.
namespace pullback_tests {

using pullback::Scalar;
using pullback::ScalarType;
using pullback::Tensor;
using Outputs = std::vector<Tensor>;

/// The arguments of one call.
class Case {
 public:
  using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;

  Case(std::vector<Tensor> inputs, std::map<std::string, Value> keywords)
      : inputs_(std::move(inputs)), keywords_(std::move(keywords)) {}

  /// Input i, undefined if the case leaves it out.
  Tensor in(std::size_t i) const { return i < inputs_.size() ? inputs_[i] : Tensor(); }
  const std::vector<Tensor>& inputs() const { return inputs_; }
  Case with(std::vector<Tensor> inputs) const { return Case(std::move(inputs), keywords_); }

  bool has(const char* name) const { return keywords_.count(name) != 0; }
  bool is_string(const char* name) const {
    return has(name) && std::holds_alternative<std::string>(keywords_.at(name));
  }
  bool boolean(const char* name, bool otherwise = false) const;
  std::int64_t integer(const char* name, std::int64_t otherwise = 0) const;
  double number(const char* name, double otherwise = 0) const;
  /// A number that keeps its kind, which type promotion looks at.
  Scalar scalar(const char* name, Scalar otherwise = 0) const;
  std::string string(const char* name, const char* otherwise = "") const;
  /// A list of integers; one integer makes a list of one.
  std::vector<std::int64_t> list(const char* name) const;
  ScalarType dtype(const char* name) const;

 private:
  std::vector<Tensor> inputs_;
  std::map<std::string, Value> keywords_;
};

struct RowOptions {
  /// Multiplies the tolerance, for ops that amplify rounding.
  double tolerance = 1;
  /// The op as it changes its first input, which it returns.
  std::function<Tensor(const Case&)> in_place = nullptr;
  /// How many times to differentiate numerically: 0 where the function is not smooth at the cases'
  /// inputs.
  int order = 2;
  /// Whether the last node is named as in PyTorch; false where ours is composed otherwise.
  bool same_name = true;
  /// Whether recording changes no bit; false where it takes another algorithm, one that yields what
  /// a gradient needs.
  bool same_bits = true;
};

struct Row {
  std::string op;
  std::function<Outputs(const Case&)> run;
  RowOptions options = {};
};
using Rows = std::vector<Row>;

inline RowOptions in_place(std::function<Tensor(const Case&)> change) {
  return {1, std::move(change)};
}
inline RowOptions tolerance(double factor) {
  return {factor};
}
inline RowOptions order(int n) {
  return {1, nullptr, n};
}
inline RowOptions other_name() {
  return {1, nullptr, 2, false};
}

template <class... T>
Outputs outputs(const std::tuple<T...>& parts) {
  return std::apply([](const auto&... part) { return Outputs{part...}; }, parts);
}

Rows unary_rows();
Rows activation_rows();
Rows binary_rows();
Rows ternary_rows();
Rows layout_rows();
Rows factory_rows();
Rows reduce_rows();
Rows softmax_rows();
Rows index_rows();
Rows matmul_rows();
Rows linalg_rows();
Rows conv_rows();
Rows pool_rows();
Rows nnorm_rows();
Rows loss_rows();
Rows functional_rows();

}  // namespace pullback_tests
