#pragma once

#include <string>

#include <pullback/core/error.h>
#include <pullback/core/factories.h>
#include <pullback/core/ops.h>
#include <pullback/nn/ordered_dict.h>

/// How the states of optimizers and schedulers are written and read.
namespace pullback::optim::detail {

using Dict = OrderedDict<std::string, Tensor>;

inline Tensor number(double value) {
  return full({}, value, kDouble);
}

/// Reads a dict of which every key must be asked for.
class Reader {
 public:
  explicit Reader(const Dict& dict) : dict_(dict) {}

  bool has(const std::string& key) const { return dict_.contains(key); }
  Tensor take(const std::string& key) {
    const Tensor* found = dict_.find(key);
    check(found != nullptr, "load_state_dict: missing key \"", key, "\"; the dict belongs to ",
          kOther);
    check(found->defined(), "load_state_dict: \"", key, "\" is an undefined tensor");
    ++taken_;
    return *found;
  }
  double take_number(const std::string& key) {
    const Tensor value = take(key);
    check(value.numel() == 1, "load_state_dict: \"", key, "\" should be one number, not ",
          value.sizes());
    return value.item<double>();
  }
  void finish() const {
    check(taken_ == dict_.size(), "load_state_dict: the dict has ", dict_.size(),
          " entries, of which only ", taken_, " are known here; it belongs to ", kOther);
  }

 private:
  static constexpr const char* kOther = "another optimizer or scheduler, or to other parameters";

  const Dict& dict_;
  std::size_t taken_ = 0;
};

}  // namespace pullback::optim::detail
