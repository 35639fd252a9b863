#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <pullback/core/array_ref.h>
#include <pullback/core/dtype.h>
#include <pullback/core/error.h>
#include <pullback/core/options.h>
#include <pullback/core/ref.h>
#include <pullback/core/scalar.h>
#include <pullback/core/slot.h>

namespace pullback {

using std::nullopt;
using std::optional;

struct TensorImpl;
struct Storage;
class Tensor;
class Generator;
using TensorList = ArrayRef<Tensor>;
template <class T, std::size_t N>
class TensorAccessor;

namespace autograd {
class Node;
}
namespace indexing {
struct TensorIndex;
}
namespace nn {
class Attribute;
}

/// The methods of a tensor, written once for both kinds of handle: Tensor, and nn::Attribute whose
/// value may have to be computed at each read. One word: a counted pointer to a TensorImpl, or to a
/// Slot with the low bit set. Shapes, defaults and errors are PyTorch's unless a comment says
/// otherwise; the free functions in ops.h carry the mathematics.
class TensorBase {
 public:
  TensorBase() = default;
  TensorBase(const TensorBase& other) : word_(other.counted_word()) {}
  TensorBase(TensorBase&& other) noexcept(false)
      : word_(other.is_attribute() ? other.counted_word() : std::exchange(other.word_, 0)) {}
  TensorBase& operator=(const TensorBase& other);
  TensorBase& operator=(TensorBase&& other);
  ~TensorBase() {
    if (word_) drop();
  }

  // ---- what it is
  bool defined() const { return is_attribute() ? attribute_defined() : word_ != 0; }
  IntArrayRef sizes() const;
  IntArrayRef strides() const;
  std::int64_t size(std::int64_t dim) const;
  std::int64_t stride(std::int64_t dim) const;
  std::int64_t dim() const;
  std::int64_t ndimension() const { return dim(); }
  std::int64_t numel() const;
  std::int64_t storage_offset() const;
  std::int64_t itemsize() const;
  std::int64_t nbytes() const;
  ScalarType scalar_type() const;
  ScalarType dtype() const { return scalar_type(); }
  TensorOptions options() const;
  Device device() const { return kCPU; }
  bool is_cuda() const { return false; }
  bool is_floating_point() const;
  bool is_contiguous() const;
  bool is_view() const;
  bool is_same(const TensorBase& other) const;
  std::int64_t _version() const;
  TensorImpl* unsafeGetTensorImpl() const { return impl(); }
  /// Its kind as libtorch names it, such as CPUFloatType.
  std::string toString() const;

  // ---- elements
  /// The value of a one-element tensor as T. Throws RuntimeError for more or fewer elements.
  template <class T>
  T item() const {
    return item().to<T>();
  }
  Scalar item() const;
  /// The first element's address. Throws RuntimeError when T is not the element type.
  template <class T>
  T* data_ptr() const {
    return static_cast<T*>(checked_data(scalar_type_of<std::remove_const_t<T>>));
  }
  void* data_ptr() const;
  template <class T, std::size_t N>
  TensorAccessor<T, N> accessor() const;
  Tensor operator[](std::int64_t index) const;
  Tensor operator[](const Tensor& index) const;
  Tensor index(ArrayRef<indexing::TensorIndex> indices) const;
  Tensor index_put_(ArrayRef<indexing::TensorIndex> indices, const Tensor& value,
                    bool accumulate = false) const;
  Tensor index_put_(ArrayRef<indexing::TensorIndex> indices, const Scalar& value,
                    bool accumulate = false) const;

  // ---- autograd
  bool requires_grad() const;
  const TensorBase& set_requires_grad(bool value) const;
  Tensor requires_grad_(bool value = true) const;
  bool is_leaf() const;
  void retain_grad() const;
  bool retains_grad() const;
  const Tensor& grad() const;
  Tensor& mutable_grad() const;
  /// The function that made it, or null for a leaf.
  autograd::Node* grad_fn() const;
  std::int64_t output_nr() const;
  /// Adds this tensor's gradient to the .grad of every leaf it depends on (autograd/engine.h).
  void backward() const;
  void backward(const Tensor& gradient, std::optional<bool> retain_graph = {},
                bool create_graph = false, std::optional<TensorList> inputs = {}) const;
  /// Calls the hook with each gradient of this tensor; what it returns (if defined) takes the
  /// gradient's place.
  unsigned register_hook(std::function<Tensor(Tensor)> hook) const;
  template <class F>
  requires std::is_void_v<std::invoke_result_t<F, Tensor>>
  unsigned register_hook(F hook) const;
  /// Calls the hook with this leaf each time a gradient has been added to its .grad. Throws
  /// RuntimeError for a tensor that is not a leaf.
  unsigned register_post_accumulate_grad_hook(std::function<void(Tensor)> hook) const;
  void remove_hook(unsigned id) const;
  Tensor detach() const;
  Tensor detach_() const;
  Tensor data() const;
  Tensor variable_data() const;
  Tensor tensor_data() const;
  void set_data(const Tensor& other) const;

