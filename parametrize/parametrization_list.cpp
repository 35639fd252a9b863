#include <pullback/parametrize/parametrization_list.h>

#include <atomic>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/parametrize/cached.h>

namespace pullback::parametrize {

namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> next{0};
  return next++;
}

// A tensor of its own memory, so that nothing the caller holds can change it later.
Tensor owned(const Tensor& x, bool requires_grad) {
  const NoGradGuard no_grad;
  Tensor copy = x.detach().clone();
  copy.get()->requires_grad = requires_grad;
  return copy;
}

std::string dtype_text(const Tensor& x) {
  return std::string("torch.") + python_name(x.scalar_type());
}

// The checks on what a first parametrization of `before` returned.
void check_value(const Tensor& value, const Tensor& before) {
  check<ValueError>(value.defined(), "A parametrization must return a tensor. Got NoneType.");
  check<ValueError>(value.scalar_type() == before.scalar_type(),
                    "Registering a parametrization may not change the dtype of the tensor, unless "
                    "`unsafe` flag is enabled.\nunparametrized dtype: ",
                    dtype_text(before), "\nparametrized dtype: ", dtype_text(value));
  check<ValueError>(value.sizes() == before.sizes(),
                    "Registering a parametrization may not change the shape of the tensor, unless "
                    "`unsafe` flag is enabled.\nunparametrized shape: ",
                    before.sizes(), "\nparametrized shape: ", value.sizes());
}

// The checks on what one more parametrization made of the value `before` of module.<key>.
void check_chained_value(const Tensor& value, const Tensor& before, const std::string& key) {
  check<ValueError>(value.defined(), "A parametrization must return a tensor. Got NoneType.");
  check<ValueError>(value.scalar_type() == before.scalar_type(),
                    "Registering a parametrization may not change the dtype of the tensor, unless "
                    "the `unsafe` flag is enabled.\nmodule.",
                    key, ".dtype: ", dtype_text(before), "\nparametrization(module.", key,
                    ").dtype: ", dtype_text(value));
  check<ValueError>(value.sizes() == before.sizes(),
                    "Registering a parametrization may not change the shape of the tensor, unless "
                    "the `unsafe` flag is enabled.\nmodule.",
                    key, ".shape: ", before.sizes(), "\nparametrization(module.", key,
                    ").shape: ", value.sizes());
}

// A chained parametrization's inverse is tried on its value; what it gives is not used.
void check_right_inverse(const AnyParametrization& f, const Tensor& value, const std::string& key) {
  TensorOrTensors found = value;
  try {
    const NoGradGuard no_grad;
    found = f.calls().right_inverse(*f.module(), value);
  } catch (const NotImplementedError&) {
    return;  // it can be read, not assigned
  }
  const Tensor* back = found.tensor();
  check<ValueError>(back != nullptr && back->defined(),
                    "parametrization.right_inverse must return a tensor. Got: ",
                    back ? "NoneType" : "a sequence");
  check<ValueError>(back->scalar_type() == value.scalar_type(),
                    "The tensor returned by parametrization.right_inverse must have the same dtype "
                    "as module.",
                    key, ", unless the `unsafe` flag is enabled.\nmodule.", key,
                    ".dtype: ", dtype_text(value), "\nreturned dtype: ", dtype_text(*back));
  check<ValueError>(back->sizes() == value.sizes(),
                    "The tensor returned by parametrization.right_inverse must have the same shape "
                    "as module.",
                    key, ", unless the `unsafe` flag is enabled.\nmodule.", key,
                    ".shape: ", value.sizes(), "\nreturned shape: ", back->sizes());
}

void check_arity(const AnyParametrization& f, std::size_t tensors) {
  const int arity = f.calls().arity;
  check<TypeError>(arity < 0 || static_cast<std::size_t>(arity) == tensors, *f.module(),
                   ".forward() takes ", arity, " positional argument", arity == 1 ? "" : "s",
                   ", but ", tensors, tensors == 1 ? " tensor was" : " tensors were", " given");
}

}  // namespace

