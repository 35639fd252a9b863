// What works along rows or columns, on tall and wide matrices: few features or classes of many
// samples, and the reverse. Timed on request only: `script/bench compare --only shapes/`.
#include "operations.h"

namespace compare {

namespace {

namespace functional = peer::nn::functional;

/// What operations are given beside the operand whose gradient is asked for.
struct Inputs {
  struct Size {
    std::int64_t rows, columns;
    bool operator==(const Size&) const = default;
  };
  Size size;
  Dtype dtype;
  std::int64_t rows = size.rows, columns = size.columns;
  Tensor x = waves({rows, columns}, dtype), y = waves({rows, columns}, dtype, 1);
  Tensor transposed = waves({columns, rows}, dtype, 2).t();
  Tensor row = waves({columns}, dtype, 3), column = waves({rows, 1}, dtype, 4);
  Tensor vector = waves({rows}, dtype, 5);
  Tensor mean = row * 0, variance = row.abs() + 1;
  Tensor mask = x > 0;
  Tensor classes = (peer::arange(rows) * 7919).remainder(columns);
  Tensor places = (peer::arange(rows * columns) * 7919).remainder(columns).reshape({rows, columns});
  Tensor picks = (peer::arange(rows) * 7919).remainder(rows);
  Tensor weight = waves({64, columns}, dtype, 6), bias = waves({64}, dtype, 7);
};

using Shapes = Operations<Inputs>;

void arithmetic(Shapes ops) {
  BOTH("x + y", x, a + in.y);
  BOTH("x + row", x, a + in.row);
  BOTH("x·column", x, a * in.column);
  BOTH("row, of row·y", row, in.y * a);
  BOTH("column, of column·y", column, in.y * a);
  BOTH("x + y, y by columns", x, a + in.transposed);
}

void layouts(Shapes ops) {
  BOTH("copy of the transpose", x, a.t().contiguous());
  BOTH("cat 0", x, peer::cat({a, in.y}, 0));
  BOTH("cat 1", x, peer::cat({a, in.y}, 1));
  BOTH("stack", x, peer::stack({a, in.y}, 1));
  BOTH("flip 1", x, a.flip({1}));
  BOTH("roll 1", x, peer::roll(a, 1, 1));
  BOTH("diff 1", x, peer::diff(a, 1, 1));
  BOTH("gather 1", x, a.gather(1, in.places));
  BOTH("scatter_add 1", x, peer::scatter_add(in.y, 1, in.places, a));
  BOTH("index_select 0", x, a.index_select(0, in.picks));
  BOTH("index_add 0", x, peer::index_add(in.y, 0, in.picks, a));
}

void reductions(Shapes ops) {
  BOTH("sum 0", x, a.sum(0));
  BOTH("sum 1", x, a.sum(1));
  BOTH("sum 1, by columns", transposed, a.sum(1));
  VALUES("sum 1 of bool", mask, a.sum(1));
  BOTH("mean 1", x, a.mean(1));
  BOTH("prod 1", x, a.prod(1));
  BOTH("var 1", x, a.var(1));
  BOTH("norm 1", x, a.norm(2, 1));
  BOTH("amax 0", x, a.amax(0));
  BOTH("amax 1", x, a.amax(1));
  BOTH("max 1", x, std::get<0>(a.max(1)));
  VALUES("argmax 1", x, a.argmax(1));
  VALUES("any 1", mask, a.any(1));
  BOTH("logsumexp 1", x, a.logsumexp(1));
  BOTH("cumsum 0", x, a.cumsum(0));
  BOTH("cumsum 1", x, a.cumsum(1));
  BOTH("sort 1", x, std::get<0>(a.sort(1)));
  BOTH("topk 1", x, std::get<0>(a.topk(3, 1)));
}

void layers(Shapes ops) {
  BOTH("softmax 0", x, peer::softmax(a, 0));
  BOTH("softmax 1", x, peer::softmax(a, 1));
  BOTH("log_softmax 1", x, peer::log_softmax(a, 1));
  BOTH("cross_entropy", x, functional::cross_entropy(a, in.classes));
  BOTH("nll_loss", x, functional::nll_loss(a, in.classes));
  BOTH("layer_norm", x, peer::layer_norm(a, {in.columns}, in.row, in.row));
  BOTH("batch_norm", x, batch_norm(a, in.row));
  BOTH("batch_norm, eval", x,
       functional::batch_norm(a, in.mean, in.variance,
                              functional::BatchNormFuncOptions().weight(in.row).bias(in.row)));
}

void products(Shapes ops) {
  BOTH("linear to 64", x, functional::linear(a, in.weight, in.bias));
  BOTH("weight of linear to 64", weight, functional::linear(in.x, a, in.bias));
  BOTH("x·vector", x, a.mv(in.row));
  BOTH("vector·x", x, peer::matmul(in.vector, a));
}

}  // namespace

void shapes(Workloads& workloads) {
  for (const Inputs::Size size :
       {Inputs::Size{64, 10}, {1000, 100}, {65536, 10}, {100'000, 3}, {10, 65536}}) {
    const std::string label = std::to_string(size.rows) + " × " + std::to_string(size.columns);
    for (const auto family : {arithmetic, layouts, reductions, layers, products}) {
      family(Shapes(workloads, "shapes", size, label));
    }
  }
}

}  // namespace compare