  // ---- copies and types
  Tensor clone() const;
  Tensor contiguous() const;
  Tensor to(ScalarType dtype, bool non_blocking = false, bool copy = false) const;
  Tensor to(const TensorOptions& options, bool non_blocking = false, bool copy = false) const;
  Tensor to(Device device, bool non_blocking = false) const;
  Tensor to(DeviceType device, bool non_blocking = false) const;
  Tensor to(Device device, ScalarType dtype) const;
  Tensor cpu() const;
  Tensor toType(ScalarType dtype) const;
  Tensor type_as(const Tensor& other) const;
  Tensor copy_(const Tensor& source, bool non_blocking = false) const;

  // ---- shape (views where strides allow)
  Tensor view(IntArrayRef sizes) const;
  Tensor view_as(const Tensor& other) const;
  Tensor reshape(IntArrayRef sizes) const;
  Tensor reshape_as(const Tensor& other) const;
  Tensor flatten(std::int64_t start = 0, std::int64_t end = -1) const;
  Tensor unflatten(std::int64_t dim, IntArrayRef sizes) const;
  Tensor ravel() const;
  Tensor expand(IntArrayRef sizes, bool implicit = false) const;
  Tensor expand_as(const Tensor& other) const;
  Tensor broadcast_to(IntArrayRef sizes) const;
  Tensor permute(IntArrayRef dims) const;
  Tensor transpose(std::int64_t dim0, std::int64_t dim1) const;
  Tensor swapaxes(std::int64_t dim0, std::int64_t dim1) const;
  Tensor movedim(std::int64_t source, std::int64_t destination) const;
  Tensor movedim(IntArrayRef source, IntArrayRef destination) const;
  Tensor t() const;
  Tensor T() const;
  Tensor mT() const;
  Tensor squeeze() const;
  Tensor squeeze(std::int64_t dim) const;
  Tensor unsqueeze(std::int64_t dim) const;
  Tensor squeeze_(std::int64_t dim) const;
  Tensor unsqueeze_(std::int64_t dim) const;
  Tensor t_() const;
  Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const;
  Tensor slice(std::int64_t dim = 0, std::optional<std::int64_t> start = {},
               std::optional<std::int64_t> end = {}, std::int64_t step = 1) const;
  Tensor select(std::int64_t dim, std::int64_t index) const;
  Tensor diagonal(std::int64_t offset = 0, std::int64_t dim1 = 0, std::int64_t dim2 = 1) const;
  Tensor unfold(std::int64_t dim, std::int64_t size, std::int64_t step) const;
  Tensor as_strided(IntArrayRef sizes, IntArrayRef strides,
                    std::optional<std::int64_t> storage_offset = {}) const;
  std::vector<Tensor> unbind(std::int64_t dim = 0) const;
  std::vector<Tensor> split(std::int64_t size, std::int64_t dim = 0) const;
  std::vector<Tensor> split(IntArrayRef sizes, std::int64_t dim = 0) const;
  std::vector<Tensor> split_with_sizes(IntArrayRef sizes, std::int64_t dim = 0) const;
  std::vector<Tensor> tensor_split(std::int64_t sections, std::int64_t dim = 0) const;
  std::vector<Tensor> tensor_split(IntArrayRef indices, std::int64_t dim = 0) const;
  std::vector<Tensor> chunk(std::int64_t chunks, std::int64_t dim = 0) const;
  Tensor repeat(IntArrayRef repeats) const;
  Tensor repeat_interleave(std::int64_t repeats, std::optional<std::int64_t> dim = {}) const;
  Tensor tile(IntArrayRef repeats) const;
  Tensor flip(IntArrayRef dims) const;
  Tensor roll(IntArrayRef shifts, IntArrayRef dims = {}) const;
  Tensor resize_(IntArrayRef sizes) const;
  Tensor new_zeros(IntArrayRef sizes, const TensorOptions& options = {}) const;
  Tensor new_ones(IntArrayRef sizes, const TensorOptions& options = {}) const;
  Tensor new_empty(IntArrayRef sizes, const TensorOptions& options = {}) const;
  Tensor new_full(IntArrayRef sizes, const Scalar& value, const TensorOptions& options = {}) const;

