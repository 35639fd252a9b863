#pragma once

#include <pullback/core/ref.h>

namespace pullback {

class Tensor;
struct TensorImpl;

/// What an attribute refers to instead of a tensor: a place whose value may have to be computed at
/// each read. core knows only this interface; modules implement it (nn/attribute.h).
class Slot {
 public:
  virtual ~Slot() = default;

  /// Is the value computed from other tensors, so that writing into it would be lost?
  virtual bool computed() const = 0;
  /// The value, evaluated now.
  virtual Tensor value() = 0;
  /// The tensor itself when nothing is computed; may be null.
  virtual TensorImpl* stored() const = 0;
  /// The shape and type of the value, evaluated at most when they are not known; keeps no graph
  /// alive.
  virtual TensorImpl* described() = 0;
  /// Makes `value` the attribute's value, through right inverses where it is computed.
  virtual void assign(const Tensor& value) = 0;
  /// "weight of Linear", for messages.
  virtual const char* name() const = 0;

  RefCount refs;
  static void destroy(Slot* slot) { delete slot; }
};

}  // namespace pullback
