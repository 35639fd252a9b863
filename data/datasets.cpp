#include <pullback/data/datasets.h>

#include <pullback/core/ops.h>
#include <pullback/data/mnist.h>

namespace pullback::data::datasets {

template class Dataset<TensorDataset, TensorExample>;
template class Dataset<MNIST>;

TensorDataset::TensorDataset(const std::vector<Tensor>& tensors) : TensorDataset(stack(tensors)) {}

TensorDataset::TensorDataset(Tensor tensor) : tensor(std::move(tensor)) {
  check<ValueError>(this->tensor.defined() && this->tensor.dim() > 0,
                    "TensorDataset: the tensor should have a first dimension");
}

TensorExample TensorDataset::get(size_t index) {
  return tensor[static_cast<std::int64_t>(index)];
}

std::optional<size_t> TensorDataset::size() const {
  return static_cast<size_t>(tensor.size(0));
}

MNIST::MNIST(const std::string& root, Mode mode) : mode_(mode) {
  LabelledImages samples = read_mnist(root, mode == Mode::kTrain);
  images_ = std::move(samples.images);
  targets_ = std::move(samples.labels);
}

Example<> MNIST::get(size_t index) {
  const auto i = static_cast<std::int64_t>(index);
  return {images_[i], targets_[i]};
}

std::optional<size_t> MNIST::size() const {
  return static_cast<size_t>(images_.size(0));
}

}  // namespace pullback::data::datasets
