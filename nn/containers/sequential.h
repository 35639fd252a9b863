#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <pullback/nn/containers/any.h>

namespace pullback::nn {

/// A module with the name it gets in a Sequential: `{"fc", Linear(3, 4)}`.
class NamedAnyModule {
 public:
  template <class M>
  requires std::is_constructible_v<AnyModule, M> NamedAnyModule(std::string name, M&& module)
      : name_(std::move(name)), module_(std::forward<M>(module)) {}
  const std::string& name() const { return name_; }
  const AnyModule& module() const { return module_; }

 private:
  std::string name_;
  AnyModule module_;
};

/// Runs modules of any types one after the other, each on what the one before returned.
class SequentialImpl : public Module {
 public:
  SequentialImpl() = default;
  template <class... M>
  requires(sizeof...(M) > 0 && (std::is_constructible_v<AnyModule, M> && ...) &&
           !(std::is_base_of_v<SequentialImpl, std::remove_cvref_t<M>> ||
             ...)) explicit SequentialImpl(M&&... modules) {
    (push_back(std::forward<M>(modules)), ...);
  }
  SequentialImpl(std::initializer_list<NamedAnyModule> modules);

  /// The first module takes the arguments. Throws RuntimeError when there is none.
  template <class Result = Tensor, class... Args>
  Result forward(Args&&... args) {
    check(!is_empty(), "Sequential: cannot call forward() on an empty Sequential");
    if constexpr (sizeof...(Args) == 1 && (std::is_convertible_v<Args&&, Tensor> && ...)) {
      return run<Result>(std::any(Tensor(args)...), 0);
    } else {
      std::any values[] = {std::any(std::remove_cvref_t<Args>(args))..., std::any()};
      return run<Result>(modules_[0].call(values, sizeof...(Args)), 1);
    }
  }

  template <class M>
  requires std::is_constructible_v<AnyModule, M>
  void push_back(M&& module) { append(std::to_string(size()), AnyModule(std::forward<M>(module))); }
  template <class M>
  requires std::is_constructible_v<AnyModule, M>
  void push_back(std::string name, M&& module) {
    append(std::move(name), AnyModule(std::forward<M>(module)));
  }
  void extend(const SequentialImpl& other);

  std::size_t size() const noexcept { return modules_.size(); }
  bool is_empty() const noexcept { return modules_.empty(); }
  auto begin() { return modules_.begin(); }
  auto end() { return modules_.end(); }
  auto begin() const { return modules_.begin(); }
  auto end() const { return modules_.end(); }
  /// Throws IndexError outside the range.
  template <class M>
  M& at(std::size_t i) const {
    return entry(i).template get<M>();
  }
  const std::shared_ptr<Module>& ptr(std::size_t i) const { return entry(i).ptr(); }
  template <class M>
  std::shared_ptr<M> ptr(std::size_t i) const {
    return entry(i).template ptr<M>();
  }
  const std::shared_ptr<Module>& operator[](std::size_t i) const { return ptr(i); }

 private:
  void append(std::string name, AnyModule module);
  const AnyModule& entry(std::size_t i) const;
  template <class Result>
  Result run(std::any value, std::size_t first) {
    for (std::size_t i = first; i < modules_.size(); ++i)
      value = modules_[i].pass(std::move(value));
    return modules_.back().template unpack<Result>(std::move(value));
  }

  std::vector<AnyModule> modules_;
};

/// `Sequential net(Linear(3, 4), ReLU(), Linear(4, 1))`, or with names:
/// `Sequential net({{"in", Linear(3, 4)}, {"act", ReLU()}})`.
class Sequential : public ModuleHolder<SequentialImpl> {
 public:
  using ModuleHolder<SequentialImpl>::ModuleHolder;
  Sequential(std::initializer_list<NamedAnyModule> modules);
  template <class... Args>
  Tensor operator()(Args&&... args) const {
    return call_sequential(std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  Tensor call_sequential(Args&&... args) const {
    if constexpr (sizeof...(Args) == 1 && (std::is_convertible_v<Args&&, Tensor> && ...)) {
      if (get()->has_hooks())
        return get()->call_with_hooks({Tensor(args)...}, [this](const std::vector<Tensor>& x) {
          return get()->forward(x[0]);
        });
    }
    return get()->forward(std::forward<Args>(args)...);
  }
};

}  // namespace pullback::nn
