#include "catch.h"

#include <pullback/core/kernels/indexed.h>
#include <pullback/core/kernels/pool.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

using namespace pullback;
using namespace pullback::kernels;

namespace {

struct Case {
  std::vector<std::int64_t> sizes;
  int dim;
  std::int64_t length;            ///< of the addressed dimension of x
  bool one_index_a_line = false;  ///< the index does not change along the last dimension
};

std::vector<std::int64_t> strides_of(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> strides(sizes.size());
  std::int64_t n = 1;
  for (std::size_t d = sizes.size(); d-- > 0; n *= sizes[d]) strides[d] = n;
  return strides;
}

/// A walk over dense memory, and for each position where it lies in x, the index and the other.
struct Walk : IndexedWalk {
  explicit Walk(const Case& c) {
    std::vector<std::int64_t> in_x = c.sizes;
    in_x[static_cast<std::size_t>(c.dim)] = c.length;
    std::vector<std::int64_t> of_index = c.sizes;
    if (c.one_index_a_line) of_index.back() = 1;
    const auto xs = strides_of(in_x), is = strides_of(of_index), os = strides_of(c.sizes);
    ndim = static_cast<int>(c.sizes.size());
    dim = c.dim;
    along = xs[static_cast<std::size_t>(dim)];
    for (int d = 0; d < ndim; ++d) {
      const auto k = static_cast<std::size_t>(d);
      IndexedWalk::sizes[d] = c.sizes[k];
      x[d] = d == dim ? 0 : xs[k];
      index[d] = of_index[k] == 1 ? 0 : is[k];
      other[d] = os[k];
    }
    x_elements = xs[0] * in_x[0], elements = os[0] * c.sizes[0];
  }
  template <class F>
  void for_each(F f) const {
    for (std::int64_t p = 0; p < elements; ++p) {
      std::int64_t rest = p, at_x = 0, at_index = 0;
      for (int d = ndim - 1; d >= 0; --d) {
        at_x += rest % sizes[d] * x[d];
        at_index += rest % sizes[d] * index[d];
        rest /= sizes[d];
      }
      f(at_x, at_index, p);
    }
  }
  std::int64_t x_elements, elements;
};

}  // namespace

TEST_CASE("elements are gathered and scattered alike in every layout, on one thread and on three") {
  const int before = num_threads();
  for (const Case& c : {Case{{1}, 0, 3},
                        Case{{5}, 0, 7},
                        Case{{70000}, 0, 11},
                        Case{{300, 40}, 0, 17},
                        Case{{300, 40}, 1, 17},
                        Case{{2, 30000}, 0, 5},
                        Case{{2, 30000}, 1, 5},
                        Case{{7, 11, 13}, 0, 3},
                        Case{{7, 11, 13}, 1, 3},
                        Case{{7, 11, 13}, 2, 3},
                        Case{{500, 1}, 0, 9},
                        Case{{500, 1}, 1, 9},
                        Case{{40, 300}, 0, 17, true},
                        Case{{4, 9, 70}, 1, 6, true},
                        Case{{9000, 1}, 0, 50, true},
                        Case{{9000, 3}, 0, 50, true},
                        Case{{9000, 3}, 1, 3},
                        Case{{9000, 5}, 0, 50, true},
                        Case{{9000, 8}, 0, 50, true},
                        Case{{9000, 10}, 0, 50, true},
                        Case{{9000, 10}, 1, 10},
                        Case{{90, 16}, 0, 50, true},
                        Case{{5, 4000, 3}, 1, 50, true},
                        Case{{3, 0}, 0, 4}}) {
    const Walk walk(c);
    std::vector<std::int64_t> index(static_cast<std::size_t>(walk.elements) + 1);
    for (std::size_t i = 0; i < index.size(); ++i)
      index[i] = static_cast<std::int64_t>(i * 7919 % static_cast<std::size_t>(c.length));
    std::vector<float> x(static_cast<std::size_t>(walk.x_elements)),
        other(static_cast<std::size_t>(walk.elements));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 1000) * 0.5f;
    for (std::size_t i = 0; i < other.size(); ++i)
      other[i] = static_cast<float>(i % 777) / 777 - 0.4f;
    auto gathered = other, last = x, sum = x, product = x, largest = x, least = x;
    // In order of the addressed dimension wherever places meet: that of the positions.
    walk.for_each([&](std::int64_t at_x, std::int64_t at_index, std::int64_t p) {
      const auto place =
          static_cast<std::size_t>(at_x + index[static_cast<std::size_t>(at_index)] * walk.along);
      const float value = other[static_cast<std::size_t>(p)];
      gathered[static_cast<std::size_t>(p)] = x[place];
      last[place] = value;
      sum[place] += value;
      product[place] *= value;
      largest[place] = std::max(largest[place], value);
      least[place] = std::min(least[place], value);
    });
    for (const int threads : {1, 3}) {
      INFO(c.sizes.size() << " dimensions, " << c.sizes[0] << ", along " << c.dim << ", " << threads
                          << " threads");
      set_num_threads(threads);
      auto result = other, put = x, added = x, multiplied = x, raised = x, lowered = x;
      CHECK(gather(ScalarType::Float, walk, x.data(), index.data(), c.length, result.data()));
      const auto scatter_to = [&](std::vector<float>& to, Join join) {
        CHECK(scatter(ScalarType::Float, join, walk, to.data(), index.data(), c.length,
                      other.data()));
      };
      scatter_to(put, Join::Last);
      scatter_to(added, Join::Sum);
      scatter_to(multiplied, Join::Product);
      scatter_to(raised, Join::Largest);
      scatter_to(lowered, Join::Least);
      CHECK(result == gathered);
      CHECK(put == last);
      CHECK(added == sum);
      CHECK(multiplied == product);
      CHECK(raised == largest);
      CHECK(lowered == least);
    }
  }
  set_num_threads(before);
}

