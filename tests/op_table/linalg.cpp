#include <pullback/linalg/linalg.h>

#include "op_table.h"

namespace pullback_tests {

#define ROW(name, expression)                                 \
  Row {                                                       \
    name, [](const Case& c) -> Outputs { return expression; } \
  }
// Recorded, these compute the vectors as well, which LAPACK does by another algorithm.
#define VALUES(name, factor, expression)                                    \
  Row {                                                                     \
    name, [](const Case& c) -> Outputs { return expression; }, RowOptions { \
      factor, nullptr, 2, true, /*same_bits=*/false                         \
    }                                                                       \
  }
// Through an op that amplifies rounding by about `factor`.
#define WITH(name, factor, expression)                                           \
  Row {                                                                          \
    name, [](const Case& c) -> Outputs { return expression; }, tolerance(factor) \
  }

namespace {

namespace linalg = pullback::linalg;

Tensor symmetric(const Tensor& a) {
  return (a + a.mT()) / 2;
}

// Eigenvectors and singular vectors are defined up to signs, their squares are not.
Outputs eigh(const Tensor& a) {
  auto [values, vectors] = linalg::eigh(symmetric(a));
  return {values, vectors * vectors};
}

Outputs svd(const Tensor& a) {
  auto [u, s, vh] = linalg::svd(a, /*full_matrices=*/false);
  return {u * u, s, vh * vh};
}

Tensor lu_solve(const Tensor& a, const Tensor& b) {
  auto [packed, pivots] = linalg::lu_factor(a);
  return linalg::lu_solve(packed, pivots, b);
}

Tensor matrix_norm(const Case& c) {
  return c.is_string("ord") ? linalg::matrix_norm(c.in(0), c.string("ord"))
                            : linalg::matrix_norm(c.in(0), c.scalar("ord"));
}

}  // namespace

Rows linalg_rows() {
  return {
      ROW("solve", {linalg::solve(c.in(0), c.in(1), c.boolean("left", true))}),
      ROW("inv", {linalg::inv(c.in(0))}),
      ROW("det", {linalg::det(c.in(0))}),
      ROW("slogdet", outputs(linalg::slogdet(c.in(0)))),
      ROW("cholesky", {linalg::cholesky(symmetric(c.in(0)), c.boolean("upper"))}),
      ROW("cholesky_solve", {pullback::cholesky_solve(c.in(0), c.in(1).tril())}),
      ROW("solve_triangular",
          {linalg::solve_triangular(c.in(0), c.in(1), c.boolean("upper"), c.boolean("left", true),
                                    c.boolean("unitriangular"))}),
      ROW("lu", outputs(linalg::lu(c.in(0)))),
      ROW("lu_solve", {lu_solve(c.in(0), c.in(1))}),
      ROW("qr", outputs(linalg::qr(c.in(0), c.string("mode", "reduced")))),
      WITH("eigh", 4, eigh(c.in(0))),
      VALUES("eigvalsh", 4, {linalg::eigvalsh(symmetric(c.in(0)))}),
      WITH("svd", 4, svd(c.in(0))),
      VALUES("svdvals", 4, {linalg::svdvals(c.in(0))}),
      WITH("pinv", 4, {linalg::pinv(c.in(0))}),
      WITH("lstsq", 4, {std::get<0>(linalg::lstsq(c.in(0), c.in(1)))}),
      ROW("matrix_exp", {linalg::matrix_exp(c.in(0))}),
      ROW("matrix_power", {linalg::matrix_power(c.in(0), c.integer("n"))}),
      ROW("householder_product", {linalg::householder_product(c.in(0), c.in(1))}),
      ROW("vector_norm",
          {linalg::vector_norm(c.in(0), c.scalar("ord", 2), c.list("dim"), c.boolean("keepdim"))}),
      VALUES("matrix_norm", 4, {matrix_norm(c)}),
      ROW("norm", {linalg::norm(c.in(0))}),
      VALUES("cond", 16, {linalg::cond(c.in(0))}),
      ROW("matrix_rank", {linalg::matrix_rank(c.in(0))}),
  };
}

#undef ROW
#undef VALUES
#undef WITH

}  // namespace pullback_tests
