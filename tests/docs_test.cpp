#include "catch.h"
#include "source_tree.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using pullback_tests::read_lines;
using pullback_tests::source_dir;
using pullback_tests::split_lines;

// In README and docs, a block of C++ or CMake shows a region of a program that is built and run:
//
//     <!-- region: examples/01_parametrizations.cpp symmetric -->
//     ```cpp
//     ...
//     ```
//
// The program holds the same lines between `// [symmetric]` and `// [/symmetric]` (`#` in CMake).
// Without a name the region is the whole file. `tests/oracle/notebook.txt In [18]` is what cell 18
// prints.

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

std::string stripped(const std::string& line) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(" \t") - first + 1);
}

bool is_marker(const std::string& line, const std::string& marker) {
  const std::string text = stripped(line);
  return text == "// [" + marker + "]" || text == "# [" + marker + "]";
}

/// What a cell of the notebook prints: the lines from its heading to the next cell's.
Lines cell(const Lines& notebook, const std::string& name) {
  const auto heading = std::find(notebook.begin(), notebook.end(), name + ":");
  if (heading == notebook.end()) throw std::runtime_error("no cell " + name);
  auto end = std::find_if(heading + 1, notebook.end(),
                          [](const auto& line) { return line.rfind("In [", 0) == 0; });
  while ((end - 1)->empty()) --end;
  return {heading + 1, end};
}

/// The lines between the markers of a region, less the indentation they share.
Lines region(const Lines& program, const std::string& name) {
  if (name.empty()) return program;
  if (name.rfind("In [", 0) == 0) return cell(program, name);
  const auto begin = std::find_if(program.begin(), program.end(),
                                  [&](const auto& line) { return is_marker(line, name); });
  const auto end = std::find_if(begin, program.end(),
                                [&](const auto& line) { return is_marker(line, "/" + name); });
  if (end == program.end()) throw std::runtime_error("no region [" + name + "]");

  Lines lines(begin + 1, end);
  std::size_t indent = std::string::npos;
  for (const std::string& line : lines) indent = std::min(indent, line.find_first_not_of(' '));
  for (std::string& line : lines) line.erase(0, std::min(indent, line.size()));
  return lines;
}

struct Block {
  std::size_t line = 0;  ///< of the opening fence, counted from 1
  std::string language;
  std::string file, name;  ///< of the region; empty without a region line
  Lines lines;
};

Lines::const_iterator next_fence(Lines::const_iterator from, Lines::const_iterator end) {
  return std::find_if(from, end, [](const auto& line) { return line.rfind("```", 0) == 0; });
}

std::vector<Block> blocks(const Lines& document) {
  std::vector<Block> found;
  for (auto open = next_fence(document.begin(), document.end()); open != document.end();) {
    Block block;
    block.line = static_cast<std::size_t>(open - document.begin()) + 1;
    block.language = open->substr(3);
    if (open != document.begin()) {
      std::istringstream words(*(open - 1));
      std::string comment, keyword;
      if (words >> comment >> keyword && comment == "<!--" && keyword == "region:") {
        words >> block.file;
        std::getline(words, block.name);
        block.name = stripped(block.name.substr(0, block.name.find("-->")));
      }
    }
    const auto close = next_fence(open + 1, document.end());
    block.lines.assign(open + 1, close);
    found.push_back(block);
    if (close == document.end()) break;
    open = next_fence(close + 1, document.end());
  }
  return found;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// Whether the folder's CMakeLists.txt names the file, or is the file.
bool is_built(const fs::path& file) {
  if (file.filename() == "CMakeLists.txt") return true;
  for (fs::path folder = file.parent_path(); !folder.empty(); folder = folder.parent_path()) {
    const fs::path list = source_dir() / folder / "CMakeLists.txt";
    if (!fs::exists(list)) continue;
    const std::string name = fs::relative(file, folder).generic_string();
    return joined(read_lines(list)).find(name) != std::string::npos;
  }
  return false;
}

std::vector<fs::path> documents() {
  std::vector<fs::path> found;
  for (const fs::path& folder : {source_dir(), source_dir() / "docs"})
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".md") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("the code in README and docs is what the programs contain", "[docs]") {
  CHECK_FALSE(documents().empty());
  for (const fs::path& document : documents()) {
    for (const Block& block : blocks(read_lines(document))) {
      if (block.language != "cpp" && block.language != "cmake" && block.file.empty()) continue;
      INFO(document.filename().string() << ":" << block.line);
      CHECK_FALSE(block.file.empty());
      if (block.file.empty()) continue;
      CAPTURE(block.file, block.name);
      CHECK(is_built(block.file));
      CHECK(joined(block.lines) ==
            joined(region(read_lines(source_dir() / block.file), block.name)));
    }
  }
}

TEST_CASE("a region is what stands between its markers, without their indentation", "[docs]") {
  const Lines program = split_lines(
      "int main() {\n"
      "  // [loop]\n"
      "  for (;;)\n"
      "\n"
      "    step();\n"
      "  // [/loop]\n"
      "}\n");
  CHECK(joined(region(program, "loop")) == "for (;;)\n\n  step();\n");
  CHECK_THROWS_WITH(region(program, "other"), "no region [other]");
  CHECK(region(program, "") == program);

  const Lines notebook = split_lines("In [1]:\n\nIn [3]:\na\n\nb\n\nIn [4]:\nc\n");
  CHECK(region(notebook, "In [1]").empty());
  CHECK(joined(region(notebook, "In [3]")) == "a\n\nb\n");
  CHECK(joined(region(notebook, "In [4]")) == "c\n");
  CHECK_THROWS_WITH(region(notebook, "In [2]"), "no cell In [2]");
}

TEST_CASE("a block of a document knows its language and its region", "[docs]") {
  const auto found =
      blocks(split_lines("Text.\n"
                         "<!-- region: examples/a.cpp loop -->\n"
                         "```cpp\n"
                         "for (;;)\n"
                         "```\n"
                         "```sh\n"
                         "script/test\n"
                         "```\n"));
  REQUIRE(found.size() == 2);
  CHECK(found[0].language == "cpp");
  CHECK(found[0].file == "examples/a.cpp");
  CHECK(found[0].name == "loop");
  CHECK(joined(found[0].lines) == "for (;;)\n");
  CHECK(found[1].language == "sh");
  CHECK(found[1].file.empty());
}
