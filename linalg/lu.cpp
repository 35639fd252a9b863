#include <cmath>

#include <pullback/core/factories.h>
#include <pullback/core/kernels/dense_lu.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/ops.h>
#include <pullback/linalg/interleave.h>
#include <pullback/linalg/lapack.h>
#include <pullback/linalg/linalg.h>
#include <pullback/linalg/lu.h>
#include <pullback/linalg/matrix.h>
#include <pullback/linalg/small_lu.h>

namespace pullback::linalg {

namespace {

// Sizes at which a single matrix is factored in blocks (kernels/dense_lu.h).
constexpr int kBlockedFrom = 12, kBlockedMost = 768;

}  // namespace

template <class T>
void Lu::factor_interleaved(const Tensor& memory) {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  const int n = data_->n;
  const std::int64_t count = data_->count;
  const std::int64_t groups = group_count<T>(count);
  data_->lanes = lanes;
  data_->factors = empty({groups, n, n, lanes}, memory.scalar_type());
  data_->pivots = empty({groups, n, lanes}, kInt);
  data_->info = empty({groups * lanes}, kInt);
  const T* from = memory.data_ptr<T>();
  T* factors = data_->factors.data_ptr<T>();
  int *pivots = data_->pivots.data_ptr<int>(), *info = data_->info.data_ptr<int>();
  each_matrix(groups, 0.7 * n * n * n * lanes / 4, [&](std::int64_t i) {
    T* group = factors + i * n * n * lanes;
    interleave(from + i * lanes * n * n, std::min(lanes, count - i * lanes), n * n, group);
    kernels::kernels().lu.of<T>().factor(n, group, pivots + i * n * lanes, info + i * lanes);
  });
}

Lu::Lu(const Tensor& a) : data_(Ref<Data>::adopt(new Data)) {
  data_->of_transpose = a.is_contiguous();
  data_->batch = Geometry(a.sizes().slice(0, a.dim() - 2));
  const int n = data_->n = static_cast<int>(rows(a));
  const std::int64_t count = data_->count = data_->batch.numel();
  if (n <= kSmallLu && count >= kInterleaveFrom) {
    const Tensor memory = data_->of_transpose ? a : copy_columns(a);
    visit_real(a.scalar_type(), [&](auto zero) { factor_interleaved<decltype(zero)>(memory); });
    return;
  }
  if ((data_->blocked = n >= kBlockedFrom && n <= kBlockedMost)) data_->of_transpose = false;
  data_->factors = data_->blocked || data_->of_transpose ? copy_rows(a) : copy_columns(a);
  data_->pivots = empty({count, n}, kInt);
  data_->info = empty({count}, kInt);
  int *pivots = data_->pivots.data_ptr<int>(), *info = data_->info.data_ptr<int>();
  visit_real(a.scalar_type(), [&](auto zero) {
    auto* factors = data_->factors.template data_ptr<decltype(zero)>();
    each_matrix(count, 0.7 * n * n * n, [&](std::int64_t i) {
      auto* matrix = factors + i * n * n;
      info[i] = data_->blocked  ? kernels::dense_lu_factor(n, matrix, pivots + i * n)
                : n <= kSmallLu ? small_lu_factor(n, matrix, pivots + i * n)
                                : lapack::lu_factor(n, n, matrix, pivots + i * n);
    });
  });
}

Lu Lu::transposed() const {
  return Lu(data_, !transposed_);
}

template <class T>
void Lu::solve_interleaved(bool transposed, std::int64_t count, int columns, T* x) const {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  const int n = data_->n;
  const std::int64_t size = std::int64_t{n} * columns;
  const T* factors = data_->factors.data_ptr<T>();
  const int* pivots = data_->pivots.data_ptr<int>();
  each_matrix(group_count<T>(count), 2.0 * n * size * lanes / 4, [&](std::int64_t i) {
    const std::int64_t here = std::min(lanes, count - i * lanes);
    // A few vectors are solved in less time than memory takes to get.
    alignas(64) T few[kSmallLu * lanes];
    const Tensor many = size > kSmallLu ? empty({size * lanes}, scalar_type_of<T>) : Tensor();
    T* values = many.defined() ? many.data_ptr<T>() : few;
    interleave(x + i * lanes * size, here, size, values);
    kernels::kernels().lu.of<T>().solve(transposed, n, columns, factors + i * n * n * lanes,
                                        pivots + i * n * lanes, values);
    deinterleave(values, here, size, x + i * lanes * size);
  });
}

Tensor Lu::solve(const Tensor& b, Side side) const {
  const int n = data_->n;
  const std::int64_t tail = side == Side::Vector ? 1 : 2;
  IntArrayRef batch = b.sizes().slice(0, b.dim() - tail), sizes = b.sizes();
  std::vector<std::int64_t> broadcast_sizes;
  if (batch != data_->batch.sizes()) {
    const Geometry both = broadcast("linalg.solve", data_->batch.sizes(), batch);
    broadcast_sizes = join(both.sizes(), sizes.slice(b.dim() - tail, tail));
    sizes = broadcast_sizes;
    batch = sizes.slice(0, both.ndim);
  }
  const auto many = static_cast<int>(side == Side::Vector ? 1
                                     : side == Side::Left ? columns(b)
                                                          : rows(b));
  const bool interleaved = data_->lanes > 1;
  const bool by_rows =
      data_->blocked || (side == Side::Left && n <= kSmallLu && many > 1 && !interleaved);
  // LAPACK solves for columns: those of X, or of Xᵀ, which are the rows of X.
  Tensor x = side == Side::Left && !by_rows ? copy_columns(b, sizes) : copy_rows(b, sizes);
  const bool transposed = transposed_ ^ (side == Side::Right) ^ data_->of_transpose;
  const BatchIndex index(data_->batch.sizes(), batch);
  visit_real(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    T* values = x.data_ptr<T>();
    if (interleaved && batch == data_->batch.sizes())
      return solve_interleaved(transposed, count_of(batch), many, values);
    const T* factors = data_->factors.template data_ptr<T>();
    const int* pivots = data_->pivots.data_ptr<int>();
    each_matrix(count_of(batch), 2.0 * n * n * many, [&](std::int64_t i) {
      const std::int64_t k = index[i];
      T* column = values + i * n * std::int64_t{many};
      if (data_->blocked) {
        const bool rows_of_x = side == Side::Left;
        kernels::dense_lu_solve(transposed, n, many, factors + k * n * n, pivots + k * n, column,
                                rows_of_x ? many : 1, rows_of_x ? 1 : n);
      } else if (interleaved) {
        T own[kSmallLu * kSmallLu];
        int own_pivots[kSmallLu];
        for (int e = 0; e < n * n; ++e) own[e] = factors[data_->at(k, e, n * n)];
        for (int e = 0; e < n; ++e) own_pivots[e] = pivots[data_->at(k, e, n)];
        small_lu_solve(transposed, n, many, own, own_pivots, column);
      } else if (by_rows) {
        small_lu_solve_rows(transposed, n, many, factors + k * n * n, pivots + k * n, column);
      } else if (n <= kSmallLu) {
        small_lu_solve(transposed, n, many, factors + k * n * n, pivots + k * n, column);
      } else {
        lapack::lu_solve(transposed, n, many, factors + k * n * n, pivots + k * n, column);
      }
    });
  });
  return x;
}

