#pragma once

#include <concepts>
#include <memory>
#include <string>

#include <pullback/core/tensor.h>
#include <pullback/nn/holder.h>

/// Tensors in files of the safetensors format (github.com/huggingface/safetensors), which Python
/// reads and writes too. With a module's state_dict the names are PyTorch's.
namespace pullback {

/// Writes the tensors under their names; an existing file is replaced when all is written. Throws
/// RuntimeError where the file cannot be written.
void save_tensors(const nn::StateDict& tensors, const std::string& path);
/// Reads every tensor of a file. Throws RuntimeError, and says what is wrong, for a file that is
/// missing, cut off or inconsistent, and NotImplementedError for an element type that Pullback
/// lacks.
nn::StateDict load_tensors(const std::string& path);

/// Something with a state: a module, an optimizer.
template <class T>
concept Stateful = requires(T& value, const nn::StateDict& state) {
  { value.state_dict() } -> std::convertible_to<nn::StateDict>;
  value.load_state_dict(state);
};

/// Writes a module's or optimizer's state_dict.
template <Stateful T>
void save(const T& value, const std::string& path) {
  save_tensors(value.state_dict(), path);
}
template <class M>
void save(const nn::ModuleHolder<M>& module, const std::string& path) {
  save(*module, path);
}
template <Stateful M>
void save(const std::shared_ptr<M>& module, const std::string& path) {
  check<ValueError>(module != nullptr, "save: the pointer is null");
  save(*module, path);
}
/// Loads what `save` wrote into a module or optimizer of the same build. Throws RuntimeError when
/// it does not fit.
template <Stateful T>
void load(T& value, const std::string& path) {
  value.load_state_dict(load_tensors(path));
}
template <class M>
void load(nn::ModuleHolder<M>& module, const std::string& path) {
  load(*module, path);
}
template <Stateful M>
void load(std::shared_ptr<M>& module, const std::string& path) {
  check<ValueError>(module != nullptr, "load: the pointer is null; make the object first");
  load(*module, path);
}

/// One tensor alone, under the name "tensor".
void save(const Tensor& tensor, const std::string& path);
void load(Tensor& tensor, const std::string& path);

}  // namespace pullback
