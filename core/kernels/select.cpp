#include <pullback/core/kernels/select.h>

#include <algorithm>
#include <vector>

#include <pullback/core/kernels/pool.h>
#include <pullback/core/kernels/sort_key.h>

namespace pullback::kernels {
namespace {

using std::int64_t;

constexpr std::size_t kFew = 32;  // below, comparing is faster than counting digits

/// Keeps the keys that share the first digits of the one of a rank, which becomes its rank among
/// them, until they are few or all the same.
template <class K>
void narrow(std::vector<K>& keys, int64_t& rank) {
  while (keys.size() > kFew) {
    K differing = 0;
    for (const K key : keys) differing |= key ^ keys[0];
    if (differing == 0) return;
    const int shift = std::max(0, static_cast<int>(std::bit_width(differing)) - 8);
    const auto digit = [shift](K key) { return static_cast<std::uint8_t>(key >> shift); };
    int64_t counts[256] = {};
    for (const K key : keys) ++counts[digit(key)];
    int wanted = 0;
    while (rank >= counts[wanted]) rank -= counts[wanted++];
    std::size_t kept = 0;
    for (const K key : keys) {  // without a branch
      keys[kept] = key;
      kept += digit(key) == wanted;
    }
    keys.resize(kept);
  }
}

/// The key of a rank, which becomes its rank among those that equal it.
template <class K>
K key_at(std::vector<K>& keys, int64_t& rank) {
  narrow(keys, rank);
  const auto at = keys.begin() + rank;
  std::nth_element(keys.begin(), at, keys.end());
  rank = std::count(keys.begin(), at, *at);
  return *at;
}

template <class T>
int64_t median_rank(const std::vector<Key<T>>& keys) {
  const auto n = static_cast<int64_t>(keys.size());
  if constexpr (std::is_floating_point_v<T>) {
    const int64_t nans = std::count(keys.begin(), keys.end(), key_of(T(NAN)));
    if (nans > 0) return n - nans;
  }
  return (n - 1) / 2;
}

/// Where a row's element of a rank is.
template <class T>
int64_t select(const T* row, int64_t n, int64_t rank, std::vector<Key<T>>& keys) {
  keys.resize(static_cast<std::size_t>(n));
  for (int64_t i = 0; i < n; ++i) keys[i] = key_of(row[i]);
  if (rank == kMedian) rank = median_rank<T>(keys);
  const Key<T> key = key_at(keys, rank);
  int64_t place = 0;
  while (key_of(row[place]) != key || rank-- > 0) ++place;
  return place;
}

}  // namespace

void select_rows(ScalarType type, int64_t m, int64_t n, int64_t rank, const void* in, void* values,
                 int64_t* indices) {
  visit(type, [&]<class T>(T) {
    const T* from = static_cast<const T*>(in);
    T* to = static_cast<T*>(values);
    parallel_for(m, std::max<int64_t>(1, 2048 / n), [=](int64_t begin, int64_t end) {
      std::vector<Key<T>> keys;
      for (int64_t i = begin; i < end; ++i) {
        indices[i] = select(from + i * n, n, rank, keys);
        to[i] = from[i * n + indices[i]];
      }
    });
  });
}

}  // namespace pullback::kernels
