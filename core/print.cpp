#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <vector>

#include <pullback/core/autograd/node.h>
#include <pullback/core/ops/map.h>
#include <pullback/core/print.h>

namespace pullback {

namespace {

thread_local PrintOptions options_of_thread;

/// The elements of a tensor in row order, as text of one width.
class Elements {
 public:
  /// `shown` are the places of the elements that will be printed: they decide the format.
  Elements(const Tensor& x, const std::vector<std::int64_t>& shown, const PrintOptions& options)
      : options_(options), type_(x.scalar_type()), shown_(shown) {
    visit(type_, [&](auto zero) {
      const auto* elements = reinterpret_cast<const decltype(zero)*>(x.get()->bytes());
      for (const std::int64_t i : shown_) put(elements[offset_of(i, x.get()->geometry)]);
    });
    if (is_floating_point(type_)) {
      choose_format(shown_);
    } else {
      for (std::int64_t i : shown_) width_ = std::max(width_, plain(i).size());
    }
  }

  std::size_t width() const { return width_; }
  std::string text(std::int64_t i) const {
    const std::string unpadded = plain(i);
    const std::size_t missing = width_ > unpadded.size() ? width_ - unpadded.size() : 0;
    return std::string(missing, ' ') + unpadded;
  }

 private:
  /// How far into its memory the tensor has its element number i in row order.
  static std::int64_t offset_of(std::int64_t i, const Geometry& g) {
    std::int64_t offset = 0;
    for (int d = g.ndim; d-- > 0; i /= g.size[d]) offset += i % g.size[d] * g.stride[d];
    return offset;
  }
  template <class T>
  void put(T value) {
    if constexpr (std::is_floating_point_v<T>)
      reals_.push_back(value);
    else
      integers_.push_back(value);
  }
  /// Only the elements shown are kept, in their order.
  std::size_t position(std::int64_t i) const {
    return static_cast<std::size_t>(std::lower_bound(shown_.begin(), shown_.end(), i) -
                                    shown_.begin());
  }
  double real(std::int64_t i) const { return reals_[position(i)]; }
  std::string scientific(double v) const { return fmt::format("{:.{}e}", v, options_.precision); }
  std::string fixed(double v) const { return fmt::format("{:.{}f}", v, options_.precision); }

  std::string plain(std::int64_t i) const {
    if (type_ == kBool) return integers_[position(i)] ? "True" : "False";
    if (!is_floating_point(type_)) return fmt::format("{}", integers_[position(i)]);
    const double v = real(i);
    if (std::isnan(v)) return "nan";  // a NaN's sign is not shown
    if (scientific_) return scientific(v);
    if (!whole_) return fixed(v);
    return fmt::format("{:.0f}", v) + (std::isfinite(v) ? "." : "");
  }

  void choose_format(const std::vector<std::int64_t>& shown) {
    std::vector<double> values;
    for (std::int64_t i : shown)
      if (std::isfinite(real(i)) && real(i) != 0) values.push_back(real(i));
    if (!values.empty()) {
      double least = std::abs(values[0]), greatest = least;
      for (double v : values) {
        least = std::min(least, std::abs(v));
        greatest = std::max(greatest, std::abs(v));
        whole_ = whole_ && v == std::ceil(v);
      }
      scientific_ = options_.sci_mode.value_or(greatest / least > 1000 || greatest > 1e8 ||
                                               (!whole_ && least < 1e-4));
      for (double v : values) {
        const std::size_t length = scientific_ ? scientific(v).size()
                                   : whole_    ? fmt::format("{:.0f}", v).size() + 1
                                               : fixed(v).size();
        width_ = std::max(width_, length);
      }
    }
  }

  const PrintOptions& options_;
  ScalarType type_;
  std::vector<std::int64_t> shown_;
  std::vector<double> reals_;
  std::vector<std::int64_t> integers_;
  std::size_t width_ = 1;
  bool whole_ = true, scientific_ = false;
};

/// Walks the shape that is printed, of which a summary leaves out the middle of each dimension.
class Printer {
 public:
  Printer(const Tensor& x, const PrintOptions& options)
      : options_(options),
        sizes_(x.sizes().vec()),
        summarised_(x.numel() > options.threshold),
        elements_(x, shown(), options) {}

  std::string text(std::size_t indent) const { return text(0, 0, indent); }

 private:
  bool cut(std::int64_t n) const { return summarised_ && n > 2 * options_.edgeitems; }

  /// The places 0 … n−1 that are printed.
  std::vector<std::int64_t> places(std::int64_t n) const {
    std::vector<std::int64_t> all;
    const std::int64_t edge = options_.edgeitems;
    if (cut(n) && edge <= 0) return all;
    for (std::int64_t i = 0; i < n; i = cut(n) && i + 1 == edge ? n - edge : i + 1)
      all.push_back(i);
    return all;
  }

