#pragma once

#include <string>

#include <pullback/core/tensor.h>

namespace pullback::data {

/// The bytes of an IDX file (yann.lecun.com/exdb/mnist), plain or compressed by gzip, as an int64
/// tensor of the file's shape. Throws RuntimeError for a file that is missing, cut off or of
/// another element type.
Tensor read_idx(const std::string& path);

/// Images and what they show.
struct LabelledImages {
  Tensor images;  ///< float [N, 1, rows, columns] from 0 to 1
  Tensor labels;  ///< int64 [N]
};

/// MNIST's training or test part from a folder with its four files under their usual names, .gz or
/// not.
LabelledImages read_mnist(const std::string& folder, bool train);

}  // namespace pullback::data
