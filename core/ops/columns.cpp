#include <pullback/core/ops/columns.h>

#include <algorithm>

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

void Columns::sum(const Map& f, const Strip& a, const Strip& b, char* out) const {
  constexpr std::int64_t kHeight = 64;
  Row values(std::min(kHeight, rows_) * columns_ * size_), part = row();
  const Strip to{values.data(), columns_ * size_}, sum{out, 0}, more{part.data(), 0};
  for (std::int64_t top = 0; top < rows_; top += kHeight) {
    const std::int64_t height = std::min(kHeight, rows_ - top);
    map(f, height, to, {{a.data + top * a.step, a.step}, {b.data + top * b.step, b.step}});
    reduce(simd().sum, simd().add, height, to, top == 0 ? out : part.data());
    if (top > 0) map(simd().add, 1, sum, {sum, more});
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
void Columns::reduce(const kernels::Reduce& kernel, const Map& step, std::int64_t rows,
                     const Strip& in, char* out) const {
  constexpr std::int64_t kMany = 8;  // from there on the kernel takes them as columns
  if (columns_ >= kMany) return kernel[type_](columns_, rows, in.data, size_, in.step, out, size_);
  map(simd().copy, 1, {out, 0}, {in});
  if (rows > 1) map(step, rows - 1, {out, 0}, {{out, 0}, {in.data + in.step, in.step}});
}

}  // namespace pullback
