#include <utility>

#include <pullback/core/kernels/short_copy.h>
#include <pullback/core/kernels/vectors.h>

namespace pullback::kernels::PULLBACK_TIER {
namespace {

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
  } else if (n >= kShortest) {
    with_chunk(n, [=]<int64_t chunk>() { copy_ends<chunk>(n, from, to); });
  } else {
    for (; i < n; ++i) to[i] = from[i];
  }
}

template <class W, int64_t Bytes, int... I>
PULLBACK_INLINE void reverse_chunk(const W* from, W* to, std::integer_sequence<int, I...>) {
  typedef W Chunk __attribute__((vector_size(Bytes), aligned(sizeof(W)), may_alias));
  const Chunk chunk = *reinterpret_cast<const Chunk*>(from);
  constexpr int last = sizeof...(I) - 1;
  *reinterpret_cast<Chunk*>(to) = __builtin_shufflevector(chunk, chunk, (last - I)...);
}
/// The elements of a chunk, the last first.
template <int64_t Bytes, class W>
PULLBACK_INLINE void reverse_chunk(const W* from, W* to) {
  constexpr int lanes = Bytes / sizeof(W);
  reverse_chunk<W, Bytes>(from, to, std::make_integer_sequence<int, lanes>());
}

/// Copies rows of n elements, each from its end to its beginning.
template <class W>
PULLBACK_NOINLINE void reverse(int64_t rows, int64_t n, const char* from, int64_t from_stride,
                               char* to, int64_t to_stride) {
  constexpr int64_t width = PULLBACK_VECTOR_BYTES, lanes = width / sizeof(W);
  const int64_t bytes = n * static_cast<int64_t>(sizeof(W));
  const auto for_each_row = [=](auto f) {
    for (int64_t i = 0; i < rows; ++i)
      f(reinterpret_cast<const W*>(from + i * from_stride),
        reinterpret_cast<W*>(to + i * to_stride));
  };
  if (sizeof(W) == 1 || bytes < kShortest) {
    for_each_row([=](const W* x, W* y) {
      for (int64_t i = 0; i < n; ++i) y[i] = x[n - 1 - i];
    });
  } else if (bytes >= width) {
    for_each_row([=](const W* x, W* y) {
      for (int64_t i = 0; i + lanes <= n; i += lanes)
        reverse_chunk<width>(x + n - lanes - i, y + i);
      reverse_chunk<width>(x, y + n - lanes);
    });
  } else {
    with_chunk(bytes, [=]<int64_t chunk>() {
      if constexpr (chunk >= sizeof(W) && chunk < width) {
        const int64_t rest = n - chunk / static_cast<int64_t>(sizeof(W));
        for_each_row([=](const W* x, W* y) {
          reverse_chunk<chunk>(x + rest, y);
          reverse_chunk<chunk>(x, y + rest);
        });
      }
    });
  }
}

/// Copies runs of so many bytes as operand 2 says in reverse. A run of the input starts at its end.
template <class W>
void reverse_runs(int64_t n, char* const* data, const int64_t* strides) {
  const int64_t bytes = *reinterpret_cast<const int64_t*>(data[2]), size = sizeof(W);
  reverse<W>(n, bytes / size, data[1] - (bytes - size), strides[1], data[0], strides[0]);
}

