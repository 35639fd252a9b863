#include <pullback/core/autograd/profile.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace pullback {

namespace {

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void Timer::reset() {
  start_ = now();
}
double Timer::seconds() const {
  return static_cast<double>(now() - start_) * 1e-9;
}

}  // namespace pullback

namespace pullback::autograd {

Profile::Profile() : outer_(std::exchange(active_, this)) {}

Profile::~Profile() {
  active_ = outer_;
}

void Profile::add(std::string name, double seconds) {
  // A program has few kinds of operations, so a list is quick enough.
  const auto found =
      std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.name == name; });
  if (found == rows_.end()) {
    rows_.push_back({std::move(name), 1, seconds});
  } else {
    ++found->calls;
    found->seconds += seconds;
  }
}

void Profile::note_forward(const std::string& node_name) {
  if (inside_node_) return;
  add(node_name.substr(0, node_name.rfind("Backward")), since_last_.seconds());
  since_last_.reset();
}

void Profile::note_backward(const std::string& node_name, double seconds) {
  add(node_name, seconds);
  since_last_.reset();
}

std::vector<Profile::Row> Profile::rows() const {
  std::vector<Row> sorted = rows_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Row& a, const Row& b) { return a.seconds > b.seconds; });
  return sorted;
}

std::string Profile::table() const {
  double total = 0;
  std::size_t width = 9;
  for (const Row& row : rows_) {
    total += row.seconds;
    width = std::max(width, row.name.size());
  }
  std::string text = fmt::format("{:<{}} {:>10} {:>12} {:>12} {:>7}\n", "operation", width, "calls",
                                 "total ms", "each us", "share");
  for (const Row& row : rows())
    text += fmt::format("{:<{}} {:>10} {:>12.3f} {:>12.3f} {:>6.1f}%\n", row.name, width, row.calls,
                        row.seconds * 1e3, row.seconds * 1e6 / static_cast<double>(row.calls),
                        total > 0 ? row.seconds / total * 100 : 0);
  return text;
}

}  // namespace pullback::autograd

namespace pullback {

PrintedProfile::~PrintedProfile() {
  std::fputs(table().c_str(), stdout);
}

}  // namespace pullback
