#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <pullback/core/lock.h>
#include <pullback/core/ops.h>
#include <pullback/core/slot.h>
#include <pullback/core/tensor_impl.h>
#include <pullback/nn/clone.h>

namespace pullback::nn {

class Module;
class ParamSlot;
using SlotValues = std::vector<std::pair<ParamSlot*, Tensor>>;

/// Computes the value of a slot from other tensors, and finds tensors that give a value
/// (parametrize/parametrization_list.h).
class SlotSource {
 public:
  virtual ~SlotSource() = default;
  virtual Tensor compute() = 0;
  /// Adds to `found` the tensors to put in which slots so that it computes `value`; changes none.
  virtual void invert(const Tensor& value, SlotValues& found) = 0;
  /// Sizes and types of the tensors it computes from: while they stay, so does the value's shape.
  virtual std::vector<std::int64_t> shape_key() const = 0;
  virtual Module& module() = 0;
};

enum class SlotKind : std::uint8_t { Parameter, Buffer };

/// The place of one parameter or buffer in a module: what register_parameter returns. Assigned to
/// an Attribute it binds the two; as a Tensor it is the registered tensor.
class ParamSlot final : public Tensor, public Slot {
 public:
  ParamSlot(Module& owner, std::string key, Tensor value, SlotKind kind, bool persistent = true);
  /// The registered tensor, without its place: `auto p = register_parameter(…)`.
  ParamSlot(const ParamSlot& other);
  ParamSlot& operator=(const ParamSlot&) = delete;
  ~ParamSlot() override = default;

  bool computed() const override { return source_ != nullptr; }
  Tensor value() override;
  TensorImpl* stored() const override { return get(); }
  TensorImpl* described() override;
  void assign(const Tensor& value) override;
  const char* name() const override;

  const std::string& key() const { return key_; }
  SlotKind kind() const { return kind_; }
  bool persistent() const { return persistent_; }
  /// Belongs to a module, so that an Attribute can refer to it.
  bool owned() const { return owner_ != nullptr; }
  Module* owner() const { return owner_; }
  void disown() { owner_ = nullptr; }
  /// Does every reader come here, so that a computed value would be seen? Not when a plain Tensor
  /// holds the registered tensor and no Attribute is bound, nor when the Attribute that was bound
  /// has been assigned another tensor.
  bool interceptable() const;
  /// Says that an Attribute member is bound.
  void note_member() { had_member_ = true; }
  bool had_member() const { return had_member_; }
  /// Says that its module reads it by name, not through a member.
  void read_by_name() { read_by_name_ = true; }
  bool is_read_by_name() const { return read_by_name_; }
  /// The registered tensor; leaves the computed value alone.
  const Tensor& tensor() const { return *this; }
  void set_tensor(Tensor value);
  void set_kind(SlotKind kind) { kind_ = kind; }
  const std::shared_ptr<SlotSource>& source() const { return source_; }
  void set_source(std::shared_ptr<SlotSource> source);

 private:
  struct Description {
    std::vector<std::int64_t> key;
    Ref<TensorImpl> shape;
  };

  Module* owner_ = nullptr;
  std::string key_;
  SlotKind kind_;
  bool persistent_;
  bool read_by_name_ = false;
  bool had_member_ = false;
  std::shared_ptr<SlotSource> source_;
  Lock describing_;
  std::vector<Description> descriptions_;
};

/// A parameter or buffer as a member of a module: used like a Tensor, but it can be parametrized.
/// Then each read evaluates (once for each function it is passed to), an assignment goes through
/// the right inverse, and an in-place method throws. `auto w = layer->weight` is the value at that
/// moment.
class Attribute final : public TensorBase {
 public:
  Attribute() = default;
  Attribute(ParamSlot& slot) { bind_member(slot); }
  explicit Attribute(const Tensor& value) : TensorBase(value) {}
  Attribute(const Attribute& other) : TensorBase() { copy(other); }
  Attribute(Attribute&& other) noexcept : TensorBase() {
    detail::CloneNotes::moved(&other, this);
    word_ = std::exchange(other.word_, 0);
  }
  ~Attribute() { detail::CloneNotes::forget(this); }

  Attribute& operator=(ParamSlot& slot) {
    bind_member(slot);
    return *this;
  }
  Attribute& operator=(const Attribute& other) & {
    if (this != &other && !same_source(other)) assign(Tensor(other));
    return *this;
  }
  Attribute& operator=(Attribute&& other) & { return *this = std::as_const(other); }
  template <class T>
  requires std::is_same_v<T, Tensor> Attribute& operator=(const T& value) & {
    assign(value);
    return *this;
  }
  /// Of what attr("name") returns: changes the module's entry.
  template <class T>
  requires std::is_convertible_v<const T&, Tensor> Attribute& operator=(const T& value) && {
    Tensor held(value);
    is_attribute() ? slot()->assign(held) : assign(held);
    return *this;
  }

  bool parametrized() const { return is_attribute() && slot()->computed(); }
  /// The slot it is bound to, or null.
  ParamSlot* param_slot() const {
    return is_attribute() ? static_cast<ParamSlot*>(TensorBase::slot()) : nullptr;
  }
  /// The slot of a handle whose value is computed, or null.
  static Slot* computed_slot(const TensorBase& x) {
    return x.is_attribute() && x.slot()->computed() ? x.slot() : nullptr;
  }

 private:
  friend class detail::CloneNotes;
  friend class Module;
  void copy(const Attribute& other);
  void bind(ParamSlot& slot);
  void bind_member(ParamSlot& slot) {
    slot.note_member();
    bind(slot);
  }
  void assign(const Tensor& value);
  bool same_source(const Attribute& other) const { return parametrized() && other.word_ == word_; }
  static void rebind(void* attribute, detail::CloneMemo& memo);
};

}  // namespace pullback::nn
