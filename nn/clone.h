#pragma once

#include <cstddef>
#include <vector>

namespace pullback::nn::detail {

struct CloneMemo;

/// The members of a module that refer into it (attributes, holders), noted while the object is
/// copied and pointed into the copy once that is complete.
class CloneNotes {
 public:
  struct Note {
    void* member;
    const void* target;  ///< the slot or module it referred to
    void (*rebind)(void* member, CloneMemo& memo);
  };

  CloneNotes() : outer_(current_) { current_ = this; }
  ~CloneNotes() { current_ = outer_; }
  CloneNotes(const CloneNotes&) = delete;
  CloneNotes& operator=(const CloneNotes&) = delete;

  static CloneNotes* current() { return current_; }
  static void moved(void* from, void* to) {
    if (current_) [[unlikely]]
      current_->move(from, to);
  }
  static void forget(void* member) {
    if (current_) [[unlikely]]
      current_->erase(member);
  }
  void add(Note note);
  std::size_t count(const void* target) const;
  void rebind_all(CloneMemo& memo);

 private:
  void move(void* from, void* to);
  void erase(void* member);

  static inline constinit thread_local CloneNotes* current_ = nullptr;
  CloneNotes* outer_;
  std::vector<Note> notes_;
};

}  // namespace pullback::nn::detail
