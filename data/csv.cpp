#include <pullback/data/csv.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include <pullback/core/factories.h>
#include <pullback/core/ops.h>

namespace pullback::data {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The number that a text is, infinite where it is beyond the largest double.
std::optional<double> number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return {};
  if (error == std::errc::result_out_of_range)
    return std::strtod(std::string(text).c_str(), nullptr);
  if (error != std::errc()) return {};
  return value;
}

/// Does an element type hold the number? From 2⁵³ a double stands for more than one integer.
bool holds(ScalarType type, double value) {
  if (is_floating_point(type) || type == kBool) return true;
  const double largest = type == kInt ? std::numeric_limits<std::int32_t>::max() : 0x1p53 - 1;
  return std::trunc(value) == value && std::abs(value) <= largest;
}

}  // namespace

Tensor read_csv(const std::string& path, ScalarType dtype) {
  std::ifstream file(path);
  check(file.is_open(), "read_csv: cannot open '", path, "': ", std::strerror(errno));
  std::vector<double> values;
  std::int64_t rows = 0, columns = 0, line_number = 0;
  for (std::string line; std::getline(file, line);) {
    ++line_number;
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    const bool marked = line_number == 1 && line.starts_with(kByteOrderMark);
    const std::string_view text =
        trimmed(std::string_view(line).substr(marked ? kByteOrderMark.size() : 0));
    if (text.empty() || text[0] == '#') continue;
    std::int64_t found = 0;
    bool words = false;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t comma = std::min(text.find(',', at), text.size());
      const auto field = trimmed(text.substr(at, comma - at));
      const std::optional<double> value = number(field);
      check(value || rows == 0, "read_csv: line ", line_number, " of '", path, "' has '", field,
            "' where a number should be");
      check(!value || holds(dtype, *value), "read_csv: line ", line_number, " of '", path,
            "' has '", field, "', which ", dtype, " does not hold; read it as kDouble");
      words = words || !value;
      values.push_back(value.value_or(0));
      ++found;
      at = comma + 1;
    }
    if (words) {
      check(columns == 0, "read_csv: line ", line_number, " of '", path,
            "' has words where numbers should be");
      columns = found;
      values.clear();
      continue;
    }
    check(columns == 0 || found == columns, "read_csv: line ", line_number, " of '", path, "' has ",
          found, " values, the lines before it ", columns);
    columns = found;
    ++rows;
  }
  check(!file.bad(), "read_csv: cannot read '", path, "': is it a folder?");
  Tensor result = empty({rows, columns}, kDouble);
  std::copy(values.begin(), values.end(), result.data_ptr<double>());
  return result.to(dtype);
}

}  // namespace pullback::data
