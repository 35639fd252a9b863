#include "source_tree.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace pullback_tests {

const std::filesystem::path& source_dir() {
  static const std::filesystem::path folder = PULLBACK_SOURCE_DIR;
  return folder;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> read_lines(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return split_lines(text.str());
}

}  // namespace pullback_tests