  // ---- elementwise, one operand
#define PULLBACK_UNARY(name) \
  Tensor name() const;       \
  Tensor name##_() const;
#include <pullback/core/ops/unary.inc>
#undef PULLBACK_UNARY
  Tensor isnan() const;
  Tensor isinf() const;
  Tensor isfinite() const;
  Tensor signbit() const;
  Tensor logical_not() const;
  Tensor logical_not_() const;
  Tensor bitwise_not() const;
  Tensor bitwise_not_() const;
  Tensor nan_to_num(std::optional<double> nan = {}, std::optional<double> posinf = {},
                    std::optional<double> neginf = {}) const;
  Tensor nan_to_num_(std::optional<double> nan = {}, std::optional<double> posinf = {},
                     std::optional<double> neginf = {}) const;
  Tensor clamp(const std::optional<Scalar>& min, const std::optional<Scalar>& max = {}) const;
  Tensor clamp(const Tensor& min, const Tensor& max) const;
  Tensor clamp_(const std::optional<Scalar>& min, const std::optional<Scalar>& max = {}) const;
  Tensor clamp_min(const Scalar& min) const;
  Tensor clamp_min(const Tensor& min) const;
  Tensor clamp_min_(const Scalar& min) const;
  Tensor clamp_max(const Scalar& max) const;
  Tensor clamp_max(const Tensor& max) const;
  Tensor clamp_max_(const Scalar& max) const;
  Tensor fill_(const Scalar& value) const;
  Tensor fill_(const Tensor& value) const;
  Tensor zero_() const;

  // ---- elementwise, two operands
  Tensor add(const Tensor& other, const Scalar& alpha = 1) const;
  Tensor add(const Scalar& other, const Scalar& alpha = 1) const;
  Tensor add_(const Tensor& other, const Scalar& alpha = 1) const;
  Tensor add_(const Scalar& other, const Scalar& alpha = 1) const;
  Tensor sub(const Tensor& other, const Scalar& alpha = 1) const;
  Tensor sub(const Scalar& other, const Scalar& alpha = 1) const;
  Tensor sub_(const Tensor& other, const Scalar& alpha = 1) const;
  Tensor sub_(const Scalar& other, const Scalar& alpha = 1) const;
#define PULLBACK_BINARY(name)                \
  Tensor name(const Tensor& other) const;    \
  Tensor name(const Scalar& other) const;    \
  Tensor name##_(const Tensor& other) const; \
  Tensor name##_(const Scalar& other) const;
#include <pullback/core/ops/binary.inc>
#undef PULLBACK_BINARY
  Tensor div(const Tensor& other, std::optional<std::string_view> rounding_mode) const;
  Tensor div(const Scalar& other, std::optional<std::string_view> rounding_mode) const;
  Tensor maximum(const Tensor& other) const;
  Tensor minimum(const Tensor& other) const;
  Tensor fmax(const Tensor& other) const;
  Tensor fmin(const Tensor& other) const;
  Tensor atan2(const Tensor& other) const;
  Tensor hypot(const Tensor& other) const;
  Tensor logaddexp(const Tensor& other) const;
  Tensor copysign(const Tensor& other) const;
  Tensor logical_and(const Tensor& other) const;
  Tensor logical_or(const Tensor& other) const;
  Tensor logical_xor(const Tensor& other) const;
  Tensor lerp(const Tensor& end, const Scalar& weight) const;
  Tensor lerp(const Tensor& end, const Tensor& weight) const;
  Tensor lerp_(const Tensor& end, const Scalar& weight) const;
  Tensor lerp_(const Tensor& end, const Tensor& weight) const;
  Tensor addcmul(const Tensor& a, const Tensor& b, const Scalar& value = 1) const;
  Tensor addcmul_(const Tensor& a, const Tensor& b, const Scalar& value = 1) const;
  Tensor addcdiv(const Tensor& a, const Tensor& b, const Scalar& value = 1) const;
  Tensor addcdiv_(const Tensor& a, const Tensor& b, const Scalar& value = 1) const;
  Tensor where(const Tensor& condition, const Tensor& other) const;
  Tensor where(const Tensor& condition, const Scalar& other) const;
  Tensor masked_fill(const Tensor& mask, const Scalar& value) const;
  Tensor masked_fill(const Tensor& mask, const Tensor& value) const;
  Tensor masked_fill_(const Tensor& mask, const Scalar& value) const;
  Tensor masked_fill_(const Tensor& mask, const Tensor& value) const;
  bool equal(const Tensor& other) const;
  bool allclose(const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
                bool equal_nan = false) const;
  Tensor isclose(const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
                 bool equal_nan = false) const;
  Tensor operator-() const;
  Tensor operator~() const;
  Tensor operator!() const;
  const TensorBase& operator+=(const Tensor& other) const;
  const TensorBase& operator+=(const Scalar& other) const;
  const TensorBase& operator-=(const Tensor& other) const;
  const TensorBase& operator-=(const Scalar& other) const;
  const TensorBase& operator*=(const Tensor& other) const;
  const TensorBase& operator*=(const Scalar& other) const;
  const TensorBase& operator/=(const Tensor& other) const;
  const TensorBase& operator/=(const Scalar& other) const;
  const TensorBase& operator&=(const Tensor& other) const;
  const TensorBase& operator|=(const Tensor& other) const;