Tensor Lu::inverse() const {
  return solve(eye(data_->n, TensorOptions(data_->factors.scalar_type())), Side::Left);
}

template <class T, class F>
void Lu::each_diagonal_entry(std::int64_t i, F&& f) const {
  const int n = data_->n;
  const T* factors = data_->factors.data_ptr<T>();
  const int* pivots = data_->pivots.data_ptr<int>();
  for (int k = 0; k < n; ++k)
    f(factors[data_->at(i, std::int64_t{k} * n + k, std::int64_t{n} * n)],
      /*exchanged=*/pivots[data_->at(i, k, n)] != k + 1);
}

void Lu::signed_log_det(Tensor& sign, Tensor& log) const {
  const auto dtype = data_->factors.scalar_type();
  sign = empty(data_->batch.sizes(), dtype);
  log = empty(data_->batch.sizes(), dtype);
  visit_real(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < data_->count; ++i) {
      T s = 1, sum = 0;
      each_diagonal_entry<T>(i, [&](T u, bool exchanged) {
        if (exchanged) s = -s;
        if (!(u > 0)) s = u < 0 ? -s : u * 0;  // 0 for 0, NaN for NaN
        sum += std::log(std::abs(u));
      });
      sign.data_ptr<T>()[i] = s;
      log.data_ptr<T>()[i] = sum;
    }
  });
}

Tensor Lu::det() const {
  const auto dtype = data_->factors.scalar_type();
  Tensor result = empty(data_->batch.sizes(), dtype);
  visit_real(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < data_->count; ++i) {
      T product = 1;
      each_diagonal_entry<T>(i, [&](T u, bool exchanged) { product *= exchanged ? -u : u; });
      result.data_ptr<T>()[i] = product;
    }
  });
  return result;
}

std::int64_t Lu::first_singular() const {
  const int* info = data_->info.data_ptr<int>();
  for (std::int64_t i = 0; i < data_->count; ++i)
    if (info[i] > 0) return i;
  return -1;
}

bool Lu::nearly_singular(std::int64_t matrix) const {
  double smallest = HUGE_VAL, largest = 0;
  const auto dtype = data_->factors.scalar_type();
  visit_real(dtype, [&](auto zero) {
    each_diagonal_entry<decltype(zero)>(matrix, [&](double u, bool) {
      smallest = std::min(smallest, std::abs(u));
      largest = std::max(largest, std::abs(u));
    });
  });
  return smallest <= data_->n * epsilon(dtype) * largest;
}

}  // namespace pullback::linalg
