#include <pullback/data/mnist.h>

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include <pullback/core/factories.h>
#include <pullback/core/ops.h>

namespace pullback::data {

namespace {

constexpr unsigned char kUnsignedBytes = 8;  // IDX's code of the element type
constexpr std::int64_t kLargest = std::int64_t{1} << 32;

/// A file read through zlib, which passes uncompressed ones through.
class Input {
 public:
  explicit Input(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    check(file_ != nullptr, "read_idx: cannot open '", path, "': ", std::strerror(errno));
  }
  ~Input() { gzclose(file_); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  void read(unsigned char* to, std::int64_t bytes) {
    while (bytes > 0) {
      const auto part = static_cast<unsigned>(std::min<std::int64_t>(bytes, 1 << 20));
      const int got = gzread(file_, to, part);
      check(got > 0, "read_idx: '", path_, "' is damaged or ends too early");
      to += got;
      bytes -= got;
    }
  }

 private:
  std::string path_;
  gzFile file_;
};

std::string existing(const std::string& folder, const std::string& name) {
  for (const char* ending : {"", ".gz"}) {
    const std::string path = (std::filesystem::path(folder) / (name + ending)).string();
    if (std::filesystem::exists(path)) return path;
  }
  check(false, "read_mnist: '", folder, "' has neither ", name, " nor ", name, ".gz");
  return {};
}

}  // namespace

Tensor read_idx(const std::string& path) {
  Input input(path);
  std::array<unsigned char, 4> magic;
  input.read(magic.data(), 4);
  check(magic[0] == 0 && magic[1] == 0 && magic[2] == kUnsignedBytes && magic[3] >= 1 &&
            magic[3] <= 4,
        "read_idx: '", path, "' is no IDX file of bytes with up to 4 dimensions");
  std::vector<std::int64_t> sizes;
  std::int64_t count = 1;
  for (int d = 0; d < magic[3]; ++d) {
    std::array<unsigned char, 4> size;
    input.read(size.data(), 4);
    sizes.push_back(std::int64_t{size[0]} << 24 | size[1] << 16 | size[2] << 8 | size[3]);
    check(sizes.back() == 0 || count <= kLargest / sizes.back(), "read_idx: '", path,
          "' announces more elements than such files have");
    count *= sizes.back();
  }
  // Read before the tensor is made: a header may promise more than the file holds.
  std::vector<unsigned char> bytes;
  constexpr std::int64_t part = 1 << 20;
  while (static_cast<std::int64_t>(bytes.size()) < count) {
    const auto begin = static_cast<std::int64_t>(bytes.size());
    const std::int64_t end = std::min(count, begin + part);
    bytes.resize(static_cast<std::size_t>(end));
    input.read(bytes.data() + begin, end - begin);
  }
  Tensor result = empty(sizes, kLong);
  std::copy(bytes.begin(), bytes.end(), result.data_ptr<std::int64_t>());
  return result;
}

LabelledImages read_mnist(const std::string& folder, bool train) {
  const std::string prefix = train ? "train" : "t10k";
  const Tensor pixels = read_idx(existing(folder, prefix + "-images-idx3-ubyte"));
  const Tensor labels = read_idx(existing(folder, prefix + "-labels-idx1-ubyte"));
  check(pixels.dim() == 3 && labels.dim() == 1 && pixels.size(0) == labels.size(0),
        "read_mnist: the images in '", folder, "' have shape ", pixels.sizes(), ", their labels ",
        labels.sizes());
  return {pixels.to(kFloat).div_(255).unsqueeze(1), labels};
}

}  // namespace pullback::data
