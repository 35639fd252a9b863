#include <pullback/core/kernels/walk.h>

// Copies by larger pieces than elements. A piece is operand 2 of its loop.
namespace pullback::kernels {
namespace {

using std::int64_t;

const Piece& piece_of(char* const* data) {
  return *reinterpret_cast<const Piece*>(data[2]);
}

void repeat_numbers(int64_t n, char* const* data, const int64_t* strides) {
  const Piece& piece = piece_of(data);
  kernels().repeat(piece.bytes)(n, piece.times, data[1], strides[1], data[0]);
}

void transpose_matrices(int64_t n, char* const* data, const int64_t* strides) {
  const Piece& m = piece_of(data);
  for (int64_t i = 0; i < n; ++i)
    m.transpose(m.rows, m.columns, data[1] + i * strides[1], m.in_stride, data[0] + i * strides[0],
                m.out_stride);
}

/// Leaves the last dimension to the loop, which is given the piece.
void take_last(Walk& copy, Loop loop, Piece& piece) {
  if (copy.ndim > 1)
    copy.drop(copy.ndim - 1);
  else
    copy.sizes[0] = 1;
  copy.loop = loop;
  copy.count = 3;
  copy.data[2] = reinterpret_cast<char*>(&piece);
  for (int d = 0; d < copy.ndim; ++d) copy.strides[d][2] = 0;
}

}  // namespace

bool take_runs(Walk& copy, int64_t size, Piece& piece) {
  const int last = copy.ndim - 1;
  const int64_t stride = copy.strides[last][1];
  if (copy.strides[last][0] != size || (stride != size && stride != -size)) return false;
  piece.bytes = copy.sizes[last] * size;
  const Loop reverse = kernels().reverse_runs[word_of(size)];
  take_last(copy, stride == size ? kernels().copy_runs : reverse, piece);
  return true;
}

bool take_repeats(Walk& copy, int64_t size, Piece& piece) {
  const int last = copy.ndim - 1;
  if (copy.strides[last][1] != 0) return false;
  piece.bytes = size;
  piece.times = copy.sizes[last];
  take_last(copy, repeat_numbers, piece);
  return true;
}

bool lies_across(Walk& copy, int64_t size) {
  const int last = copy.ndim - 1;
  if (copy.strides[last][0] != size || copy.strides[last][1] == size) return false;
  for (int d = 0; d < last; ++d) {
    if (copy.strides[d][1] != size) continue;
    for (int e = d; e < last - 1; ++e) copy.exchange(e, e + 1);
    return true;
  }
  return false;
}

bool take_transposed(Walk& copy, int64_t size, Piece& piece) {
  if (!lies_across(copy, size)) return false;
  const int row = copy.ndim - 1, column = row - 1;
  piece.transpose = kernels().transpose(word_of(size));
  piece.rows = copy.sizes[row];
  piece.columns = copy.sizes[column];
  piece.in_stride = copy.strides[row][1];
  piece.out_stride = copy.strides[column][0];
  take_last(copy, transpose_matrices, piece);
  copy.sizes[column] = 1;
  return true;
}

}  // namespace pullback::kernels
