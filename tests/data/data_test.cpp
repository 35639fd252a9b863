#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "catch.h"

#include <pullback/core/factories.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>
#include <pullback/data/csv.h>
#include <pullback/data/mnist.h>
#include <pullback/data/tensor_loader.h>

using namespace pullback;

namespace {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("data_test" + std::to_string(reinterpret_cast<std::uintptr_t>(this)))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    const std::string file = (path_ / name).string();
    if (name.ends_with(".gz")) {
      const gzFile out = gzopen(file.c_str(), "wb");
      gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
      gzclose(out);
    } else {
      std::ofstream(file, std::ios::binary) << bytes;
    }
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// An IDX file of bytes: 0, 1, 2, …
std::string idx(const std::vector<unsigned>& sizes, std::size_t elements) {
  std::string bytes{0, 0, 8, static_cast<char>(sizes.size())};
  for (const unsigned size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  for (std::size_t i = 0; i < elements; ++i) bytes += static_cast<char>(i);
  return bytes;
}

std::vector<std::int64_t> firsts(const data::DataLoader& loader) {
  std::vector<std::int64_t> list;
  for (const data::Batch& batch : loader)
    for (std::int64_t i = 0; i < batch.data.size(0); ++i) {
      list.push_back(batch.data[i][0].item<std::int64_t>());
      CHECK(batch.target[i].item<std::int64_t>() == 10 * list.back());
    }
  return list;
}

}  // namespace

TEST_CASE("the digits that ship are those of the UCI set") {
  const Tensor rows = data::read_csv(PULLBACK_SOURCE_DIR "/data/digits/digits.csv");
  CHECK(rows.sizes() == IntArrayRef({1797, 65}));
  CHECK(rows.slice(1, 0, 64).max().item<double>() == 16);
  // How often each digit occurs, by the set's description in scikit-learn.
  const std::int64_t counts[] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
  for (int digit = 0; digit < 10; ++digit)
    CHECK(rows.select(1, 64).eq(digit).sum().item<std::int64_t>() == counts[digit]);
}

TEST_CASE("CSV files may have a heading, comments and spaces, but no holes") {
  const TemporaryFolder folder;
  const Tensor x =
      data::read_csv(folder.write("a.csv", "# made\nlength, width\n1, 2.5\r\n\n-3e2,4\n"));
  CHECK(equal(x, tensor({{1.0, 2.5}, {-300.0, 4.0}}).to(kFloat)));
  CHECK(data::read_csv(folder.write("empty.csv", "")).numel() == 0);
  const auto fault = [&](const char* text) {
    return message_of([&] { data::read_csv(folder.write("bad.csv", text)); });
  };
  CHECK(fault("1,2\n3\n").find("line 2") != std::string::npos);
  CHECK(fault("1,2\n3,x\n").find("'x' where a number should be") != std::string::npos);
  CHECK(fault("1,2\n3,\n").find("line 2") != std::string::npos);
  CHECK(fault("a,b\nc,d\n").find("line 2") != std::string::npos);
  CHECK(fault("a,b\n1,2,3\n").find("has 3 values") != std::string::npos);
  CHECK(message_of([] { data::read_csv("/nonexistent"); }).find("No such file") !=
        std::string::npos);
}

TEST_CASE("the first line of numbers is no heading, whatever program wrote it") {
  const TemporaryFolder folder;
  const auto read = [&](const char* text) { return data::read_csv(folder.write("a.csv", text)); };
  CHECK(equal(read("\xEF\xBB\xBF"
                   "1,2\r\n3,4\r\n"),
              tensor({{1.f, 2.f}, {3.f, 4.f}})));
  CHECK(equal(read("+1,-1e400\n3,4\n").slice(1, 0, 1), tensor({{1.f}, {3.f}})));
  CHECK(read("+1,-1e400\n")[0][1].item<float>() == -std::numeric_limits<float>::infinity());
  CHECK(read("\xEF\xBB\xBF"
             "a,b\n3,4\n")
            .sizes() == IntArrayRef({1, 2}));
}

TEST_CASE("a CSV file is not read as integers that it does not hold") {
  const TemporaryFolder folder;
  const auto fault = [&](const char* text, ScalarType type) {
    return message_of([&] { data::read_csv(folder.write("a.csv", text), type); });
  };
  const char* no_int = "', which Int does not hold";
  CHECK(fault("1\n2.5\n", kInt).find(std::string("line 2")) != std::string::npos);
  CHECK(fault("1\n2.5\n", kInt).find(std::string("2.5") + no_int) != std::string::npos);
  CHECK(fault("3000000000\n", kInt).find(no_int) != std::string::npos);
  CHECK(fault("nan\n", kInt).find(no_int) != std::string::npos);
  CHECK(fault("9007199254740993\n", kLong).find("which Long does not hold") != std::string::npos);
  CHECK(fault("-2147483647,9007199254740991\n", kLong).empty());
}

TEST_CASE("MNIST is read from IDX files, compressed or not") {
  const TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte.gz", idx({2, 3, 4}, 24));
  folder.write("train-labels-idx1-ubyte", idx({2}, 2));
  const data::LabelledImages mnist = data::read_mnist(folder.path(), true);
  CHECK(mnist.images.sizes() == IntArrayRef({2, 1, 3, 4}));
  CHECK(mnist.images[1][0][2][3].item<float>() == 23 / 255.0f);
  CHECK(equal(mnist.labels, arange(2)));
  CHECK(message_of([&] { data::read_mnist(folder.path(), false); }).find("neither") !=
        std::string::npos);
  folder.write("t10k-images-idx3-ubyte", idx({3, 1, 1}, 3));
  folder.write("t10k-labels-idx1-ubyte", idx({2}, 2));
  CHECK(message_of([&] { data::read_mnist(folder.path(), false); }).find("[3, 1, 1]") !=
        std::string::npos);
}

TEST_CASE("damaged IDX files are refused") {
  const TemporaryFolder folder;
  const auto fault = [&](const std::string& bytes) {
    return message_of([&] { data::read_idx(folder.write("x", bytes)); });
  };
  CHECK(fault("").find("ends too early") != std::string::npos);
  CHECK(fault("GIF8").find("no IDX file") != std::string::npos);
  CHECK(fault(idx({3}, 2)).find("ends too early") != std::string::npos);
  CHECK(fault(idx({4000000000U, 4000000000U}, 2)).find("more elements") != std::string::npos);
  CHECK(fault(idx({4000000000U}, 2)).find("ends too early") != std::string::npos);
}

TEST_CASE("a loader walks in order, shuffled by randperm, with or without the short batch") {
  const Tensor x = arange(7).unsqueeze(1), y = 10 * arange(7);
  const data::DataLoader plain(x, y, data::DataLoaderOptions(3));
  CHECK(plain.size() == 3);
  CHECK(firsts(plain) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
  const data::DataLoader dropping(x, y, data::DataLoaderOptions(3).drop_last(true));
  CHECK(dropping.size() == 2);
  CHECK(firsts(dropping) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});

  manual_seed(5);
  const Tensor order = randperm(7);
  manual_seed(5);
  const data::DataLoader shuffled(x, y, data::DataLoaderOptions(3).shuffle(true));
  const auto walked = firsts(shuffled);
  for (std::int64_t i = 0; i < 7; ++i)
    CHECK(walked[static_cast<std::size_t>(i)] == order[i].item<std::int64_t>());
  CHECK(firsts(shuffled) != walked);
}

TEST_CASE("a loader refuses what does not go together") {
  const auto fault = [](const Tensor& x, const Tensor& y, std::int64_t batch) {
    return message_of([&] { data::DataLoader(x, y, batch); });
  };
  CHECK(fault(ones({3}), ones({4}), 1).find("[3] and [4]") != std::string::npos);
  CHECK(fault(ones({3}), ones({3}), 0).find("positive") != std::string::npos);
  CHECK(fault(ones({3}), ones({}), 1).find("first dimension") != std::string::npos);
  CHECK(fault(Tensor(), ones({}), 1).find("first dimension") != std::string::npos);
}
