#pragma once

#include <iosfwd>
#include <optional>

#include <pullback/core/dtype.h>
#include <pullback/core/error.h>

namespace pullback {

enum class DeviceType : std::int8_t { CPU, CUDA };
inline constexpr DeviceType kCPU = DeviceType::CPU, kCUDA = DeviceType::CUDA;

/// Where a tensor lives: always the CPU. CUDA exists so that programs that ask for it compile.
class Device {
 public:
  Device(DeviceType type = kCPU, int index = -1) : type_(type), index_(index) {}
  /// "cpu", "cuda" or "cuda:0"; throws RuntimeError for another name.
  Device(const char* name);
  DeviceType type() const { return type_; }
  int index() const { return index_; }
  bool is_cpu() const { return type_ == kCPU; }
  bool is_cuda() const { return type_ == kCUDA; }
  friend bool operator==(Device a, Device b) { return a.type_ == b.type_ && a.index_ == b.index_; }

 private:
  DeviceType type_;
  int index_;
};
/// As "cpu" or "cuda:0".
std::ostream& operator<<(std::ostream& stream, Device device);

/// Throws RuntimeError unless the device is the CPU.
void check_device(const char* op, Device device);

namespace cuda {
inline bool is_available() {
  return false;
}
inline int device_count() {
  return 0;
}
}  // namespace cuda

/// What a factory makes: element type and whether operations on it are recorded.
class TensorOptions {
 public:
  TensorOptions() = default;
  TensorOptions(ScalarType type) : dtype_(type) {}
  TensorOptions(Device device) : device_(device) {}
  TensorOptions(DeviceType device) : device_(device) {}

  TensorOptions dtype(ScalarType type) const {
    TensorOptions o = *this;
    o.dtype_ = type;
    return o;
  }
  TensorOptions requires_grad(bool value) const {
    TensorOptions o = *this;
    o.requires_grad_ = value;
    return o;
  }
  TensorOptions device(Device device) const {
    TensorOptions o = *this;
    o.device_ = device;
    return o;
  }
  ScalarType dtype() const { return dtype_.value_or(default_dtype()); }
  bool has_dtype() const { return dtype_.has_value(); }
  bool requires_grad() const { return requires_grad_; }
  Device device() const { return device_; }

 private:
  std::optional<ScalarType> dtype_;
  bool requires_grad_ = false;
  Device device_;
};

inline TensorOptions dtype(ScalarType type) {
  return TensorOptions(type);
}
inline TensorOptions requires_grad(bool value = true) {
  return TensorOptions().requires_grad(value);
}
inline TensorOptions device(Device device) {
  return TensorOptions(device);
}

}  // namespace pullback
