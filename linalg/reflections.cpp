#include <pullback/linalg/reflections.h>

#include <pullback/core/kernels/blas.h>
#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/round_up.h>

namespace pullback::linalg {
namespace {

// Reflections are applied one by one in matrices of up to so many bytes, and where there are few;
// elsewhere products of blocks take less time.
constexpr std::int64_t kOneByOne = 80 << 10;
constexpr int kBlock = 32;
template <class T>
int block_size(int m, int k) {
  const std::int64_t bytes = std::int64_t{m} * k * static_cast<std::int64_t>(sizeof(T));
  return bytes <= kOneByOne ? k : std::min(k, kBlock);
}

// The distance of rows whose vectors are whole.
template <class T>
std::int64_t padded(int columns) {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  return kernels::round_up(std::int64_t{columns}, lanes);
}

}  // namespace

template <class T>
Reflections<T>::Reflections(int m, int n, int k)
    : m_(m),
      n_(n),
      k_(k),
      block_(block_size<T>(m, k)),
      stride_(padded<T>(n)),
      r_(m * stride_),
      v_(std::int64_t{k} * m),
      t_(std::int64_t{k} * block_),
      tau_(k) {}

template <class T>
typename Reflections<T>::Block Reflections<T>::block(int first) const {
  return {first,
          std::min(block_, k_ - first),
          m_ - first,
          v_.data() + std::int64_t{first} * m_,
          t_.data() + std::int64_t{first} * block_,
          tau_.data() + first};
}

template <class T>
void Reflections<T>::factor(const T* a) {
  T* row = r_.data();
  for (int i = 0; i < m_; ++i, a += n_, row += stride_) {
    std::copy(a, a + n_, row);
    std::fill(row + n_, row + stride_, T(0));
  }
  if (one_block())
    return kernels::kernels().householder.of<T>().factor(m_, n_, r_.data(), stride_, v_.data(),
                                                         tau_.data());
  factor_blocks();
}

template <class T>
void Reflections<T>::factor_blocks() {
  const std::int64_t width = padded<T>(kBlock);
  kernels::Buffer<T> panel(m_ * width);
  for (int first = 0; first < k_; first += block_) {
    const Block b = block(first);
    T* corner = r_.data() + first * stride_ + first;
    // A panel of its own, because rows a power of two apart share few places of the caches.
    for (int i = 0; i < b.rows; ++i) {
      T* row = panel.data() + i * width;
      std::copy(corner + i * stride_, corner + i * stride_ + b.size, row);
      std::fill(row + b.size, row + width, T(0));
    }
    kernels::kernels().householder.of<T>().factor(b.rows, b.size, panel.data(), width, b.v, b.tau);
    for (int i = 0; i < b.size; ++i) {
      const T* row = panel.data() + i * width;
      std::copy(row + i, row + b.size, corner + i * stride_ + i);
    }
    join(b);
    multiply(b, /*transposed=*/true, n_ - first - b.size, corner + b.size, stride_);
  }
}

// H₁ … H_j = I − V T Vᵀ, multiplied by H_{j+1} = I − τ v vᵀ, gives T the column −τ T Vᵀ v and the
// diagonal τ.
template <class T>
void Reflections<T>::join(const Block& b) {
  const int size = b.size;
  kernels::Buffer<T> products(size * size);
  kernels::gemm(false, true, size, size, b.rows, T(1), b.v, b.rows, b.v, b.rows, T(0),
                products.data(), size);
  for (int j = 0; j < size; ++j) {
    for (int i = 0; i < size; ++i) {
      T sum = 0;
      for (int l = i; l < j; ++l) sum += b.t[i * size + l] * products[l * size + j];
      b.t[i * size + j] = i == j ? b.tau[j] : -b.tau[j] * sum;
    }
  }
}

template <class T>
void Reflections<T>::multiply(const Block& b, bool transposed, int columns, T* a,
                              std::int64_t stride) const {
  if (columns == 0) return;
  kernels::Buffer<T> products(2 * std::int64_t{b.size} * columns);
  T *va = products.data(), *tva = va + std::int64_t{b.size} * columns;
  kernels::gemm(false, false, b.size, columns, b.rows, T(1), b.v, b.rows, a, stride, T(0), va,
                columns);
  kernels::gemm(transposed, false, b.size, columns, b.size, T(1), b.t, b.size, va, columns, T(0),
                tva, columns);
  kernels::gemm(true, false, b.rows, columns, b.size, T(-1), b.v, b.rows, tva, columns, T(1), a,
                stride);
}

template <class T>
void Reflections<T>::unpack(const T* packed, const T* tau) {
  std::copy(tau, tau + k_, tau_.data());
  for (int first = 0; first < k_; first += block_) {
    const Block b = block(first);
    for (int i = 0; i < b.size; ++i) {
      T* v = b.v + i * b.rows;
      std::fill(v, v + i, T(0));
      v[i] = T(1);
      const T* column = packed + std::int64_t{first + i} * m_ + first;
      std::copy(column + i + 1, column + b.rows, v + i + 1);
    }
    if (!one_block()) join(b);
  }
}

template <class T>
void Reflections<T>::pack(T* packed, T* tau) const {
  std::copy(tau_.data(), tau_.data() + k_, tau);
  for (int j = 0; j < n_; ++j) {
    T* column = packed + std::int64_t{j} * m_;
    for (int i = 0; i < m_ && i <= j; ++i) column[i] = r_.data()[i * stride_ + j];
    if (j >= k_) continue;
    const Block b = block(j / block_ * block_);
    const T* v = b.v + (j - b.first) * b.rows;
    std::copy(v + j + 1 - b.first, v + b.rows, column + j + 1);
  }
}

template <class T>
void Reflections<T>::write_r(int rows, T* r) const {
  for (int i = 0; i < rows; ++i, r += n_) {
    const T* row = r_.data() + i * stride_;
    const int zeros = std::min(i, n_);
    std::fill(r, r + zeros, T(0));
    std::copy(row + zeros, row + n_, r + zeros);
  }
}

template <class T>
void Reflections<T>::write_q(int columns, T* q) const {
  const std::int64_t stride = padded<T>(columns);
  kernels::Buffer<T> by_rows(m_ * stride);
  if (one_block()) {
    kernels::kernels().householder.of<T>().product(m_, columns, k_, v_.data(), tau_.data(),
                                                   by_rows.data(), stride);
  } else {
    std::fill(by_rows.data(), by_rows.data() + m_ * stride, T(0));
    for (int j = 0; j < columns; ++j) by_rows[j * stride + j] = T(1);
    for (int first = (k_ - 1) / block_ * block_; first >= 0; first -= block_)
      multiply(block(first), /*transposed=*/false, columns - first,
               by_rows.data() + first * stride + first, stride);
  }
  kernels::kernels().transpose<T>(m_, columns, by_rows.data(), stride, q, m_);
}

template <class T>
InterleavedReflections<T>::InterleavedReflections(std::int64_t count, int m, int n, int k)
    : count_(count),
      m_(m),
      n_(n),
      k_(k),
      packed_(kernels::kBatchLanes<T> * m * n),
      tau_(kernels::kBatchLanes<T> * k) {}

template <class T>
void InterleavedReflections<T>::factor(const T* a) {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  T* packed = packed_.data();
  if (count_ < lanes) std::fill(packed, packed + lanes * m_ * n_, T(0));
  for (int i = 0; i < m_; ++i)
    kernels::kernels().transpose(count_, n_, a + i * n_, m_ * n_, packed + i * lanes, m_ * lanes);
  kernels::kernels().householder.of<T>().factor_batch(m_, n_, packed, tau_.data());
}

template <class T>
void InterleavedReflections<T>::unpack(const T* packed, const T* tau) {
  interleave(packed, count_, std::int64_t{m_} * n_, packed_.data());
  interleave(tau, count_, k_, tau_.data());
}

template <class T>
void InterleavedReflections<T>::pack(T* packed, T* tau) const {
  deinterleave(packed_.data(), count_, std::int64_t{m_} * n_, packed);
  deinterleave(tau_.data(), count_, k_, tau);
}

template <class T>
void InterleavedReflections<T>::write_r(int rows, T* r) const {
  constexpr std::int64_t lanes = kernels::kBatchLanes<T>;
  const std::int64_t size = std::int64_t{rows} * n_;
  std::fill(r, r + count_ * size, T(0));
  for (int i = 0; i < k_; ++i)
    kernels::kernels().transpose<T>(n_ - i, count_, packed_.data() + (i + i * m_) * lanes,
                                    m_ * lanes, r + i * n_ + i, size);
}

template <class T>
void InterleavedReflections<T>::write_q(int columns, T* q) const {
  const std::int64_t size = std::int64_t{m_} * columns;
  kernels::Buffer<T> group(kernels::kBatchLanes<T> * size);
  kernels::kernels().householder.of<T>().product_batch(m_, columns, k_, packed_.data(), tau_.data(),
                                                       group.data());
  deinterleave(group.data(), count_, size, q);
}

template class Reflections<float>;
template class Reflections<double>;
template class InterleavedReflections<float>;
template class InterleavedReflections<double>;

}  // namespace pullback::linalg
