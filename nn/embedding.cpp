#include <pullback/nn/embedding.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/factories.h>
#include <pullback/core/neural.h>
#include <pullback/nn/init.h>

namespace pullback::nn {

std::int64_t padding_row(const std::optional<std::int64_t>& padding_idx, std::int64_t rows) {
  if (!padding_idx) return -1;
  check<ValueError>(*padding_idx >= -rows && *padding_idx < rows,
                    "Embedding: Padding_idx must be within num_embeddings: ", *padding_idx,
                    " with ", rows);
  return *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
}

EmbeddingImpl::EmbeddingImpl(const EmbeddingOptions& options) : options(options) {
  reset();
}

void EmbeddingImpl::reset() {
  if (options.padding_idx())
    options.padding_idx(padding_row(options.padding_idx(), options.num_embeddings()));
  weight = register_parameter("weight", empty({options.num_embeddings(), options.embedding_dim()}));
  reset_parameters();
}

void EmbeddingImpl::reset_parameters() {
  init::normal_(weight);
  if (!options.padding_idx()) return;
  const NoGradGuard unrecorded;
  weight.select(0, *options.padding_idx()).zero_();
}

Tensor EmbeddingImpl::forward(const Tensor& indices) {
  return embedding(weight, indices, options.padding_idx().value_or(-1));
}

std::string EmbeddingImpl::extra_repr() const {
  std::string text =
      std::to_string(options.num_embeddings()) + ", " + std::to_string(options.embedding_dim());
  if (options.padding_idx()) text += ", padding_idx=" + std::to_string(*options.padding_idx());
  return text;
}

}  // namespace pullback::nn