  std::vector<std::int64_t> shown() const {
    std::vector<std::int64_t> offsets{0};
    if (std::find(sizes_.begin(), sizes_.end(), 0) != sizes_.end()) return {};
    for (std::int64_t n : sizes_) {
      const std::vector<std::int64_t> here = places(n);
      std::vector<std::int64_t> next;
      for (std::int64_t offset : offsets)
        for (std::int64_t i : here) next.push_back(offset * n + i);
      offsets = std::move(next);
    }
    return offsets;
  }

  std::string vector_text(std::int64_t first, std::size_t indent) const {
    const std::int64_t n = sizes_.back();
    if (summarised_ && options_.edgeitems == 0) return "[...]";
    const std::size_t room = options_.linewidth > static_cast<int>(indent)
                                 ? static_cast<std::size_t>(options_.linewidth) - indent
                                 : 0;
    const std::size_t per_line = std::max<std::size_t>(1, room / (elements_.width() + 2));
    std::vector<std::string> words;
    for (std::int64_t i : places(n)) {
      if (cut(n) && i == n - options_.edgeitems) words.push_back(" ...");
      words.push_back(elements_.text(first + i));
    }
    std::string text = "[";
    for (std::size_t k = 0; k < words.size(); ++k) {
      if (k > 0) text += k % per_line == 0 ? fmt::format(",\n{:{}}", "", indent + 1) : ", ";
      text += words[k];
    }
    return text + "]";
  }

  std::string text(std::size_t dim, std::int64_t index, std::size_t indent) const {
    if (sizes_.empty()) return elements_.text(0);
    const std::int64_t n = sizes_[dim];
    if (dim + 1 == sizes_.size()) return vector_text(index * n, indent);
    const std::string between =
        fmt::format(",{:\n>{}}{:{}}", "", sizes_.size() - dim - 1, "", indent + 1);
    std::string all = "[";
    bool started = false;
    auto add = [&](const std::string& part) {
      if (started) all += between;
      all += part;
      started = true;
    };
    for (std::int64_t i : places(n)) {
      if (cut(n) && i == n - options_.edgeitems) add("...");
      add(text(dim + 1, index * n + i, indent + 1));
    }
    return all + "]";
  }

  const PrintOptions& options_;
  std::vector<std::int64_t> sizes_;
  bool summarised_;
  Elements elements_;
};

std::string shape_text(IntArrayRef sizes) {
  return sizes.size() == 1 ? fmt::format("({},)", sizes[0])
                           : fmt::format("({})", fmt::join(sizes.begin(), sizes.end(), ", "));
}

}  // namespace

void set_printoptions(const PrintOptions& options) {
  options_of_thread = options;
}

const PrintOptions& printoptions() {
  return options_of_thread;
}

std::string repr(const Tensor& x) {
  if (!x.defined()) return "[ Tensor (undefined) ]";
  const PrintOptions options = options_of_thread;
  const std::string prefix = "tensor(";
  const ScalarType type = x.scalar_type();
  std::vector<std::string> suffixes;
  std::string text = "[]";
  if (x.numel() == 0) {
    if (x.dim() != 1) suffixes.push_back(fmt::format("size={}", shape_text(x.sizes())));
    if (type != default_dtype())
      suffixes.push_back(fmt::format("dtype=torch.{}", python_name(type)));
  } else {
    if (type != default_dtype() && type != kLong && type != kBool)
      suffixes.push_back(fmt::format("dtype=torch.{}", python_name(type)));
    text = Printer(x.detach(), options).text(prefix.size());
  }
  if (autograd::Node* function = x.grad_fn())
    suffixes.push_back(fmt::format("grad_fn=<{}>", function->name()));
  else if (x.requires_grad())
    suffixes.push_back("requires_grad=True");

  text = prefix + text;
  const std::size_t line = text.rfind('\n');
  std::size_t last_line = text.size() - (line == std::string::npos ? std::size_t(-1) : line) + 1;
  std::string all = (x.get()->is_parameter ? "Parameter containing:\n" : "") + text;
  for (const std::string& suffix : suffixes) {
    if (last_line + suffix.size() + 2 > static_cast<std::size_t>(options.linewidth)) {
      all += fmt::format(",\n{:{}}{}", "", prefix.size(), suffix);
      last_line = prefix.size() + suffix.size();
    } else {
      all += ", " + suffix;
      last_line += suffix.size() + 2;
    }
  }
  return all + ")";
}

std::ostream& operator<<(std::ostream& stream, const Tensor& tensor) {
  return stream << repr(tensor);
}

// ---- what a tensor is described by

std::ostream& operator<<(std::ostream& stream, IntArrayRef list) {
  std::string text;
  detail::append(text, list);
  return stream << text;
}

std::ostream& operator<<(std::ostream& stream, ScalarType type) {
  return stream << dtype_name(type);
}

std::ostream& operator<<(std::ostream& stream, const Scalar& number) {
  if (number.isFloatingPoint()) return stream << number.toDouble();
  if (number.isBoolean()) return stream << (number.toBool() ? "true" : "false");
  return stream << number.toLong();
}

std::ostream& operator<<(std::ostream& stream, Device device) {
  stream << (device.is_cpu() ? "cpu" : "cuda");
  return device.index() < 0 ? stream : stream << ':' << device.index();
}

}  // namespace pullback
