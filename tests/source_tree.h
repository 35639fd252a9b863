#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pullback_tests {

/// The folder that holds the sources of the project.
const std::filesystem::path& source_dir();

/// The lines of a file, without their ends; throws std::runtime_error if it cannot be read.
std::vector<std::string> read_lines(const std::filesystem::path& file);

/// The lines of a text, without their ends.
std::vector<std::string> split_lines(const std::string& text);

}  // namespace pullback_tests
