#pragma once

#include <pullback/core/kernels/walk.h>

namespace pullback::kernels {

/// Some rows of a walk that are computed at once, because a call for each of them would take longer
/// than its elements. Operands that do not lie in rows one after the other are copied so first, or
/// from there, in the first-level cache. Where the rows of one are columns, there is a call for
/// each row after all if others have long ones, which are then used where they lie.
class Tile {
 public:
  static constexpr std::int64_t kBytes = 8192;  ///< of each operand
  struct Buffers {
    alignas(64) char of[kMaxOperands][kBytes + 64];
  };

  Tile() = default;
  Tile(const Tile&) = delete;

  /// Makes it `count` places of dimension dim of a walk, and all of the dimensions behind it.
  /// Returns whether all operands lie in ways that can be copied fast; only then may it run.
  bool lay(const Walk& walk, int dim, std::int64_t count);
  /// Copies what is the same for each tile.
  void begin(Buffers& buffers) const;
  /// Computes the tile whose operands start at `at`.
  void run(char* const* at, Buffers& buffers) const;

 private:
  enum class Place { InMemory, Copied, CopiedOnce };
  bool place(const Walk& walk, int dim, std::int64_t count, int k);
  void copy(int k, char* to, char* from) const;

  Loop loop_;
  int count_;
  bool turned_;             ///< some operand's rows are columns
  std::int64_t calls_, n_;  ///< the loop is called for n elements at a time
  char* start_[kMaxOperands];
  std::int64_t strides_[kMaxOperands], steps_[kMaxOperands];  ///< of a call, and between them
  Place places_[kMaxOperands];
  Walk copies_[kMaxOperands];
  Piece pieces_[kMaxOperands];
};

}  // namespace pullback::kernels