  // ---- reductions
  Tensor sum(std::optional<ScalarType> dtype = {}) const;
  Tensor sum(IntArrayRef dim, bool keepdim = false, std::optional<ScalarType> dtype = {}) const;
  Tensor mean(std::optional<ScalarType> dtype = {}) const;
  Tensor mean(IntArrayRef dim, bool keepdim = false, std::optional<ScalarType> dtype = {}) const;
  Tensor prod(std::optional<ScalarType> dtype = {}) const;
  Tensor prod(std::int64_t dim, bool keepdim = false, std::optional<ScalarType> dtype = {}) const;
  Tensor var(bool unbiased = true) const;
  Tensor var(IntArrayRef dim, bool unbiased = true, bool keepdim = false) const;
  Tensor std(bool unbiased = true) const;
  Tensor std(IntArrayRef dim, bool unbiased = true, bool keepdim = false) const;
  Tensor norm(const Scalar& p = 2) const;
  Tensor norm(const std::optional<Scalar>& p, IntArrayRef dim, bool keepdim = false) const;
  Tensor max() const;
  Tensor min() const;
  std::tuple<Tensor, Tensor> max(std::int64_t dim, bool keepdim = false) const;
  std::tuple<Tensor, Tensor> min(std::int64_t dim, bool keepdim = false) const;
  Tensor max(const Tensor& other) const;
  Tensor min(const Tensor& other) const;
  Tensor amax(IntArrayRef dim = {}, bool keepdim = false) const;
  Tensor amin(IntArrayRef dim = {}, bool keepdim = false) const;
  Tensor argmax(std::optional<std::int64_t> dim = {}, bool keepdim = false) const;
  Tensor argmin(std::optional<std::int64_t> dim = {}, bool keepdim = false) const;
  Tensor all() const;
  Tensor all(std::int64_t dim, bool keepdim = false) const;
  Tensor any() const;
  Tensor any(std::int64_t dim, bool keepdim = false) const;
  Tensor count_nonzero(std::optional<std::int64_t> dim = {}) const;
  Tensor median() const;
  std::tuple<Tensor, Tensor> median(std::int64_t dim, bool keepdim = false) const;
  std::tuple<Tensor, Tensor> mode(std::int64_t dim = -1, bool keepdim = false) const;
  std::tuple<Tensor, Tensor> kthvalue(std::int64_t k, std::int64_t dim = -1,
                                      bool keepdim = false) const;
  Tensor logsumexp(IntArrayRef dim, bool keepdim = false) const;
  Tensor cumsum(std::int64_t dim, std::optional<ScalarType> dtype = {}) const;
  Tensor cumprod(std::int64_t dim, std::optional<ScalarType> dtype = {}) const;
  std::tuple<Tensor, Tensor> sort(std::int64_t dim = -1, bool descending = false) const;
  std::tuple<Tensor, Tensor> sort(std::optional<bool> stable, std::int64_t dim,
                                  bool descending) const;
  Tensor argsort(std::int64_t dim = -1, bool descending = false) const;
  std::tuple<Tensor, Tensor> topk(std::int64_t k, std::int64_t dim = -1, bool largest = true,
                                  bool sorted = true) const;
  Tensor softmax(std::int64_t dim, std::optional<ScalarType> dtype = {}) const;
  Tensor log_softmax(std::int64_t dim, std::optional<ScalarType> dtype = {}) const;
  Tensor dist(const Tensor& other, const Scalar& p = 2) const;
  Tensor histc(std::int64_t bins = 100, const Scalar& min = 0, const Scalar& max = 0) const;
  Tensor bincount() const;
  Tensor bincount(const Tensor& weights, std::int64_t minlength = 0) const;

