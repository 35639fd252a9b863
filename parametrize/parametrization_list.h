#pragma once

#include <string>
#include <vector>

#include <pullback/nn/containers/module_list.h>
#include <pullback/parametrize/any_parametrization.h>

namespace pullback::parametrize {

/// The parametrizations of one tensor, and the unconstrained tensors (`original`, or `original0`,
/// `original1`, …) that they compute it from: value = fₖ(… f₁(f₀(originals))).
class ParametrizationList final : public nn::ModuleListImpl, public nn::SlotSource {
 public:
  /// Finds originals for the slot's value and, unless `unsafe`, checks that what they give has its
  /// shape and type, without touching the slot. Throws ValueError, TypeError.
  ParametrizationList(const nn::ParamSlot& host, const AnyParametrization& parametrization,
                      bool unsafe);
  ParametrizationList(const ParametrizationList& other);

  /// Puts one more map behind the others. Throws ValueError if it changes shape or type.
  /// `key` names the tensor in messages.
  void append(const AnyParametrization& parametrization, const std::string& key, bool unsafe);
  /// Evaluates, or takes the value that a cached() scope holds.
  Tensor compute() override;
  Tensor forward() { return compute(); }
  /// Throws RuntimeError while this thread is computing the value, and where an original or a map
  /// was added or removed by other means than registration.
  void check_ready(const char* op) const;
  /// The originals from which it computes `value`, nested ones too. Throws RuntimeError when a
  /// parametrization has no right_inverse, ValueError when what it returns does not fit.
  void invert(const Tensor& value, nn::SlotValues& originals) override;
  std::vector<std::int64_t> shape_key() const override;
  nn::Module& module() override { return *this; }

  /// The unconstrained tensor of a parametrization of one; it can be assigned and parametrized.
  nn::Attribute original() const { return attr("original"); }
  nn::Attribute original(std::size_t i) const;
  /// How many originals there are.
  std::size_t count() const { return slots().size(); }
  /// Does it compute from one `original`, rather than from numbered ones?
  bool is_tensor() const { return is_tensor_; }
  bool is_unsafe() const { return unsafe_; }
  /// Distinguishes lists, and the copies of one, for as long as the program runs.
  std::uint64_t id() const { return id_; }

 private:
  // One map more takes append, which knows its class.
  using nn::ModuleListImpl::extend;
  using nn::ModuleListImpl::insert;
  using nn::ModuleListImpl::push_back;
  void check_complete(const char* op) const;
  void add_map(const AnyParametrization& f);
  Tensor evaluate() const;
  Tensor run(std::vector<Tensor> originals) const;

  struct Map {
    nn::ModuleHolder<nn::Module> module;
    AnyParametrization::Calls calls;
  };
  std::vector<Map> maps_;
  std::size_t originals_ = 0;  ///< how many it was made with
  bool unsafe_;
  bool is_tensor_ = true;
  std::uint64_t id_;
};

}  // namespace pullback::parametrize