ParametrizationList::ParametrizationList(const nn::ParamSlot& host, const AnyParametrization& f,
                                         bool unsafe)
    : unsafe_(unsafe), id_(next_id()) {
  const Tensor& before = host.tensor();
  const bool requires_grad = before.requires_grad();
  TensorOrTensors found = before;
  if (f.calls().right_inverse) {
    const NoGradGuard no_grad;
    try {
      found = f.calls().right_inverse(*f.module(), owned(before, false));
    } catch (const NotImplementedError&) {
      // Without an inverse the tensor itself is where it starts.
    }
  }
  is_tensor_ = found.tensor() != nullptr;
  auto add = [&](std::string key, const Tensor& value) {
    add_slot(std::move(key), value.is_same(before) ? value : owned(value, requires_grad),
             host.kind(), host.persistent())
        .read_by_name();
  };
  if (is_tensor_) {
    const Tensor& value = *found.tensor();
    check<ValueError>(
        value.defined(),
        "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
        "Got NoneType");
    check<ValueError>(value.scalar_type() == before.scalar_type(),
                      "When `right_inverse` outputs one tensor, it may not change the "
                      "dtype.\noriginal.dtype: ",
                      dtype_text(before), "\nright_inverse(original).dtype: ", dtype_text(value));
    add("original", value);
  } else {
    const auto& values = found.list();
    for (std::size_t i = 0; i < values.size(); ++i)
      check<ValueError>(values[i].defined(),
                        "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                        "tuple...). Got element ",
                        i, " of the sequence with type NoneType.");
    for (std::size_t i = 0; i < values.size(); ++i) add("original" + std::to_string(i), values[i]);
  }
  originals_ = count();
  check_arity(f, originals_);
  add_map(f);
  if (!unsafe) check_value(evaluate(), before);
}

ParametrizationList::ParametrizationList(const ParametrizationList& other)
    : nn::ModuleListImpl(other),
      nn::SlotSource(other),
      maps_(other.maps_),
      originals_(other.originals_),
      unsafe_(other.unsafe_),
      is_tensor_(other.is_tensor_),
      id_(next_id()) {}

void ParametrizationList::append(const AnyParametrization& f, const std::string& key, bool unsafe) {
  check_arity(f, 1);
  if (!unsafe) {
    const Tensor before = compute();
    const Tensor value = f.calls().forward(*f.module(), before);
    check_chained_value(value, before, key);
    if (f.calls().right_inverse) check_right_inverse(f, value, key);
  }
  add_map(f);
  unsafe_ = unsafe_ || unsafe;
}

void ParametrizationList::add_map(const AnyParametrization& f) {
  push_back(f.module());
  maps_.push_back({f.module(), f.calls()});
}

void ParametrizationList::check_complete(const char* op) const {
  check(count() == originals_ && size() == maps_.size(), op, ": a parametrization with ",
        maps_.size(), " maps of ", originals_, " originals has ", size(), " and ", count(),
        " now; use register_parametrization and remove_parametrizations to change it");
}

Tensor ParametrizationList::run(std::vector<Tensor> x) const {
  for (const auto& [module, calls] : maps_) {
    Tensor y = calls.forward(*module, x);
    x.clear();
    x.push_back(std::move(y));
  }
  return std::move(x[0]);
}

Tensor ParametrizationList::evaluate() const {
  check_complete("parametrization");
  std::vector<Tensor> originals;
  for (const auto& slot : slots()) originals.push_back(slot->value());
  return run(std::move(originals));
}

namespace {

/// A list whose value this thread is computing, and the one that asked for it.
struct Running {
  const ParametrizationList* list;
  Running* outer;
};
constinit thread_local Running* innermost = nullptr;

bool is_running(const ParametrizationList* list) {
  for (const Running* r = innermost; r; r = r->outer)
    if (r->list == list) return true;
  return false;
}

}  // namespace

void ParametrizationList::check_ready(const char* op) const {
  check_complete(op);
  check(!is_running(this), op,
        ": the value of the parametrization is being computed; call it when ",
        "that is done, not from the parametrization itself");
}