  // ---- matrices
  Tensor matmul(const Tensor& other) const;
  Tensor mm(const Tensor& other) const;
  Tensor bmm(const Tensor& other) const;
  Tensor mv(const Tensor& other) const;
  Tensor dot(const Tensor& other) const;
  Tensor outer(const Tensor& other) const;
  Tensor addmm(const Tensor& a, const Tensor& b, const Scalar& beta = 1,
               const Scalar& alpha = 1) const;
  Tensor addmm_(const Tensor& a, const Tensor& b, const Scalar& beta = 1,
                const Scalar& alpha = 1) const;
  Tensor addmv(const Tensor& a, const Tensor& b, const Scalar& beta = 1,
               const Scalar& alpha = 1) const;
  Tensor addbmm(const Tensor& a, const Tensor& b, const Scalar& beta = 1,
                const Scalar& alpha = 1) const;
  Tensor baddbmm(const Tensor& a, const Tensor& b, const Scalar& beta = 1,
                 const Scalar& alpha = 1) const;
  Tensor kron(const Tensor& other) const;
  Tensor tril(std::int64_t diagonal = 0) const;
  Tensor triu(std::int64_t diagonal = 0) const;
  Tensor tril_(std::int64_t diagonal = 0) const;
  Tensor triu_(std::int64_t diagonal = 0) const;
  Tensor diag(std::int64_t diagonal = 0) const;
  Tensor diag_embed(std::int64_t offset = 0, std::int64_t dim1 = -2, std::int64_t dim2 = -1) const;
  Tensor trace() const;
  Tensor det() const;
  Tensor inverse() const;
  Tensor matrix_exp() const;
  Tensor cross(const Tensor& other, std::optional<std::int64_t> dim = {}) const;

