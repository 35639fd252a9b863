#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

/// From Size to 2 Size bytes, by two copies that meet or overlap.
template <std::size_t Size>
PULLBACK_INLINE void copy_ends(int64_t n, const unsigned char* from, unsigned char* to) {
  unsigned char first[Size], last[Size];
  __builtin_memcpy(first, from, Size);
  __builtin_memcpy(last, from + n - Size, Size);
  __builtin_memcpy(to, first, Size);
  __builtin_memcpy(to + n - Size, last, Size);
}

/// Fewer bytes than a vector has.
PULLBACK_INLINE void copy_few(int64_t n, const unsigned char* from, unsigned char* to) {
  if (n >= 32) return copy_ends<32>(n, from, to);
  if (n >= 16) return copy_ends<16>(n, from, to);
  if (n >= 8) return copy_ends<8>(n, from, to);
  if (n >= 4) return copy_ends<4>(n, from, to);
  for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}

/// Copies to the same address or to one that does not overlap.
PULLBACK_NOINLINE void copy_bytes(int64_t n, const unsigned char* from, unsigned char* to) {
  constexpr int64_t width = PULLBACK_VECTOR_BYTES;
#if defined(__x86_64__) && defined(__AVX__)
  // From so many bytes on the string instruction is faster: it takes whole lines of `to` without
  // reading them first. It is eight times slower where `to` is less than a line ahead, modulo a
  // page.
  constexpr int64_t kStringBytes = 8192;
  if (n >= kStringBytes && ((to - from - 1) & 4095) >= 63) {
    asm volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(n) : : "memory");
    return;
  }
#endif
  int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    Vector<unsigned char> run[4];
    PULLBACK_UNROLL for (int j = 0; j < 4; ++j) run[j] = load(from + i + j * width);
    PULLBACK_UNROLL for (int j = 0; j < 4; ++j) store(to + i + j * width, run[j]);
  }
  for (; i + width <= n; i += width) store(to + i, load(from + i));
  if (n >= width) {
    store(to + n - width, load(from + n - width));
  } else {
    copy_few(n, from, to);
  }
}

template <class T>
void copy(int64_t n, char* const* data, const int64_t* strides) {
  const int64_t size = sizeof(T);
  if (strides[0] == size && strides[1] == size) {
    copy_bytes(n * size, reinterpret_cast<const unsigned char*>(data[1]),
               reinterpret_cast<unsigned char*>(data[0]));
  } else if (strides[0] == size && strides[1] == -size) {
    const T* last = reinterpret_cast<const T*>(data[1]);
    T* to = reinterpret_cast<T*>(data[0]);
    for (int64_t i = 0; i < n; ++i) to[i] = last[-i];
  } else if (strides[0] == size) {
    gather(reinterpret_cast<T*>(data[0]), data[1], strides[1], n);
  } else {
    const char* from = data[1];
    char* to = data[0];
    for (int64_t i = 0; i < n; ++i) {
      *reinterpret_cast<T*>(to + i * strides[0]) =
          *reinterpret_cast<const T*>(from + i * strides[1]);
    }
  }
}

/// Each of `rows` elements n times, in whole vectors: what the last of a row has too much, the next
/// row writes over.
template <class W>
void repeat(int64_t rows, int64_t n, const char* from, int64_t stride, void* to) {
  W* row = static_cast<W*>(to);
  for (int64_t i = 0; i < rows; ++i, row += n, from += stride) {
    const Vector<W> value = *reinterpret_cast<const W*>(from) - Vector<W>{};
    for (int64_t j = 0; j < n; j += kLanes<W>) store(row + j, value);
  }
}

/// A float outside the integer's range has no defined value in C++; x86 gives the least integer,
/// and so does every path here, because the conversion is the instruction.
struct Cast {
  template <class T>
  PULLBACK_INLINE T operator()(T x) const {
    return x;
  }
};
struct ToBool {
  template <class T>
  PULLBACK_INLINE bool operator()(T x) const {
    return x != T(0);
  }
};

template <class From>
void fill_casts(Loop* to) {
  to[kCode<bool>] = loop<ToBool, bool, From>;
  to[kCode<int32_t>] = loop<Cast, int32_t, From>;
  to[kCode<int64_t>] = loop<Cast, int64_t, From>;
  to[kCode<float>] = loop<Cast, float, From>;
  to[kCode<double>] = loop<Cast, double, From>;
  to[kCode<From>] = copy<From>;
}

template <std::size_t Size>
struct WordOf {
  using type = uint64_t;
};
template <>
struct WordOf<4> {
  using type = uint32_t;
};
template <>
struct WordOf<1> {
  using type = unsigned char;
};
template <class T>
using Word = typename WordOf<sizeof(T)>::type;

/// Chooses bits by a mask: the compiler turns a conditional into a branch, four times slower.
struct Where {
  template <class W>
  PULLBACK_INLINE W operator()(unsigned char condition, W a, W b) const {
    const W mask = static_cast<W>(W(0) - static_cast<W>(condition != 0));
    return static_cast<W>((a & mask) | (b & static_cast<W>(~mask)));
  }
};

template <class... T>
void fill_copies(Kernels& table) {
  ((table.copy.loops[kCode<T>] = copy<T>), ...);
  ((fill_casts<T>(table.casts[kCode<T>])), ...);
  ((table.where.loops[kCode<T>] = loop<Where, Word<T>, unsigned char, Word<T>, Word<T>>), ...);
}

}  // namespace

void fill_copy(Kernels& table) {
  fill_copies<bool, int32_t, int64_t, float, double>(table);
  table.repeat_bytes = repeat<unsigned char>;
  table.repeat_words = repeat<uint32_t>;
  table.repeat_double_words = repeat<uint64_t>;
}

}  // namespace pullback::kernels::PULLBACK_TIER
