#pragma once

#include <functional>
#include <memory>

#include <pullback/nn/options.h>

namespace pullback::optim {

/// The numbers that steer one parameter group. Each optimizer has a type of its own.
class OptimizerOptions {
 public:
  /// Called with the name (PyTorch's) and value of each number; flags are 0 or 1.
  using Visitor = std::function<void(const char* name, double& value)>;

  virtual ~OptimizerOptions() = default;
  virtual std::unique_ptr<OptimizerOptions> clone() const = 0;
  virtual double get_lr() const = 0;
  virtual void set_lr(double lr) = 0;
  /// The momentum, or Adam's first beta, which OneCycleLR moves; null where there is none.
  virtual double* momentum_or_null() { return nullptr; }
  virtual void visit(const Visitor& visitor) = 0;
  /// Throws ValueError for a number out of its range.
  virtual void check() const = 0;
};

/// What the options of every optimizer implement alike.
template <class Derived>
class OptionsOf : public OptimizerOptions {
 public:
  std::unique_ptr<OptimizerOptions> clone() const override;
  double get_lr() const override { return static_cast<const Derived&>(*this).lr(); }
  void set_lr(double lr) override { static_cast<Derived&>(*this).lr() = lr; }

 protected:
  static void visit_flag(const Visitor& visitor, const char* name, bool& flag) {
    double value = flag;
    visitor(name, value);
    flag = value != 0;
  }
};

template <class Derived>
std::unique_ptr<OptimizerOptions> OptionsOf<Derived>::clone() const {
  return std::unique_ptr<OptimizerOptions>(new Derived(static_cast<const Derived&>(*this)));
}

/// Throws ValueError "Invalid <name>: <value>" unless `valid`.
void check_option(bool valid, const char* name, double value);

}  // namespace pullback::optim
