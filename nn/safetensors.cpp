#include <pullback/nn/safetensors.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include <pullback/core/factories.h>
#include <pullback/core/ops/map.h>

// A file is the header's length (8 bytes, little-endian), the header (JSON, padded with spaces),
// and the elements of the tensors one after the other. The header gives each tensor's type, shape,
// and first and last byte after the header.
namespace pullback {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::uint64_t kLongestHeader = 100'000'000;  // as Python's reader allows
constexpr std::size_t kHeaderAlignment = 8;

struct TypeName {
  const char* name;
  ScalarType type;
};
constexpr TypeName kTypes[] = {
    {"F32", kFloat}, {"F64", kDouble}, {"I64", kLong}, {"I32", kInt}, {"BOOL", kBool}};

const char* name_of(ScalarType type) {
  for (const TypeName& known : kTypes)
    if (known.type == type) return known.name;
  return "";
}

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

File open(const char* op, const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  check(file != nullptr, op, ": cannot open '", path, "': ", std::strerror(errno));
  return file;
}

void write(std::FILE* file, const void* data, std::size_t bytes, const std::string& path) {
  const bool written = std::fwrite(data, 1, bytes, file) == bytes;
  check(written, "save: cannot write '", path, "': ", std::strerror(errno));
}

/// A file's header and what follows, for messages that name the file.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), file_(open("load", path, "rb")) {
    std::fseek(file_.get(), 0, SEEK_END);
    const long end = std::ftell(file_.get());
    require(end >= 0, "it is no regular file");
    std::rewind(file_.get());
    const auto size = static_cast<std::uint64_t>(end);
    unsigned char bytes[8];
    require(size >= sizeof bytes, "it has less than 8 bytes");
    read(bytes, sizeof bytes);
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | bytes[i];
    require(length <= kLongestHeader && length <= size - sizeof bytes,
            "its header would be longer than the file");
    data_size_ = size - sizeof bytes - length;
    std::string text(length, ' ');
    read(text.data(), text.size());
    header_ = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    require(header_.is_object(), "its header is no JSON object");
  }

  nn::StateDict tensors() {
    nn::StateDict result("Key");
    std::uint64_t next = 0;
    for (const Entry& entry : entries()) {
      require(entry.begin == next, "the bytes of '", entry.name, "' begin at ",
              text_of(entry.begin), " instead of ", text_of(next));
      next = entry.end;
      Tensor x = empty(entry.sizes, entry.type);
      read(x.get()->bytes(), entry.end - entry.begin);
      if (entry.type == kBool) check_bools(entry, x);
      values_.insert(entry.name, std::move(x));
    }
    require(next == data_size_, "it has ", text_of(data_size_), " bytes of elements, of which ",
            text_of(next), " belong to tensors");
    // In the header's order, which need not be that of the bytes.
    for (const auto& item : header_.items())
      if (const Tensor* x = values_.find(item.key())) result.insert(item.key(), *x);
    return result;
  }

 private:
  struct Entry {
    std::string name;
    ScalarType type = kFloat;
    std::vector<std::int64_t> sizes;
    std::uint64_t begin = 0, end = 0;
  };

  static std::string text_of(std::uint64_t value) { return std::to_string(value); }

  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check(condition, "load: '", path_, "' is no safetensors file: ", parts...);
  }

  void read(void* to, std::size_t bytes) {
    require(std::fread(to, 1, bytes, file_.get()) == bytes, "it ends too early");
  }

  /// The tensors in the order of their bytes.
  std::vector<Entry> entries() const {
    std::vector<Entry> list;
    for (const auto& item : header_.items())
      if (item.key() != "__metadata__") list.push_back(entry(item.key(), item.value()));
    std::stable_sort(list.begin(), list.end(),
                     [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
    return list;
  }

  Entry entry(const std::string& name, const Json& value) const {
    require(value.is_object() && value.contains("dtype") && value.contains("shape") &&
                value.contains("data_offsets"),
            "'", name, "' has no dtype, shape and data_offsets");
    const Json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
    require(dtype.is_string() && shape.is_array() && offsets.is_array() && offsets.size() == 2 &&
                offsets[0].is_number_unsigned() && offsets[1].is_number_unsigned(),
            "dtype, shape or data_offsets of '", name, "' are of the wrong kind");
    Entry result;
    result.name = name;
    const auto* type = std::find_if(
        std::begin(kTypes), std::end(kTypes),
        [&](const TypeName& known) { return dtype.get_ref<const std::string&>() == known.name; });
    check<NotImplementedError>(type != std::end(kTypes), "load: '", name, "' in '", path_,
                               "' has type ", dtype.get_ref<const std::string&>(),
                               "; Pullback has F32, F64, I64, I32 and BOOL");
    result.type = type->type;
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    std::uint64_t bytes = element_size(result.type);
    for (const Json& size : shape) {
      require(size.is_number_unsigned() && size.get<std::uint64_t>() <= most, "a size of '", name,
              "' is no count");
      const auto n = size.get<std::uint64_t>();
      require(n == 0 || bytes <= most / n, "the shape of '", name, "' is too large");
      bytes *= n;
      result.sizes.push_back(static_cast<std::int64_t>(n));
    }
    result.begin = offsets[0].get<std::uint64_t>();
    result.end = offsets[1].get<std::uint64_t>();
    require(result.begin <= result.end && result.end <= data_size_ &&
                result.end - result.begin == bytes,
            "'", name, "' needs ", text_of(bytes), " bytes, but has those from ",
            text_of(result.begin), " to ", text_of(result.end), " of ", text_of(data_size_));
    return result;
  }

  void check_bools(const Entry& entry, const Tensor& x) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(x.get()->bytes());
    require(std::all_of(bytes, bytes + x.numel(), [](unsigned char b) { return b <= 1; }), "'",
            entry.name, "' has bools other than 0 and 1");
  }

  std::string path_;
  File file_;
  Json header_;
  std::uint64_t data_size_ = 0;
  nn::StateDict values_{"Key"};
};

