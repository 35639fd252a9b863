#include <pullback/core/ops/columns.h>

#include <algorithm>
#include <cstring>

namespace pullback {

Columns::Columns(ScalarType type, std::int64_t rows, std::int64_t columns)
    : type_(type),
      size_(static_cast<std::int64_t>(element_size(type))),
      rows_(rows),
      columns_(columns) {}

void Columns::map_row(const Map& kernel, char* row, double number) const {
  const Number value(number, type_);
  map(kernel, 1, {row, 0}, {{row, 0}, {static_cast<char*>(value.data()), 0, /*one=*/true}});
}

void Columns::run(const kernels::Rows& kernel, std::initializer_list<char*> data) const {
  kernel[type_](rows_, columns_, data.begin(), 0);
}

void Columns::run(const kernels::Scan& kernel, const Strip* operands, int count) const {
  constexpr std::int64_t kLeast = 16;  // lines of a kernel
  const bool few = columns_ < kLeast;
  const std::int64_t width = std::max(columns_, kLeast), step = width * size_;
  Row copies(few ? count * rows_ * step : 0);
  if (few) std::memset(copies.data(), 0, static_cast<std::size_t>(count * rows_ * step));
  char* data[kernels::kMaxOperands];
  std::int64_t outer[kernels::kMaxOperands], inner[kernels::kMaxOperands];
  for (int k = 0; k < count; ++k) {
    data[k] = few ? copies.data() + k * rows_ * step : operands[k].data;
    outer[k] = size_;
    inner[k] = few ? step : operands[k].step;
    if (few && k > 0) map(simd().copy, {data[k], step}, {operands[k]});
  }
  kernel[type_](width, rows_, data, outer, inner);
  if (few) map(simd().copy, operands[0], {{data[0], step}});
}

void Columns::sum(const Map& f, const Strip& a, const Strip& b, char* out) const {
  constexpr std::int64_t kHeight = 64;
  Row values(std::min(kHeight, rows_) * columns_ * size_), part = row();
  const Strip to{values.data(), columns_ * size_}, total{out, 0}, more{part.data(), 0};
  for (std::int64_t top = 0; top < rows_; top += kHeight) {
    const std::int64_t height = std::min(kHeight, rows_ - top);
    map(f, height, to, {{a.data + top * a.step, a.step}, {b.data + top * b.step, b.step}});
    sum(height, to, top == 0 ? out : part.data());
    if (top > 0) map(simd().add, 1, total, {total, more});
  }
}

void Columns::map(const Map& kernel, std::int64_t rows, const Strip& out,
                  std::initializer_list<Strip> in) const {
  const std::int64_t dense = columns_ * size_;
  std::int64_t strides[kernels::kMaxOperands] = {size_}, steps[kernels::kMaxOperands] = {out.step};
  char* data[kernels::kMaxOperands] = {out.data};
  bool whole = out.step == dense;
  int count = 1;
  for (const Strip& strip : in) {
    whole = whole && strip.step == dense && !strip.one;
    strides[count] = strip.one ? 0 : size_;
    steps[count] = strip.step;
    data[count++] = strip.data;
  }
  if (whole) return kernel[type_](rows * columns_, data, strides);
  for (std::int64_t i = 0; i < rows; ++i) {
    kernel[type_](columns_, data, strides);
    for (int k = 0; k < count; ++k) data[k] += steps[k];
  }
}

// A few columns are added row by row, which is the order that many have, so that a result does not
// depend on their number.
void Columns::sum(std::int64_t rows, const Strip& in, char* out) const {
  constexpr std::int64_t kMany = 8;  // from there on the kernel takes them as columns
  if (columns_ >= kMany)
    return simd().sum[type_](columns_, rows, in.data, size_, in.step, out, size_);
  map(simd().copy, 1, {out, 0}, {in});
  if (rows > 1) map(simd().add, rows - 1, {out, 0}, {{out, 0}, {in.data + in.step, in.step}});
}

}  // namespace pullback
