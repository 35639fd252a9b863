#include <pullback/core/kernels/tile.h>

namespace pullback::kernels {

using std::int64_t;

bool Tile::lay(const Walk& walk, int dim, int64_t count) {
  loop_ = walk.loop;
  count_ = walk.count;
  calls_ = 1;
  n_ = count;
  for (int d = dim + 1; d < walk.ndim; ++d) n_ *= walk.sizes[d];
  turned_ = false;
  for (int k = 0; k < count_; ++k) {
    Walk& copy = copies_[k];
    copy.ndim = walk.ndim - dim;
    copy.sizes[0] = count;
    std::copy(walk.sizes + dim + 1, walk.sizes + walk.ndim, copy.sizes + 1);
    if (!place(walk, dim, count, k)) return false;
  }
  if (calls_ == 1) return true;
  n_ /= count;
  return turned_;  // else a walk along the rows does as well
}

/// Decides where the loop is to find operand k, if it can be there fast.
bool Tile::place(const Walk& walk, int dim, int64_t count, int k) {
  constexpr int64_t kLongest = 128;  // bytes of a row that are not worth a copy
  Walk& copy = copies_[k];
  const int64_t size = walk.element[k];
  // The output is copied from the tile, the others to it.
  const int inside = k == 0 ? 1 : 0, outside = 1 - inside;
  bool dense = true, fixed = true;
  int64_t stride = size;
  for (int d = copy.ndim - 1; d >= 0; --d) {
    const int64_t in_memory = walk.strides[dim + d][k];
    copy.strides[d][inside] = stride;
    copy.strides[d][outside] = in_memory;
    dense = dense && (in_memory == stride || copy.sizes[d] == 1);
    fixed = fixed && in_memory == 0;
    steps_[k] = stride;  // in the end, between places of dim
    stride *= copy.sizes[d];
  }
  start_[k] = walk.data[k];
  strides_[k] = fixed ? 0 : size;
  if (fixed) steps_[k] = 0;
  places_[k] = Place::InMemory;
  if (dense || fixed) return true;
  copy.count = 2;
  copy.merge();
  places_[k] = Place::Copied;
  if (k > 0) {
    bool same = true;
    for (int d = 0; d <= dim; ++d) same = same && walk.strides[d][k] == 0;
    if (same) places_[k] = Place::CopiedOnce;
    if (take_repeats(copy, size, pieces_[k])) return true;
    if (take_transposed(copy, size, pieces_[k])) return turned_ = true;
  }
  if (size == 0 || !take_runs(copy, size, pieces_[k])) return false;
  if (places_[k] == Place::CopiedOnce || pieces_[k].bytes <= kLongest) return true;
  if (walk.ndim - dim != 2 || walk.strides[dim + 1][k] != size) return false;
  places_[k] = Place::InMemory;  // row by row
  steps_[k] = walk.strides[dim][k];
  calls_ = count;
  return true;
}

void Tile::copy(int k, char* to, char* from) const {
  char* const data[] = {to, from, copies_[k].data[2]};
  copies_[k].run(data, 0, copies_[k].numel());
}

void Tile::begin(Buffers& buffers) const {
  for (int k = 1; k < count_; ++k)
    if (places_[k] == Place::CopiedOnce) copy(k, buffers.of[k], start_[k]);
}

void Tile::run(char* const* at, Buffers& buffers) const {
  char* data[kMaxOperands];
  for (int k = 0; k < count_; ++k) {
    data[k] = places_[k] == Place::InMemory ? at[k] : buffers.of[k];
    if (k > 0 && places_[k] == Place::Copied) copy(k, data[k], at[k]);
  }
  loop_(n_, data, strides_);
  for (int64_t call = 1; call < calls_; ++call) {
    for (int k = 0; k < count_; ++k) data[k] += steps_[k];
    loop_(n_, data, strides_);
  }
  if (places_[0] == Place::Copied) copy(0, at[0], buffers.of[0]);
}

}  // namespace pullback::kernels
