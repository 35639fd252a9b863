#include "progress_bar.h"

#include <unistd.h>

#include <cstdio>

namespace {

constexpr int kWidth = 24;

}  // namespace

ProgressBar::ProgressBar(int epochs, int steps_per_epoch)
    : epochs_(epochs), steps_per_epoch_(steps_per_epoch), terminal_(isatty(STDOUT_FILENO) != 0) {}

void ProgressBar::step(double loss, double accuracy) {
  ++step_;
  loss_ = loss;
  accuracy_ = accuracy;
  if (!terminal_) return;
  char left[32];
  const int seconds = static_cast<int>(seconds_left() + 0.5);
  std::snprintf(left, sizeof left, "%d:%02d left", seconds / 60, seconds % 60);
  draw(left);
}

void ProgressBar::end_epoch(double test_accuracy) {
  char test[32];
  std::snprintf(test, sizeof test, "test %5.2f %%", 100 * test_accuracy);
  draw(test);
  std::printf("\n");
  ++epoch_;
  step_ = 0;
}

double ProgressBar::seconds_left() const {
  const std::chrono::duration<double> gone = std::chrono::steady_clock::now() - start_;
  const int done = (epoch_ - 1) * steps_per_epoch_ + step_;
  return gone.count() / done * (epochs_ * steps_per_epoch_ - done);
}

void ProgressBar::draw(const std::string& ending) const {
  std::string bar;
  if (terminal_) {
    const int filled = kWidth * step_ / steps_per_epoch_;
    for (int i = 0; i < kWidth; ++i) bar += i < filled ? "━" : i == filled ? "╸" : " ";
    bar = " " + bar + " ";
    std::printf("\r\033[K");  // back to the line's start, and clear it
  }
  std::printf("epoch %2d/%d %s loss %.4f  accuracy %6.2f %%  %s", epoch_, epochs_, bar.c_str(),
              loss_, 100 * accuracy_, ending.c_str());
  std::fflush(stdout);
}
