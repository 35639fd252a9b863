// One peer's workloads behind a pipe. Commands, a line each, and what they answer with a line each:
//   list                      the names, separated by tabs
//   version                   the library's name and version
//   threads <n>               "ok"
//   peak                      GF/s of one core's fused multiply-adds, float32
//   time <seconds>\t<name>    the least and the median time per item, in ns
//   error\t<name>             ‖y₃₂ − y₆₄‖ / ‖y₆₄‖, results of float32 and float64
//   memory\t<name>           the most resident megabytes that five calls add to the set-up's
//   drop                      "ok"; forgets the last workload's tensors
#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "../peak.h"
#include "workload.h"

namespace {

using namespace compare;

double nanoseconds(const Step& step, int count) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) step();
  const std::chrono::duration<double, std::nano> passed = std::chrono::steady_clock::now() - start;
  return passed.count();
}

class Worker {
 public:
  Worker() {
    for (const auto family :
         {chain, training, parametrized, maps, products, convolution, elementwise, rows, indices,
          random, equations, decompositions, tape, every, shapes}) {
      family(workloads_);
    }
  }

  std::string answer(const std::string& line) {
    const std::string command = line.substr(0, line.find_first_of(" \t"));
    const std::string name = line.substr(line.find('\t') + 1);
    if (command == "list") return names();
    if (command == "version") return version();
    if (command == "threads") return set_num_threads(std::stoi(line.substr(8))), "ok";
    if (command == "peak") return std::to_string(bench::fma_peak());
    if (command == "time") return time(find(name), std::stod(line.substr(5)));
    if (command == "error") return error(find(name));
    if (command == "memory") return memory(find(name));
    if (command == "drop") return step_ = nullptr, "ok";
    throw std::invalid_argument("no such command: " + line);
  }

 private:
  std::string names() const {
    std::string all;
    for (const Workload& w : workloads_) all += (all.empty() ? "" : "\t") + w.name;
    return all;
  }

  const Workload& find(const std::string& name) const {
    for (const Workload& w : workloads_) {
      if (w.name == name) return w;
    }
    throw std::invalid_argument("no such workload: " + name);
  }

  /// Groups of calls of at least 2 ms, and at least three of them: what an interruption costs
  /// stays in its group.
  std::string time(const Workload& workload, double seconds) {
    if (!step_ || current_ != workload.name) {
      step_ = workload.set_up(peer::kFloat);
      current_ = workload.name;
      step_();
    }
    int count = 1;
    double once = nanoseconds(step_, count);
    while (once < 2e6) once = nanoseconds(step_, count *= 2);
    std::vector<double> times;
    for (double passed = 0; passed < seconds * 1e9 || times.size() < 3;) {
      const double group = nanoseconds(step_, count);
      passed += group;
      times.push_back(group / count / workload.items);
    }
    std::sort(times.begin(), times.end());
    std::ostringstream text;
    text << times.front() << ' ' << times[times.size() / 2];
    return text.str();
  }

  static std::string error(const Workload& workload) {
    const Tensor y32 = workload.set_up(peer::kFloat)().detach().to(peer::kDouble);
    const Tensor y64 = workload.set_up(peer::kDouble)().detach().to(peer::kDouble);
    const double difference = (y32 - y64).pow(2).sum().item<double>();
    const double size = y64.pow(2).sum().item<double>();
    std::ostringstream text;
    text << (size == 0 ? 0 : std::sqrt(difference / size));
    return text.str();
  }

  /// A figure of the process, in megabytes.
  static double resident(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      if (double kilobytes; word == field && status >> kilobytes) return kilobytes / 1024;
    }
    throw std::runtime_error("/proc/self/status has no " + field);
  }

  static std::string memory(const Workload& workload) {
    const Step step = workload.set_up(peer::kFloat);
    give_back_memory();
    std::ofstream("/proc/self/clear_refs") << "5";  // VmHWM starts anew
    const double before = resident("VmRSS:");
    for (int i = 0; i < 5; ++i) step();
    return std::to_string(resident("VmHWM:") - before);
  }

  Workloads workloads_;
  std::string current_;
  Step step_;
};

}  // namespace

int main() {
  Worker worker;
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << worker.answer(line) << std::endl;
    } catch (const std::exception& error) {
      std::string what = error.what();
      std::replace(what.begin(), what.end(), '\n', ' ');
      std::cout << "error: " << what << std::endl;
    }
  }
}
