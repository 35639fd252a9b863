#include <pullback/core/kernels/sort.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include <pullback/core/kernels/kernels.h>
#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/round_up.h>
#include <pullback/core/kernels/sort_key.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

/// A key of 64 bits leaves room for an index that serves rows of any length.
template <class K>
struct Entry {
  K key;
  std::conditional_t<sizeof(K) == 8, std::uint64_t, std::uint32_t> index;
};

template <class E>
constexpr bool before(const E& a, const E& b) {
  return a.key != b.key ? a.key < b.key : a.index < b.index;
}

constexpr int64_t kRanked = 128;     // up to here, comparing all with all is faster than sorting
constexpr int64_t kRankedPart = 48;  // and than keeping the first in order
constexpr int64_t kRadixFrom = 200;  // below, comparing is faster than counting
constexpr int64_t kFew = 64;         // as many are kept in order by insertion

/// Least digit first, 11 bits a digit; a digit that all keys share is skipped.
template <class E>
void radix_sort(std::vector<E>& entries, std::vector<E>& other) {
  using K = decltype(E::key);
  constexpr int bits = 11;
  constexpr int digits = (8 * static_cast<int>(sizeof(K)) + bits - 1) / bits;
  constexpr std::size_t buckets = std::size_t{1} << bits;
  static_assert(digits <= 6);
  thread_local std::vector<std::size_t> counts;
  counts.assign(digits * buckets, 0);
  const auto digit = [](K key, int d) {
    return static_cast<std::size_t>(key >> (d * bits)) & (buckets - 1);
  };
  for (const E& entry : entries) {
    for (int d = 0; d < digits; ++d) ++counts[d * buckets + digit(entry.key, d)];
  }
  for (int d = 0; d < digits; ++d) {
    std::size_t* count = counts.data() + d * buckets;
    if (count[digit(entries[0].key, d)] == entries.size()) continue;
    std::size_t start = 0;
    for (std::size_t b = 0; b < buckets; ++b) {
      const std::size_t size = count[b];
      count[b] = start;
      start += size;
    }
    for (const E& entry : entries) other[count[digit(entry.key, d)]++] = entry;
    entries.swap(other);
  }
}

template <class T, class E>
class RowSorter {
 public:
  /// Sorts the row and leaves its first k entries in order.
  void sort(const T* in, int64_t n, int64_t k, bool descending) {
    const bool part = k < n / 8;
    if (part && k <= kFew) return keep_first(in, n, k, descending);
    entries_.resize(static_cast<std::size_t>(n));
    for (int64_t i = 0; i < n; ++i) entries_[i] = entry_of(in[i], i, descending);
    if (part) {
      std::nth_element(entries_.begin(), entries_.begin() + k, entries_.end(), before<E>);
      std::sort(entries_.begin(), entries_.begin() + k, before<E>);
    } else if (n < kRadixFrom) {
      std::sort(entries_.begin(), entries_.end(), before<E>);
    } else {
      other_.resize(entries_.size());
      radix_sort(entries_, other_);
    }
  }

  void write(const T* in, int64_t k, T* values, int64_t* indices) {
    sorted_.resize(static_cast<std::size_t>(k));
    for (int64_t i = 0; i < k; ++i) std::memcpy(&sorted_[i], in + entries_[i].index, sizeof(T));
    std::memcpy(values, sorted_.data(), sorted_.size() * sizeof(T));
    for (int64_t i = 0; i < k; ++i) indices[i] = static_cast<int64_t>(entries_[i].index);
  }

 private:
  struct Element {
    alignas(T) unsigned char bytes[sizeof(T)];
  };
  static E entry_of(T x, int64_t i, bool descending) {
    const Key<T> key = key_of(x);
    return {descending ? static_cast<Key<T>>(~key) : key, static_cast<decltype(E::index)>(i)};
  }

  /// By the first k so far, in order: nearly every piece of the row comes after the last of them.
  void keep_first(const T* in, int64_t n, int64_t k, bool descending) {
    constexpr int64_t kPiece = 16;
    entries_.clear();
    for (int64_t i = 0; i < k; ++i) entries_.push_back(entry_of(in[i], i, descending));
    std::sort(entries_.begin(), entries_.end(), before<E>);
    for (int64_t begin = k; begin < n; begin += kPiece) {
      const int64_t end = std::min(begin + kPiece, n);
      const T last = in[entries_.back().index];
      int candidates = 0;  // NaN is one, and with a NaN last, everything
      if (descending) {
        for (int64_t i = begin; i < end; ++i) candidates += !(in[i] <= last);
      } else {
        for (int64_t i = begin; i < end; ++i) candidates += !(in[i] >= last);
      }
      if (candidates == 0) continue;
      for (int64_t i = begin; i < end; ++i) {
        const E entry = entry_of(in[i], i, descending);
        if (entry.key >= entries_.back().key) continue;
        int64_t place = k - 1;
        for (; place > 0 && entry.key < entries_[place - 1].key; --place)
          entries_[place] = entries_[place - 1];
        entries_[place] = entry;
      }
    }
  }

  std::vector<E> entries_, other_;
  std::vector<Element> sorted_;  // vector<bool> would pack
};

