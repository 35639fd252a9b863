#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pullback {

/// A stopwatch.
class Timer {
 public:
  Timer() { reset(); }
  void reset();
  /// Since it was made or reset.
  double seconds() const;

 private:
  std::int64_t start_;  ///< nanoseconds; <chrono> stays out of the umbrella header
};

namespace autograd {

/// While it lives, notes on this thread what each recorded operation costs, forward (`Mul`) and
/// backward (`MulBackward0`). The cost of a forward operation is the time since the previous one
/// ended, so it includes what the program does in between. Profiles do not nest: the innermost
/// one counts.
class Profile {
 public:
  struct Row {
    std::string name;
    std::int64_t calls;
    double seconds;
  };

  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// What was noted so far, the most expensive first.
  std::vector<Row> rows() const;
  /// The rows as a table for the terminal.
  std::string table() const;

  static Profile* active() noexcept { return active_; }
  /// A forward operation ended now.
  void note_forward(const std::string& node_name);
  /// A node ran for this long, and what it recorded belongs to it.
  void note_backward(const std::string& node_name, double seconds);
  /// While a node runs, operations do not count by themselves. Returns what held before.
  bool set_inside_node(bool inside) { return std::exchange(inside_node_, inside); }

 private:
  void add(std::string name, double seconds);

  static inline constinit thread_local Profile* active_ = nullptr;
  Profile* outer_;
  std::vector<Row> rows_;
  Timer since_last_;
  bool inside_node_ = false;
};

}  // namespace autograd

/// A Profile that prints its table to the standard output when it ends:
/// `const auto scope = profile();`.
class PrintedProfile : public autograd::Profile {
 public:
  ~PrintedProfile();
};
inline PrintedProfile profile() {
  return {};
}

}  // namespace pullback
