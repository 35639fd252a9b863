#include <pullback/core/autograd/checkpoint.h>

#include <memory>
#include <mutex>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/saved.h>
#include <pullback/core/autograd/view.h>
#include <pullback/core/random.h>
#include <pullback/core/tensor_impl.h>

namespace pullback::autograd {

namespace {

using Tensors = std::vector<Tensor>;

/// A function that ran once without keeping what it saved, and can run again.
class Recomputation {
 public:
  Recomputation(std::function<Tensors(const Tensors&)> f, const Tensors& inputs, bool keep_random)
      : f_(std::move(f)), keeps_random_(keep_random) {
    if (keeps_random_) random_ = get_rng_state();
    // Aliases, not the inputs: an input that is later changed in place would own this graph.
    for (const Tensor& x : inputs) {
      inputs_.push_back(x.defined() ? x.detach() : Tensor());
      versions_.push_back(x.defined() ? x.get()->storage->version : 0);
      if (requires_grad(x)) inputs_.back().requires_grad_();
    }
  }

  /// Counts a value that an operation saved; the number finds it again.
  std::size_t note() { return count_++; }

  Tensor value(std::size_t i) {
    const std::lock_guard lock(mutex_);  // several threads may go backward through one graph
    if (i >= values_.size() || !values_[i].defined()) recompute();
    return std::exchange(values_[i], Tensor());  // each is read once, or everything again
  }

 private:
  void recompute() {
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      check(!inputs_[i].defined() || inputs_[i].get()->storage->version == versions_[i],
            "checkpoint: input ", i,
            " was changed in place since the forward pass, so it cannot be recomputed");
    struct Resumed {  // also where the function throws
      bool needed;
      Generator::State now = get_rng_state();
      ~Resumed() {
        if (needed) set_rng_state(now);
      }
    };
    const Resumed resumed{keeps_random_};
    if (keeps_random_) set_rng_state(random_);
    Tensors found;
    {
      const AutoGradMode recording(true);
      const SavedTensorsHooks hooks(
          [&](const Tensor& x) {
            found.push_back(x);
            return std::any(x);
          },
          [](const std::any& x) { return std::any_cast<Tensor>(x); });
      f_(inputs_);
    }
    check(found.size() == count_,
          "checkpoint: A different number of tensors was saved during the original forward and "
          "recomputation: ",
          count_, " and ", found.size());
    values_ = std::move(found);
  }

  std::function<Tensors(const Tensors&)> f_;
  bool keeps_random_;
  Generator::State random_;
  Tensors inputs_;
  std::vector<std::uint32_t> versions_;
  std::size_t count_ = 0;
  std::mutex mutex_;
  Tensors values_;
};

}  // namespace

Tensors checkpoint(const std::function<Tensors(const Tensors&)>& f, const Tensors& inputs,
                   bool preserve_rng_state) {
  check<ValueError>(f != nullptr, "checkpoint: the function is empty");
  const auto again = std::make_shared<Recomputation>(f, inputs, preserve_rng_state);
  const SavedTensorsHooks hooks(
      [again](const Tensor&) { return std::any(again->note()); },
      [again](const std::any& i) { return again->value(std::any_cast<std::size_t>(i)); });
  return f(inputs);
}

Tensor checkpoint(const std::function<Tensor(const Tensor&)>& f, const Tensor& input,
                  bool preserve_rng_state) {
  check<ValueError>(f != nullptr, "checkpoint: the function is empty");
  const auto list = [f](const Tensors& x) { return Tensors{f(x[0])}; };
  return checkpoint(list, Tensors{input}, preserve_rng_state)[0];
}

}  // namespace pullback::autograd
