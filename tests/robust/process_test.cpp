#include <sys/wait.h>
#include <unistd.h>
#include <sstream>
#include <thread>

#include "catch.h"

#include <pullback/core/kernels/pool.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>
#include <pullback/core/threads.h>

// Threads, processes and what outlives main.
using namespace pullback;

namespace {

/// Computes while the program ends, after main and after the thread's own caches are gone.
struct Last {
  Tensor x = ones({3}).requires_grad_();
  ~Last() {
    (x * 2).exp().sum().backward();
    std::thread([] { (ones({300000}) * 2).sum(); }).join();
    if (x.grad().numel() != 3) std::abort();
  }
};
const Last last;
const Tensor global = ones({100000}) * 2;

}  // namespace

TEST_CASE("the number of threads is a sensible one") {
  const int before = num_threads();
  for (const int count : {0, -1, 100000}) CHECK_THROWS_AS(set_num_threads(count), ValueError);
  CHECK(num_threads() == before);
}

TEST_CASE("a parallel loop takes a const function and hands on its exception") {
  const auto fails = [](std::int64_t begin, std::int64_t) {
    if (begin == 64) throw std::runtime_error("mine");
  };
  for (int i = 0; i < 20; ++i)
    CHECK(throws_with([&] { kernels::parallel_for(1024, 1, fails); }, "mine"));
  CHECK((ones({1000000}) * 2).sum().item<float>() == 2e6f);
}

TEST_CASE("a child process computes after its parent's threads have") {
  (ones({1000000}) * 2).sum();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(30);
    const Tensor x = ones({1000000}).requires_grad_();
    (x * 2).sum().backward();
    _exit(x.grad()[7].item<float>() == 2 ? 7 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("printing a large view looks at what it shows only") {
  std::ostringstream text;
  text << ones({1}).expand({std::int64_t{1} << 40, 1000});
  CHECK(text.str().size() < 600);
  std::ostringstream empty_text;
  empty_text << ones({1}).expand({0, std::int64_t{1} << 40});
  CHECK(empty_text.str() == "tensor([], size=(0, 1099511627776))");
}