Tensor ParametrizationList::compute() {
  return cached_or(*this, [this] {
    check(!is_running(this),
          "parametrization: it reads the value that it computes, which would never end; use the "
          "tensor that forward is given");
    struct Scope {
      Running running;
      explicit Scope(const ParametrizationList* list) : running{list, innermost} {
        innermost = &running;
      }
      ~Scope() { innermost = running.outer; }
    } scope(this);
    return evaluate();
  });
}

void ParametrizationList::invert(const Tensor& value, nn::SlotValues& originals) {
  check_complete("parametrization");
  check<ValueError>(value.defined(), "`right_inverse` should return a tensor. Got NoneType");
  TensorOrTensors found = value;
  for (std::size_t i = maps_.size(); i-- > 0;) {
    const auto& [module, calls] = maps_[i];
    nn::Module& f = *module;
    if (!calls.right_inverse) {
      pullback::detail::fail<RuntimeError>("parametrization ", f.base_name(),
                                           " does not implement right_inverse.");
    }
    const Tensor* x = found.tensor();
    check<ValueError>(x != nullptr && x->defined(), "`right_inverse` should return a tensor. Got ",
                      x ? "NoneType" : "a sequence");
    found = calls.right_inverse(f, *x);
  }

  if (is_tensor_) {
    const Tensor* x = found.tensor();
    check<ValueError>(x != nullptr && x->defined(), "`right_inverse` should return a tensor. Got ",
                      x ? "NoneType" : "a sequence");
  } else {
    check<ValueError>(!found.tensor(),
                      "'right_inverse' must return a sequence of tensors. Got Tensor.");
    check<ValueError>(found.list().size() == count(),
                      "'right_inverse' must return a sequence of tensors of length ", count(),
                      ". Got a sequence of length ", found.list().size(), ".");
  }
  const std::vector<Tensor>& values = found.list();
  for (std::size_t i = 0; i < values.size(); ++i) {
    nn::ParamSlot& slot = *slots()[i];
    const Tensor now = slot.computed() ? Tensor(original(i)) : slot.tensor();
    check<ValueError>(values[i].defined(),
                      "'right_inverse' must return a sequence of tensors. Got element ", i,
                      " of type NoneType.");
    if (is_tensor_) {
      check<ValueError>(values[i].scalar_type() == now.scalar_type(),
                        "The tensor returned by `right_inverse` has dtype ", dtype_text(values[i]),
                        " while `original` has dtype ", dtype_text(now));
    } else {
      check<ValueError>(values[i].scalar_type() == now.scalar_type(), "Tensor ", i,
                        " returned by `right_inverse` has dtype ", dtype_text(values[i]),
                        " while `", slot.key(), "` has dtype ", dtype_text(now));
    }
    check<ValueError>(unsafe_ || values[i].sizes() == now.sizes(), "The tensor returned by ",
                      "`right_inverse` has shape ", values[i].sizes(), " while `", slot.key(),
                      "` has shape ", now.sizes(),
                      "; only an unsafe parametrization may change it");
    if (slot.computed()) {
      slot.source()->invert(values[i], originals);
    } else {
      originals.emplace_back(&slot, owned(values[i], false));
    }
  }
}

std::vector<std::int64_t> ParametrizationList::shape_key() const {
  std::vector<std::int64_t> key{static_cast<std::int64_t>(maps_.size())};
  for (const auto& slot : slots()) {
    if (slot->computed()) {
      const auto inner = slot->source()->shape_key();
      key.insert(key.end(), inner.begin(), inner.end());
      continue;
    }
    key.push_back(static_cast<std::int64_t>(slot->scalar_type()));
    key.push_back(slot->dim());
    key.insert(key.end(), slot->sizes().begin(), slot->sizes().end());
  }
  return key;
}

nn::Attribute ParametrizationList::original(std::size_t i) const {
  check<IndexError>(i < count(), "ParametrizationList: there is no original", i, " among ",
                    count());
  return nn::Attribute(*slots()[i]);
}

}  // namespace pullback::parametrize