std::string header_text(const Json& header) {
  try {
    return header.dump();
  } catch (const Json::type_error& e) {
    throw ValueError(std::string("save: the name of a tensor is no UTF-8 text: ") + e.what());
  }
}

}  // namespace

void save_tensors(const nn::StateDict& tensors, const std::string& path) {
  std::vector<std::pair<std::string, Tensor>> entries;
  for (const auto& item : tensors) {
    check<ValueError>(item.key() != "__metadata__", "save: a tensor cannot be named __metadata__");
    check_defined("save", item.value());
    entries.emplace_back(item.key(), item.value().detach().contiguous());
  }
  // The longest elements first, so that all are aligned.
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.second.itemsize() > b.second.itemsize();
  });
  Json header = Json::object();
  for (const auto& item : tensors) header[item.key()] = nullptr;  // in the dict's order
  std::uint64_t at = 0;
  for (const auto& [name, x] : entries) {
    const auto bytes = static_cast<std::uint64_t>(x.nbytes());
    header[name] = {{"dtype", name_of(x.scalar_type())},
                    {"shape", x.sizes().vec()},
                    {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = header_text(header);
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');

  const std::string part = path + ".part";
  try {
    const File file = open("save", part, "wb");
    unsigned char length[8];
    for (int i = 0; i < 8; ++i) length[i] = static_cast<unsigned char>(text.size() >> (8 * i));
    write(file.get(), length, sizeof length, path);
    write(file.get(), text.data(), text.size(), path);
    for (const auto& [name, x] : entries)
      write(file.get(), x.get()->bytes(), static_cast<std::size_t>(x.nbytes()), path);
    const bool flushed = std::fflush(file.get()) == 0;
    check(flushed, "save: cannot write '", path, "': ", std::strerror(errno));
    const bool renamed = std::rename(part.c_str(), path.c_str()) == 0;
    check(renamed, "save: cannot write '", path, "': ", std::strerror(errno));
  } catch (...) {
    std::remove(part.c_str());
    throw;
  }
}

nn::StateDict load_tensors(const std::string& path) {
  return Reader(path).tensors();
}

void save(const Tensor& tensor, const std::string& path) {
  save_tensors({{"tensor", tensor}}, path);
}

void load(Tensor& tensor, const std::string& path) {
  const nn::StateDict dict = load_tensors(path);
  check(dict.size() == 1, "load: '", path, "' holds ", dict.size(),
        " tensors; load them with load_tensors");
  tensor = dict.front().value();
}

}  // namespace pullback
