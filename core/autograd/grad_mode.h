#pragma once

namespace pullback {

/// Are operations recorded on this thread?
struct GradMode {
  static bool is_enabled() noexcept { return enabled_; }
  static void set_enabled(bool enabled) noexcept { enabled_ = enabled; }

 private:
  static inline constinit thread_local bool enabled_ = true;
};

/// Switches recording on or off on this thread for the guard's life.
class AutoGradMode {
 public:
  explicit AutoGradMode(bool enabled) : previous_(GradMode::is_enabled()) {
    GradMode::set_enabled(enabled);
  }
  ~AutoGradMode() { GradMode::set_enabled(previous_); }
  AutoGradMode(const AutoGradMode&) = delete;
  AutoGradMode& operator=(const AutoGradMode&) = delete;

 private:
  bool previous_;
};

/// No operation is recorded while the guard lives.
struct NoGradGuard : AutoGradMode {
  NoGradGuard() : AutoGradMode(false) {}
};

/// As NoGradGuard; results are ordinary tensors.
struct InferenceMode : AutoGradMode {
  explicit InferenceMode(bool enabled = true) : AutoGradMode(!enabled) {}
};

/// Makes each backward pass on this thread look for NaN and say which operation made it and how it
/// was called.
class DetectAnomalyGuard {
 public:
  explicit DetectAnomalyGuard(bool check_nan = true) : was_on_(on_), was_checking_(checks_nan_) {
    on_ = true, checks_nan_ = check_nan;
  }
  ~DetectAnomalyGuard() { on_ = was_on_, checks_nan_ = was_checking_; }
  DetectAnomalyGuard(const DetectAnomalyGuard&) = delete;
  DetectAnomalyGuard& operator=(const DetectAnomalyGuard&) = delete;
  static bool is_on() noexcept { return on_; }
  static bool checks_nan() noexcept { return on_ && checks_nan_; }

 private:
  static inline constinit thread_local bool on_ = false;
  static inline constinit thread_local bool checks_nan_ = false;
  bool was_on_, was_checking_;
};

}  // namespace pullback
