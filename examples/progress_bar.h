#pragma once

#include <chrono>
#include <string>

/// One line that fills while an epoch runs; where the output is no terminal, a plain line when it
/// ends.
class ProgressBar {
 public:
  /// `steps` in all, over `epochs` epochs.
  ProgressBar(int epochs, int steps_per_epoch);

  /// After a step: loss and accuracy so far in this epoch.
  void step(double loss, double accuracy);
  /// After the last step of an epoch, with the accuracy on the test part.
  void end_epoch(double test_accuracy);

 private:
  void draw(const std::string& ending) const;
  double seconds_left() const;

  int epochs_, steps_per_epoch_;
  bool terminal_;
  int epoch_ = 1, step_ = 0;
  double loss_ = 0, accuracy_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