/// Sorts short rows, kLanes of them side by side: an element's place is the number of those that
/// come before it, found by n^2/2 comparisons without a branch.
template <class T>
class RowRanker {
 public:
  static constexpr int kLanes = 16;

  RowRanker(ScalarType type, bool descending)
      : transpose_(kernels().transpose(type)), descending_(descending) {}

  void rank(const T* in, int64_t rows, int64_t n) {
    constexpr int64_t size = sizeof(T);
    if (rows < kLanes) std::fill_n(&elements_[0][0], n * kLanes, T());
    transpose_(rows, n, reinterpret_cast<const char*>(in), n * size,
               reinterpret_cast<char*>(elements_), kLanes * size);
    const Key<T> sign = Key<T>{1} << (8 * sizeof(Key<T>) - 1);
    const Key<T> flip = descending_ ? ~sign : sign;
    for (int64_t i = 0; i < n; ++i) {
      Order own[kLanes], after[kLanes];
      for (int l = 0; l < kLanes; ++l) {
        own[l] = static_cast<Order>(key_of(elements_[i][l]) ^ flip);
        after[l] = 0;
      }
      for (int64_t j = 0; j < i; ++j) {
        for (int l = 0; l < kLanes; ++l) {
          const Order larger = keys_[j][l] > own[l];
          ranks_[j][l] += larger;
          after[l] += larger;
        }
      }
      for (int l = 0; l < kLanes; ++l) {
        keys_[i][l] = own[l];
        ranks_[i][l] = static_cast<Order>(i) - after[l];
      }
    }
  }

  void write(int64_t lane, int64_t n, int64_t k, T* values, int64_t* indices) const {
    T sorted[kRanked];
    int64_t order[kRanked];
    T* to = k == n ? values : sorted;
    int64_t* places = k == n ? indices : order;
    for (int64_t i = 0; i < n; ++i) {
      const Order rank = ranks_[i][lane];
      to[rank] = elements_[i][lane];
      places[rank] = i;
    }
    if (k == n) return;
    std::copy_n(sorted, k, values);
    std::copy_n(order, k, indices);
  }

 private:
  using Order = std::make_signed_t<Key<T>>;  // SSE2 compares no others
  Transpose transpose_;
  bool descending_;
  T elements_[kRanked][kLanes];
  Order keys_[kRanked][kLanes], ranks_[kRanked][kLanes];
};

template <class T>
void rank_rows(ScalarType type, bool descending, int64_t m, int64_t n, int64_t k, const T* in,
               T* values, int64_t* indices) {
  constexpr int64_t lanes = RowRanker<T>::kLanes;
  const int64_t groups = ceil_div(m, lanes);
  parallel_for(groups, std::max<int64_t>(1, 2048 / (lanes * n)), [=](int64_t begin, int64_t end) {
    RowRanker<T> ranker(type, descending);
    for (int64_t j = begin * lanes; j < std::min(end * lanes, m); j += lanes) {
      const int64_t rows = std::min(lanes, m - j);
      ranker.rank(in + j * n, rows, n);
      for (int64_t l = 0; l < rows; ++l)
        ranker.write(l, n, k, values + (j + l) * k, indices + (j + l) * k);
    }
  });
}

template <class T, class E>
void sort_typed(bool descending, int64_t m, int64_t n, int64_t k, const void* in, void* values,
                int64_t* indices) {
  const T* from = static_cast<const T*>(in);
  T* to = static_cast<T*>(values);
  const int64_t rows = std::max<int64_t>(1, 2048 / std::max<int64_t>(n, 1));
  parallel_for(m, rows, [=](int64_t begin, int64_t end) {
    RowSorter<T, E> sorter;
    for (int64_t j = begin; j < end; ++j) {
      sorter.sort(from + j * n, n, k, descending);
      sorter.write(from + j * n, k, to + j * k, indices + j * k);
    }
  });
}

void dispatch(ScalarType type, bool descending, int64_t m, int64_t n, int64_t k, const void* in,
              void* values, int64_t* indices) {
  if (m == 0 || n == 0 || k == 0) return;
  visit(type, [&]<class T>(T) {
    if (m >= RowRanker<T>::kLanes / 2 && n <= (k < n / 8 ? kRankedPart : kRanked)) {
      rank_rows(type, descending, m, n, k, static_cast<const T*>(in), static_cast<T*>(values),
                indices);
    } else if (n <= std::numeric_limits<std::uint32_t>::max()) {
      sort_typed<T, Entry<Key<T>>>(descending, m, n, k, in, values, indices);
    } else {
      sort_typed<T, Entry<std::uint64_t>>(descending, m, n, k, in, values, indices);
    }
  });
}

}  // namespace

void sort_rows(ScalarType type, bool descending, int64_t m, int64_t n, const void* in, void* values,
               int64_t* indices) {
  dispatch(type, descending, m, n, n, in, values, indices);
}

void topk_rows(ScalarType type, bool largest, int64_t m, int64_t n, int64_t k, const void* in,
               void* values, int64_t* indices) {
  dispatch(type, largest, m, n, k, in, values, indices);
}

}  // namespace pullback::kernels
