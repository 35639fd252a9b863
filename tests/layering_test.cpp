#include "catch.h"
#include "source_tree.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

using pullback_tests::read_lines;
using pullback_tests::source_dir;
using pullback_tests::split_lines;

namespace {

namespace fs = std::filesystem;

// core/kernels <- core <- linalg <- nn <- {optim, data, parametrize}
const std::map<std::string, int> layers = {{"core/kernels", 0}, {"core", 1},  {"linalg", 2},
                                           {"nn", 3},           {"optim", 4}, {"data", 4},
                                           {"parametrize", 4}};

// The one file that may name each numeric dependency.
const std::map<std::string, std::string> owners = {{"cblas.h", "core/kernels/blas.cpp"},
                                                   {"lapacke.h", "linalg/lapack.cpp"}};

std::string layer_of(const std::string& path) {
  if (path.starts_with("core/kernels/")) return "core/kernels";
  return path.substr(0, path.find('/'));
}

/// The name between the brackets or quotes of an #include line, with its opening character.
std::optional<std::string> included(const std::string& line) {
  const auto hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || line[hash] != '#') return std::nullopt;
  const auto word = line.find_first_not_of(" \t", hash + 1);
  if (word == std::string::npos || line.compare(word, 7, "include") != 0) return std::nullopt;
  const auto open = line.find_first_of("<\"", word);
  if (open == std::string::npos) return std::nullopt;
  const auto close = line.find_first_of(">\"", open + 1);
  return line.substr(open, close - open);
}

/// What is wrong with one include of the file `path`, relative to the root; empty if nothing is.
std::string complaint(const std::string& path, const std::string& include) {
  if (include[0] == '"') return "spell it <pullback/...>";
  const std::string name = include.substr(1);

  if (name.starts_with("pullback/")) {
    const std::string target = name.substr(9);
    if (target == "pullback.h") return "the umbrella is for users";
    const std::string from = layer_of(path), to = layer_of(target);
    if (!layers.count(to)) return "no such layer";
    const bool sibling = from != to && layers.at(from) == layers.at(to);
    if (sibling || layers.at(to) > layers.at(from)) return to + " is not below " + from;
    return "";
  }

  const auto owner = owners.find(name);
  if (owner != owners.end() && owner->second != path) return "only " + owner->second + " may";
  const bool header = fs::path(path).extension() != ".cpp";
  const bool intrinsics = name == "immintrin.h" && layer_of(path) == "core/kernels";
  const bool standard = intrinsics || name.find_first_of("./") == std::string::npos;
  if (header && !standard) return "headers include only the standard library";
  return "";
}

std::vector<std::string> complaints(const std::string& path,
                                    const std::vector<std::string>& lines) {
  std::vector<std::string> found;
  for (const std::string& line : lines) {
    const auto include = included(line);
    if (!include) continue;
    const std::string problem = complaint(path, *include);
    if (!problem.empty()) found.push_back(path + ": " + line + ": " + problem);
  }
  return found;
}

}  // namespace

TEST_CASE("an include of the library never points upward", "[layering]") {
  int files = 0;
  for (const std::string folder : {"core", "linalg", "nn", "optim", "data", "parametrize"}) {
    for (const auto& entry : fs::recursive_directory_iterator(source_dir() / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".inc" && extension != ".cpp") continue;
      ++files;
      const std::string path = fs::relative(entry.path(), source_dir()).generic_string();
      for (const std::string& problem : complaints(path, read_lines(entry.path()))) {
        INFO(problem);
        CHECK(problem.empty());
      }
    }
  }
  CHECK(files > 0);
}

TEST_CASE("the umbrella header includes nothing but the library", "[layering]") {
  for (const std::string& line : read_lines(source_dir() / "pullback.h")) {
    const auto include = included(line);
    CAPTURE(line);
    if (include) CHECK(include->starts_with("<pullback/"));
  }
}

TEST_CASE("the layering check tells a wrong include from a right one", "[layering]") {
  const auto wrong = [](const std::string& path, const std::string& text) {
    return !complaints(path, split_lines(text)).empty();
  };
  CHECK(wrong("core/kernels/pool.cpp", "#include <pullback/core/tensor.h>"));
  CHECK(wrong("core/tensor.h", "#include <pullback/nn/module.h>"));
  CHECK(wrong("optim/sgd.cpp", "#  include <pullback/data/loader.h>"));
  CHECK(wrong("core/tensor.h", "#include \"storage.h\""));
  CHECK(wrong("core/error.h", "#include <fmt/core.h>"));
  CHECK(wrong("linalg/lapack.h", "#include <lapacke.h>"));
  CHECK(wrong("linalg/qr.cpp", "#include <lapacke.h>"));
  CHECK(wrong("nn/linear.h", "#include <pullback/pullback.h>"));

  CHECK_FALSE(wrong("core/tensor.h", "#include <pullback/core/kernels/pool.h>"));
  CHECK_FALSE(wrong("parametrize/skew.cpp", "#include <pullback/linalg/linalg.h>"));
  CHECK_FALSE(wrong("core/error.cpp", "#include <fmt/core.h>"));
  CHECK_FALSE(wrong("linalg/lapack.cpp", "#include <lapacke.h>"));
  CHECK_FALSE(wrong("core/tensor.h", "#include <vector>"));
}
