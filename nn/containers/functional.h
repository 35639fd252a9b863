#pragma once

#include <functional>
#include <utility>

#include <pullback/nn/holder.h>

namespace pullback::nn {

/// A function as a module, with arguments bound behind the first: `Functional(elu, 1.0)`.
class FunctionalImpl : public Module {
 public:
  using Function = std::function<Tensor(Tensor)>;
  explicit FunctionalImpl(Function function) : function_(std::move(function)) {
    check<ValueError>(function_ != nullptr, "Functional: the function is empty");
  }
  template <class F, class... Args>
  requires(sizeof...(Args) > 0) explicit FunctionalImpl(F function, Args... args)
      : function_([function = std::move(function), ... args = std::move(args)](Tensor x) {
          return function(std::move(x), args...);
        }) {}
  Tensor forward(Tensor x) { return function_(std::move(x)); }

 private:
  Function function_;
};
PULLBACK_MODULE(Functional);

}  // namespace pullback::nn