template <class T>
void copy(int64_t n, char* const* data, const int64_t* strides) {
  const int64_t size = sizeof(T);
  if (strides[0] == size && strides[1] == size) {
    copy_bytes(n * size, reinterpret_cast<const unsigned char*>(data[1]),
               reinterpret_cast<unsigned char*>(data[0]));
  } else if (strides[0] == size && strides[1] == -size) {
    reverse<T>(1, n, data[1] - (n - 1) * size, 0, data[0], 0);
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

/// Copies runs of so many bytes as operand 2 says.
void copy_runs(int64_t n, char* const* data, const int64_t* strides) {
  const int64_t bytes = *reinterpret_cast<const int64_t*>(data[2]);
  const auto* from = reinterpret_cast<const unsigned char*>(data[1]);
  auto* to = reinterpret_cast<unsigned char*>(data[0]);
  constexpr int64_t kMany = 8;
  if (strides[1] == 0 && strides[0] == bytes && n >= kMany) {  // what there is of one run doubles
    copy_bytes(bytes, from, to);
    for (int64_t done = bytes, all = n * bytes; done < all; done *= 2)
      copy_bytes(done < all - done ? done : all - done, to, to + done);
    return;
  }
  if (bytes < kShortest || bytes >= kShortEnd) {
    for (int64_t i = 0; i < n; ++i) copy_bytes(bytes, from + i * strides[1], to + i * strides[0]);
    return;
  }
  with_chunk(bytes, [=]<int64_t chunk>() {
    for (int64_t i = 0; i < n; ++i)
      copy_ends<chunk>(bytes, from + i * strides[1], to + i * strides[0]);
  });
}

/// Each of `rows` elements n times, by whole chunks of `Bytes`: what the last of a row has too
/// much, the next row writes over.
template <class W, int Bytes>
void repeat(int64_t rows, int64_t n, const char* from, int64_t stride, W* row) {
  typedef W Chunk __attribute__((vector_size(Bytes)));
  typedef W Unaligned __attribute__((vector_size(Bytes), aligned(sizeof(W)), may_alias));
  constexpr int64_t lanes = Bytes / static_cast<int64_t>(sizeof(W));
  for (int64_t i = 0; i < rows; ++i, row += n, from += stride) {
    const Chunk value = *reinterpret_cast<const W*>(from) - Chunk{};
    for (int64_t j = 0; j < n; j += lanes) *reinterpret_cast<Unaligned*>(row + j) = value;
  }
}
/// A chunk that is longer than a row is slower, for it crosses more lines of the cache.
template <class W>
void repeat(int64_t rows, int64_t n, const char* from, int64_t stride, void* to) {
  const bool is_short = sizeof(W) == 1 || n * static_cast<int64_t>(sizeof(W)) <= 16;
  if (is_short) return repeat<W, 16>(rows, n, from, stride, static_cast<W*>(to));
  repeat<W, PULLBACK_VECTOR_BYTES>(rows, n, from, stride, static_cast<W*>(to));
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

/// Whether a tier has a cast of its own. AVX-512 has those that AVX2 has no instruction for; others
/// wait for memory.
template <class To, class From>
constexpr bool kOwnCast =
#ifdef __AVX512F__
    (kBoolean<To> && !kBoolean<From>) || (kFloating<To> && kCode<From> == kCode<int64_t>) ||
    (kFloating<From> && kCode<To> == kCode<int64_t>);
#else
    kCode<To> != kCode<From>;
#endif

template <class F, class From, class... To>
void fill_casts(Loop* loops) {
  (
      [&] {
        if constexpr (kOwnCast<To, From>) loops[kCode<To>] = loop<F, To, From>;
      }(),
      ...);
}
template <class From>
void fill_casts(Loop* loops) {
  fill_casts<ToBool, From, bool>(loops);
  fill_casts<Cast, From, int32_t, int64_t, float, double>(loops);
  PULLBACK_ENTER(loops, From, copy<Word<From>>);
}

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
  ((table.copy.loops[kCode<T>] = copy<Word<T>>), ...);
  ((table.reverse_runs.loops[kCode<T>] = reverse_runs<Word<T>>), ...);
  ((fill_casts<T>(table.casts[kCode<T>])), ...);
  ((table.where.loops[kCode<T>] = loop<Where, Word<T>, unsigned char, Word<T>, Word<T>>), ...);
}

}  // namespace

void fill_copy(Kernels& table) {
  fill_copies<bool, int32_t, int64_t, float, double>(table);
  table.copy_runs = copy_runs;
  table.repeat_bytes = repeat<unsigned char>;
  table.repeat_words = repeat<uint32_t>;
  table.repeat_double_words = repeat<uint64_t>;
}

}  // namespace pullback::kernels::PULLBACK_TIER
