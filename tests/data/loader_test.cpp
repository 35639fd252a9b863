#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include "catch.h"

#include <pullback/pullback.h>

using namespace pullback;
using namespace pullback::data;

namespace {

/// Squares: the example at i is (i, i²).
struct Squares : datasets::Dataset<Squares> {
  explicit Squares(size_t size) : count(size) {}
  Example<> get(size_t index) override {
    const auto i = static_cast<std::int64_t>(index);
    return {scalar_tensor(i, kLong), scalar_tensor(i * i, kLong)};
  }
  optional<size_t> size() const override { return count; }
  size_t count;
};

/// Its own examples, without tensors; some take longer than others, and one is damaged.
struct Numbers : datasets::Dataset<Numbers, int> {
  explicit Numbers(size_t size, int damaged = -1) : count(size), damaged(damaged) {}
  int get(size_t index) override {
    if (index % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    if (static_cast<int>(index) == damaged) throw std::out_of_range("number 7 is damaged");
    return static_cast<int>(index);
  }
  optional<size_t> size() const override { return count; }
  size_t count;
  int damaged;
};

using Lists = std::vector<std::vector<int>>;

template <class Loader>
Lists batches_of(Loader& loader) {
  Lists list;
  for (auto& batch : loader) list.push_back(batch);
  return list;
}

/// Counts to `end`, as a stream whose position all workers share.
struct Counter : datasets::StatefulDataset<Counter, std::vector<int>> {
  explicit Counter(int end) : end(end), next(std::make_shared<std::atomic<int>>(0)) {}
  optional<std::vector<int>> get_batch(size_t size) override {
    std::vector<int> batch;
    for (size_t i = 0; i < size; ++i) {
      const int value = next->fetch_add(1);
      if (value < end) batch.push_back(value);
    }
    if (batch.empty()) return nullopt;
    return batch;
  }
  optional<size_t> size() const override { return nullopt; }
  void reset() override { *next = 0; }
  int end;
  std::shared_ptr<std::atomic<int>> next;
};

}  // namespace

TEST_CASE("a loader stacks the examples of a data set in the sampler's order") {
  auto loader =
      make_data_loader<samplers::SequentialSampler>(Squares(5).map(transforms::Stack<>()), 2);
  for (int walk = 0; walk < 2; ++walk) {
    std::vector<Tensor> data, target;
    for (auto& batch : *loader) {
      data.push_back(batch.data);
      target.push_back(batch.target);
    }
    REQUIRE(data.size() == 3);
    CHECK(data[2].sizes() == IntArrayRef({1}));
    CHECK(equal(cat(data), arange(5)));
    CHECK(equal(cat(target), arange(5) * arange(5)));
  }
}

TEST_CASE("batches are vectors of examples where nothing collates them") {
  auto loader = make_data_loader<samplers::SequentialSampler>(
      Squares(5), DataLoaderOptions().batch_size(2).drop_last(true));
  size_t count = 0;
  for (std::vector<Example<>>& batch : *loader) {
    CHECK(batch.size() == 2);
    for (Example<>& example : batch)
      CHECK(example.target.item<std::int64_t>() ==
            example.data.item<std::int64_t>() * example.data.item<std::int64_t>());
    count += batch.size();
  }
  CHECK(count == 4);
}

TEST_CASE("transforms are applied one after the other, to examples or to batches") {
  auto dataset = Squares(4)
                     .map(transforms::Lambda<Example<>>([](Example<> example) {
                       return Example<>(example.data + 1, example.target);
                     }))
                     .map(transforms::TensorLambda<>([](Tensor x) { return 10 * x; }))
                     .map(transforms::BatchLambda<std::vector<Example<>>, int>(
                         [](std::vector<Example<>> batch) {
                           int sum = 0;
                           for (const Example<>& example : batch)
                             sum += example.data.item<int>() + example.target.item<int>();
                           return sum;
                         }));
  CHECK(dataset.size() == 4);
  const std::vector<size_t> both = {1, 3};
  CHECK(dataset.get_batch(both) == 20 + 1 + 40 + 9);

  auto first = Squares(4).map(transforms::Collate<Example<>>(
      [](std::vector<Example<>> batch) { return std::move(batch.front()); }));
  CHECK(first.get_batch(both).target.item<int>() == 1);
}

TEST_CASE("Normalize has one mean for an image or one for each channel") {
  const Tensor image = arange(8.0, kFloat).reshape({2, 2, 2});
  transforms::Normalize<> one(0.5, 2.0), each({1.0, 2.0}, {4.0, 8.0});
  CHECK(allclose(one(image), (image - 0.5) / 2));
  CHECK(allclose(each(image)[1], (image[1] - 2) / 8));
  CHECK(each.mean.sizes() == IntArrayRef({2, 1, 1}));
}

TEST_CASE("a tensor data set is a tensor's slices, or a list of tensors") {
  const Tensor rows = arange(6).reshape({3, 2});
  auto dataset = datasets::TensorDataset(rows).map(transforms::Stack<TensorExample>());
  auto loader = make_data_loader<samplers::SequentialSampler>(std::move(dataset), 2);
  std::vector<Tensor> batches;
  for (auto& batch : *loader) batches.push_back(batch);
  CHECK(equal(cat(batches), rows));
  datasets::TensorDataset list({ones({2}), zeros({2})});
  CHECK(list.size() == 2);
  CHECK(equal(list.get(1).data, zeros({2})));
  CHECK(throws_with([] { datasets::TensorDataset(ones({})); }, "TensorDataset: "));
}

TEST_CASE("a shared data set is one for every copy") {
  auto shared = datasets::make_shared_dataset<Numbers>(4);
  auto copy = shared;
  copy->count = 2;
  CHECK(shared.size() == 2);
  auto loader = make_data_loader<samplers::SequentialSampler>(shared, 3);
  CHECK(batches_of(*loader) == Lists{{0, 1}});
}

TEST_CASE("a random sampler draws a permutation when it is made and one for each walk") {
  // What libtorch 2.13 gives for the same calls.
  manual_seed(0);
  samplers::RandomSampler sampler(10);
  CHECK(sampler.next(4) == std::vector<size_t>{4, 1, 7, 5});
  CHECK(sampler.next(9) == std::vector<size_t>{3, 9, 0, 8, 6, 2});
  CHECK(sampler.index() == 10);
  CHECK(!sampler.next(1));
  manual_seed(3);
  auto loader = make_data_loader(Numbers(7), 7);
  const Lists first = batches_of(*loader), second = batches_of(*loader);
  manual_seed(3);
  randperm(7);
  for (const Lists& walk : {first, second}) {
    const Tensor order = randperm(7);
    for (int i = 0; i < 7; ++i) CHECK(walk[0][static_cast<size_t>(i)] == order[i].item<int>());
  }
  CHECK(samplers::RandomSampler(5, kInt32).next(5)->size() == 5);
  sampler.reset(3);
  CHECK(sampler.next(10)->size() == 3);
}

TEST_CASE("samplers of a sequence and of a stream end after their size") {
  samplers::SequentialSampler sequence(3);
  CHECK(sequence.next(2) == std::vector<size_t>{0, 1});
  CHECK(sequence.next(2) == std::vector<size_t>{2});
  CHECK(!sequence.next(2));
  sequence.reset(1);
  CHECK(sequence.next(5) == std::vector<size_t>{0});
  samplers::StreamSampler stream(5);
  CHECK(stream.next(3)->size() == 3);
  CHECK(stream.next(3)->size() == 2);
  CHECK(!stream.next(3));
  stream.reset();
  CHECK(*stream.next(9) == 5);
}

TEST_CASE("a stream gives batches of the size that its sampler asks for") {
  struct Stream : datasets::StreamDataset<Stream, std::vector<int>> {
    std::vector<int> get_batch(size_t size) override { return std::vector<int>(size, ++calls); }
    optional<size_t> size() const override { return nullopt; }
    int calls = 0;
  };
  auto loader = make_data_loader(Stream(), samplers::StreamSampler(5), 2);
  CHECK(batches_of(*loader) == Lists{{1, 1}, {2, 2}, {3}});
  struct Unsized : datasets::Dataset<Unsized, int> {
    int get(size_t) override { return 0; }
    optional<size_t> size() const override { return nullopt; }
  };
  CHECK(throws_with([] { make_data_loader(Unsized(), 2); }, "Expected the dataset to be sized"));
}

TEST_CASE("workers give the batches that one thread gives, in its order") {
  const auto walk = [](size_t workers, size_t jobs) {
    manual_seed(1);
    auto loader = make_data_loader(
        Numbers(50), DataLoaderOptions().batch_size(4).workers(workers).max_jobs(jobs));
    Lists both = batches_of(*loader);
    for (auto& batch : batches_of(*loader)) both.push_back(batch);
    return both;
  };
  const Lists alone = walk(0, 0);
  CHECK(alone.size() == 26);
  CHECK(alone == walk(1, 1));
  CHECK(alone == walk(2, 4));
  CHECK(alone == walk(4, 1));
  CHECK(alone == walk(3, 40));
}

TEST_CASE("without an order every batch still comes once") {
  auto loader = make_data_loader<samplers::SequentialSampler>(
      Numbers(40), DataLoaderOptions(1).workers(4).enforce_ordering(false));
  Lists walked = batches_of(*loader);
  std::sort(walked.begin(), walked.end());
  REQUIRE(walked.size() == 40);
  for (int i = 0; i < 40; ++i) CHECK(walked[static_cast<size_t>(i)].front() == i);
}

TEST_CASE("a worker's exception comes in place of its batch and says what it was") {
  auto loader = make_data_loader<samplers::SequentialSampler>(Numbers(12, /*damaged=*/7),
                                                              DataLoaderOptions(2).workers(2));
  Lists walked;
  std::string message;
  auto place = loader->begin();
  for (int step = 0; place != loader->end(); ++step) {
    walked.push_back(*place);
    try {
      ++place;
    } catch (const WorkerException& error) {
      message = error.what();
      CHECK(step == 2);
      CHECK_THROWS_AS(std::rethrow_exception(error.original_exception), std::out_of_range);
      ++place;
    }
  }
  CHECK(message ==
        "Caught exception in DataLoader worker thread. Original message: number 7 is damaged");
  CHECK(walked == Lists{{0, 1}, {2, 3}, {4, 5}, {8, 9}, {10, 11}});

  struct Odd : datasets::Dataset<Odd, int> {
    int get(size_t) override { throw 7; }
    optional<size_t> size() const override { return 1; }
  };
  auto odd = make_data_loader(Odd(), DataLoaderOptions(1).workers(1));
  CHECK(message_of([&] { *odd->begin(); }) == "Caught exception in DataLoader worker thread.");
  auto alone = make_data_loader<samplers::SequentialSampler>(Numbers(12, 0), 2);
  CHECK_THROWS_AS(*alone->begin(), std::out_of_range);
}

TEST_CASE("a walk can be left early and begun again") {
  const size_t workers = GENERATE(0, 1, 3);
  auto loader = make_data_loader<samplers::SequentialSampler>(
      Numbers(100), DataLoaderOptions(3).workers(workers));
  for (int walk = 0; walk < 5; ++walk)
    for (auto& batch : *loader) {
      CHECK(batch == std::vector<int>{0, 1, 2});
      break;
    }
  CHECK(batches_of(*loader).size() == 34);

  auto old = loader->begin();
  CHECK((*old)[0] == 0);
  CHECK(batches_of(*loader).size() == 34);
  CHECK((*old)[0] == 0);
  CHECK(throws_with([&] { ++old; }, "this iterator's walk ended when another began"));
}

TEST_CASE("the end of a walk is neither looked at nor passed") {
  auto loader = make_data_loader(Numbers(1), 1);
  auto place = loader->begin(), same = place;
  CHECK(place == same);
  CHECK(place != loader->end());
  CHECK(place->front() == 0);
  ++place;
  CHECK(place == loader->end());
  CHECK(same == place);
  CHECK(throws_with([&] { ++place; }, "Attempted to increment iterator past the end"));
  CHECK(throws_with([&] { *place; }, "Attempted to dereference iterator that was past the end"));
  CHECK(throws_with([&] { ++loader->end(); }, "past the end"));
  auto empty = make_data_loader(Numbers(0), DataLoaderOptions(1).workers(2));
  CHECK(empty->begin() == empty->end());
}

TEST_CASE("a loader waits for a worker no longer than its timeout") {
  struct Slow : datasets::Dataset<Slow, int> {
    int get(size_t) override {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      return 1;
    }
    optional<size_t> size() const override { return 1; }
  };
  auto loader = make_data_loader(
      Slow(), DataLoaderOptions(1).workers(1).timeout(std::chrono::milliseconds(5)));
  auto place = loader->begin();
  CHECK(throws_with([&] { *place; },
                    "Timeout in DataLoader queue while waiting for next batch (timeout was 5 ms)"));
  CHECK(Milliseconds(std::chrono::seconds(2)).count() == 2000);
  CHECK(Milliseconds(std::chrono::microseconds(2500)).count() == 2);
}

TEST_CASE("a stateful data set is shared by its workers and ends the walk itself") {
  const size_t workers = GENERATE(0, 1, 4);
  auto dataset = Counter(10).map(transforms::BatchLambda<std::vector<int>, int>(
      [](std::vector<int> batch) { return batch.back() - batch.front() + 100 * batch.front(); }));
  auto loader = make_data_loader(std::move(dataset), DataLoaderOptions(1).workers(workers));
  for (int walk = 0; walk < 3; ++walk) {
    int count = 0, sum = 0;
    for (int batch : *loader) {
      ++count;
      sum += batch;
    }
    CHECK(count == 10);
    CHECK(sum == 4500);
  }
}

TEST_CASE("a loader says which of its options make no sense") {
  const auto fault = [](const DataLoaderOptions& options) {
    return message_of([&] { make_data_loader(Numbers(3), options); });
  };
  CHECK(fault(0).find("batch_size should be a positive integer value, but got 0") !=
        std::string::npos);
  CHECK(fault(DataLoaderOptions(1).workers(2).max_jobs(0)).find("max_jobs") != std::string::npos);
  CHECK(fault(DataLoaderOptions(1).workers(1 << 20)).find("workers") != std::string::npos);
  CHECK(fault(DataLoaderOptions(1).shuffle(true)).find("RandomSampler") != std::string::npos);
  CHECK(throws_with([] { DataLoader(ones({2}), ones({2}), DataLoaderOptions(1).workers(2)); },
                    "rows of tensors need no workers"));
  auto loader = make_data_loader(Numbers(3), DataLoaderOptions(2).workers(3));
  CHECK(loader->options().max_jobs == 6);
  CHECK(loader->options().batch_size == 2);
  loader->join();
  CHECK(throws_with([&] { loader->begin(); }, "begin after join"));
}

TEST_CASE("tensors that workers made outlive the loader") {
  std::vector<Tensor> kept;
  {
    auto loader = make_data_loader<samplers::SequentialSampler>(
        Squares(64).map(transforms::Stack<>()), DataLoaderOptions(8).workers(2));
    for (auto& batch : *loader) kept.push_back(batch.target);
  }
  CHECK(equal(cat(kept), arange(64) * arange(64)));
}
