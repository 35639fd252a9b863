#pragma once

#include <initializer_list>

#include <pullback/core/kernels/buffer.h>
#include <pullback/core/ops/map.h>

/// What the kernels of rows do, along columns that lie side by side: composed of the kernels of
/// elements and of reductions.
namespace pullback {

/// An operand of a matrix: rows that start `step` bytes apart; 0: all are the same. Each is as long
/// as the matrix is wide, or one number.
struct Strip {
  char* data;
  std::int64_t step;
  bool one = false;
};

/// The shape of such a matrix.
class Columns {
  ScalarType type_;
  std::int64_t size_, rows_, columns_;

 public:
  using Row = kernels::Buffer<char>;
  Columns(ScalarType type, std::int64_t rows, std::int64_t columns);
  std::int64_t rows() const { return rows_; }
  Row row() const { return Row(columns_ * size_); }

  void map(const Map& kernel, const Strip& out, std::initializer_list<Strip> in) const {
    map(kernel, rows_, out, in);
  }
  /// row = f(row), f(row, other) or f(row, number).
  void map_row(const Map& kernel, char* row) const { map(kernel, 1, {row, 0}, {{row, 0}}); }
  void map_row(const Map& kernel, char* row, const Strip& other) const {
    map(kernel, 1, {row, 0}, {{row, 0}, other});
  }
  void map_row(const Map& kernel, char* row, double number) const;
  /// Runs a kernel of rows for which neighbouring columns are the rows of one matrix.
  void run(const kernels::Rows& kernel, std::initializer_list<char*> data) const;
  /// Runs a kernel of neighbouring lines, the first of whose `count` operands is its output.
  void run(const kernels::Scan& kernel, const Strip* operands, int count) const;

  /// The sums of columns, which are one row.
  void sum(const Strip& in, char* out) const { sum(rows_, in, out); }
  /// The sums of f(a, b), which is in memory for some rows at a time.
  void sum(const Map& f, const Strip& a, const Strip& b, char* out) const;

 private:
  void map(const Map& kernel, std::int64_t rows, const Strip& out,
           std::initializer_list<Strip> in) const;
  void sum(std::int64_t rows, const Strip& in, char* out) const;
};

}  // namespace pullback
