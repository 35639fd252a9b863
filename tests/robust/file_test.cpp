#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "catch.h"

#include <pullback/core/ops.h>
#include <pullback/data/csv.h>
#include <pullback/data/mnist.h>
#include <pullback/nn/safetensors.h>

// Files that are damaged by chance or by design.
using namespace pullback;

namespace {

class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("pullback_files" + std::to_string(reinterpret_cast<std::uintptr_t>(this)))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }
  std::string file(const std::string& bytes) const {
    const std::string name = (path_ / "file").string();
    std::ofstream(name, std::ios::binary) << bytes;
    return name;
  }

 private:
  std::filesystem::path path_;
};

std::string safetensors_of(const std::string& header, std::uint64_t length, std::size_t elements) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes + header + std::string(elements, '\0');
}

std::string safetensors(const std::string& header, std::size_t elements = 0) {
  return safetensors_of(header, header.size(), elements);
}

}  // namespace

TEST_CASE("a safetensors file with any bytes changed loads or says what is wrong with it") {
  const Folder folder;
  const std::string path = folder.file("");
  save_tensors({{"a", ones({2, 3})}, {"b", ones({3}, kLong)}, {"c", ones({5}, kBool)}}, path);
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string good = text.str();
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    std::string bytes = good;
    for (std::size_t k = 0; k <= random() % 3; ++k) {
      if (random() % 4 == 0)
        bytes.resize(random() % bytes.size() + 1);
      else
        bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    folder.file(bytes);
    try {
      load_tensors(path);
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused > 250);
}

TEST_CASE("a safetensors header that promises what is not there is refused") {
  const Folder folder;
  const std::string words = "is no safetensors file";
  const std::uint64_t half = std::uint64_t{1} << 63;
  const std::string one = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  for (const std::string& bytes :
       {std::string(), std::string(7, 'x'), safetensors_of("{}", half, 0),
        safetensors_of("{}", ~half, 0), safetensors("{"), safetensors(std::string(100000, '[')),
        safetensors(one), safetensors(one, 8),
        safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                        "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                    12),
        safetensors(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4),
        safetensors(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}})",
                    4)})
    CHECK(throws_with([&] { load_tensors(folder.file(bytes)); }, words));
  CHECK_THROWS_AS(load_tensors(folder.path()), Error);
}

TEST_CASE("a folder is no table") {
  const Folder folder;
  CHECK(throws_with([&] { data::read_csv(folder.path()); }, "read_csv: cannot"));
  CHECK(throws_with([&] { data::read_csv(folder.file("1,2\n3\n")); }, "read_csv: line 2"));
  CHECK(data::read_csv(folder.file("")).numel() == 0);
}

TEST_CASE("an IDX file that promises more than it holds is refused without the memory for it") {
  const Folder folder;
  const std::string magic("\0\0\x08\x04", 4);
  CHECK(throws_with([&] { data::read_idx(folder.file(magic)); }, "ends too early"));
  CHECK(throws_with([&] { data::read_idx(folder.file(magic + std::string(16, '\xff'))); },
                    "more elements than such files have"));
  CHECK(throws_with([&] { data::read_idx(folder.file("\x1f\x8b\x08 no gzip")); }, "read_idx"));
}

TEST_CASE("a file that cannot be replaced is reported with the reason, and leaves nothing behind") {
  const Folder folder;
  const std::string path = folder.path() + "/folder";
  std::filesystem::create_directory(path);
  CHECK(throws_with([&] { save_tensors({{"a", ones({1})}}, path); }, "Is a directory"));
  CHECK_FALSE(std::filesystem::exists(path + ".part"));
}

TEST_CASE("a name that is no text is refused: two of them could become one") {
  const Folder folder;
  CHECK(throws_with(
      [&] {
        save_tensors({{"a\xFF", ones({1})}}, folder.path() + "/a");
      },
      "no UTF-8 text"));
}