TEST_CASE("an index outside is found, at the ends of the integers too") {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  // Along a row, down its columns, and whole rows at a time.
  for (const Case& c :
       {Case{{3000}, 0, 10}, Case{{1500, 2}, 0, 10}, Case{{3000, 70}, 0, 10, true}}) {
    const Walk walk(c);
    std::vector<float> x(static_cast<std::size_t>(walk.x_elements)),
        other(static_cast<std::size_t>(walk.elements));
    for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{10}, least, most}) {
      for (const std::size_t place : {std::size_t{0}, std::size_t{2047}, std::size_t{2999}}) {
        std::vector<std::int64_t> index(3000, 9);
        CHECK(first_outside(index.data(), 3000, 10) == -1);
        CHECK(gather(ScalarType::Float, walk, x.data(), index.data(), 10, other.data()));
        index[place] = wrong;
        CHECK(first_outside(index.data(), 3000, 10) == static_cast<std::int64_t>(place));
        CHECK(!gather(ScalarType::Float, walk, x.data(), index.data(), 10, other.data()));
        CHECK(
            !scatter(ScalarType::Float, Join::Sum, walk, x.data(), index.data(), 10, other.data()));
      }
    }
  }
  const std::int64_t any = 0;
  CHECK(first_outside(&any, 1, 0) == 0);
  CHECK(first_outside(&any, 0, 0) == -1);
}

TEST_CASE("a line with one index is joined whatever its steps") {
  // Every other column of the rows 2, 0 and 2 of [3, 6], with one number for all or one for each.
  const std::vector<std::int64_t> index{2, 0, 2};
  for (const std::int64_t step : {0, 1}) {
    IndexedWalk walk;
    walk.ndim = 2, walk.dim = 0, walk.along = 6;
    const std::int64_t sizes[] = {3, 3}, of_x[] = {0, 2}, of_index[] = {1, 0},
                       of_other[] = {3 * step, step};
    std::copy_n(sizes, 2, walk.sizes);
    std::copy_n(of_x, 2, walk.x);
    std::copy_n(of_index, 2, walk.index);
    std::copy_n(of_other, 2, walk.other);
    const std::vector<float> other{3, 4, 5, 6, 7, 8, 9, 10, 11};
    const auto joined = [&](Join join) {
      std::vector<float> x(18, 2);
      CHECK(scatter(ScalarType::Float, join, walk, x.data(), index.data(), 3, other.data()));
      return std::vector<float>{x[0], x[1], x[2], x[6], x[12], x[14]};
    };
    using Numbers = std::vector<float>;
    CHECK(joined(Join::Last) == (step ? Numbers{6, 2, 7, 2, 9, 10} : Numbers{3, 2, 3, 2, 3, 3}));
    CHECK(joined(Join::Sum) == (step ? Numbers{8, 2, 9, 2, 14, 16} : Numbers{5, 2, 5, 2, 8, 8}));
    CHECK(joined(Join::Product) ==
          (step ? Numbers{12, 2, 14, 2, 54, 80} : Numbers{6, 2, 6, 2, 18, 18}));
    CHECK(joined(Join::Least) == Numbers{2, 2, 2, 2, 2, 2});
  }
}

TEST_CASE("a number that is none is larger and smaller than all that it meets") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::int64_t> index{0, 0, 1, 1, 2, 2};
  const std::vector<float> other{nan, 1, 1, nan, 1, 2};
  const Walk walk(Case{{6}, 0, 4});
  for (const Join join : {Join::Largest, Join::Least}) {
    std::vector<float> x{0, 0, nan, 0};
    CHECK(scatter(ScalarType::Float, join, walk, x.data(), index.data(), 3, other.data()));
    CHECK((x[0] != x[0] && x[1] != x[1] && x[2] != x[2] && x[3] == 0));
  }
}