  // ---- gather and scatter
  Tensor gather(std::int64_t dim, const Tensor& index) const;
  Tensor scatter(std::int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor scatter(std::int64_t dim, const Tensor& index, const Scalar& value) const;
  Tensor scatter_(std::int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor scatter_(std::int64_t dim, const Tensor& index, const Scalar& value) const;
  Tensor scatter_add(std::int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor scatter_add_(std::int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor scatter_reduce(std::int64_t dim, const Tensor& index, const Tensor& source,
                        std::string_view reduce, bool include_self = true) const;
  Tensor index_select(std::int64_t dim, const Tensor& index) const;
  Tensor index_add(std::int64_t dim, const Tensor& index, const Tensor& source,
                   const Scalar& alpha = 1) const;
  Tensor index_add_(std::int64_t dim, const Tensor& index, const Tensor& source,
                    const Scalar& alpha = 1) const;
  Tensor index_copy(std::int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor index_copy_(std::int64_t dim, const Tensor& index, const Tensor& source) const;
  Tensor index_fill(std::int64_t dim, const Tensor& index, const Scalar& value) const;
  Tensor index_fill_(std::int64_t dim, const Tensor& index, const Scalar& value) const;
  Tensor take_along_dim(const Tensor& index, std::optional<std::int64_t> dim = {}) const;
  Tensor masked_select(const Tensor& mask) const;
  Tensor masked_scatter(const Tensor& mask, const Tensor& source) const;
  Tensor masked_scatter_(const Tensor& mask, const Tensor& source) const;
  Tensor nonzero() const;

  // ---- random numbers, in place (random.h)
  Tensor normal_(double mean = 0, double std = 1, Generator* generator = nullptr) const;
  Tensor uniform_(double from = 0, double to = 1, Generator* generator = nullptr) const;
  Tensor random_(Generator* generator = nullptr) const;
  Tensor random_(std::int64_t to, Generator* generator = nullptr) const;
  Tensor random_(std::int64_t from, std::int64_t to, Generator* generator = nullptr) const;
  Tensor bernoulli_(double p = 0.5, Generator* generator = nullptr) const;
  Tensor bernoulli_(const Tensor& p, Generator* generator = nullptr) const;
  Tensor exponential_(double lambda = 1, Generator* generator = nullptr) const;
  Tensor multinomial(std::int64_t samples, bool replacement = false,
                     Generator* generator = nullptr) const;

 protected:
  static constexpr std::uintptr_t kAttribute = 1;

  bool is_attribute() const {
    return word_ & kAttribute;
  }
  Slot* slot() const {
    return reinterpret_cast<Slot*>(word_ & ~kAttribute);
  }
  /// The tensor behind the handle, or its shape for an attribute whose value is computed; may be
  /// null.
  TensorImpl* impl() const {
    return is_attribute() ? slot()->described() : reinterpret_cast<TensorImpl*>(word_);
  }
  /// impl(), which must not be null: throws RuntimeError that names the operation for an undefined
  /// tensor.
  TensorImpl* checked_impl(const char* op) const;
  /// This handle as a Tensor: itself, or the attribute's value, evaluated once into `hold`.
  const Tensor& self(Tensor&& hold) const;
  /// The tensor to change in place: this handle, or what an attribute stores, put into `hold`.
  /// Throws RuntimeError for an attribute whose value is computed.
  const Tensor& target(const char* op, Tensor&& hold) const;
  Tensor target(const char* op) const;

  std::uintptr_t word_ = 0;

 private:
  friend class Tensor;
  friend class nn::Attribute;
  std::uintptr_t counted_word() const;
  bool attribute_defined() const;
  const Tensor& evaluated(Tensor& hold) const;
  void drop();
  void* checked_data(ScalarType type) const;
};

/// An n-dimensional array of one element type: a counted handle, cheap to copy; copies share the
/// elements.
class Tensor : public TensorBase {
 public:
  Tensor() = default;
  Tensor(const Tensor&) = default;
  Tensor(Tensor&& other) noexcept { word_ = std::exchange(other.word_, 0); }
  Tensor(const TensorBase& other) : TensorBase(other) {}
  explicit Tensor(Ref<TensorImpl> impl);

  Tensor& operator=(const Tensor& other) & {
    TensorBase::operator=(other);
    return *this;
  }
  Tensor& operator=(Tensor&& other) & noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  /// Copies into the elements of a temporary: `x[0] = y`.
  Tensor& operator=(const Tensor& other) &&;
  Tensor& operator=(Tensor&& other) &&;
  Tensor& operator=(const Scalar& value) &&;
  void reset() { *this = Tensor(); }

  TensorImpl* get() const { return reinterpret_cast<TensorImpl*>(word_); }
  /// Takes the counted pointer out of the handle, which becomes undefined.
  Ref<TensorImpl> take();
};
std::ostream& operator<<(std::ostream& stream, const Tensor& tensor);

inline Tensor TensorBase::variable_data() const {
  return data();
}
inline Tensor TensorBase::tensor_data() const {
  return data();
}
inline Tensor TensorBase::to(DeviceType device, bool non_blocking) const {
  return to(Device(device), non_blocking);
}
inline Tensor TensorBase::toType(ScalarType dtype) const {
  return to(dtype);
}
inline std::vector<Tensor> TensorBase::split_with_sizes(IntArrayRef sizes, std::int64_t dim) const {
  return split(sizes, dim);
}

inline const Tensor& TensorBase::self(Tensor&& hold) const {
  if (is_attribute()) [[unlikely]]
    return evaluated(hold);
  return static_cast<const Tensor&>(*this);
}

template <class F>
requires std::is_void_v<std::invoke_result_t<F, Tensor>>
unsigned TensorBase::register_hook(F hook) const {
  return register_hook(std::function<Tensor(Tensor)>([hook = std::move(hook)](Tensor g) {
    hook(std::move(g));
    return Tensor();
  }));
}

}  // namespace pullback
