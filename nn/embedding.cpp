#include <pullback/nn/embedding.h>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/factories.h>
#include <pullback/core/neural.h>
#include <pullback/nn/init.h>

namespace pullback::nn {

EmbeddingImpl::EmbeddingImpl(const EmbeddingOptions& options) : options(options) {
  reset();
}

void EmbeddingImpl::reset() {
  const std::int64_t rows = options.num_embeddings();
  if (std::optional<std::int64_t> padding = options.padding_idx()) {
    check<ValueError>(*padding >= -rows && *padding < rows,
                      "Embedding: Padding_idx must be within num_embeddings: ", *padding, " with ",
                      rows);
    options.padding_idx(*padding < 0 ? *padding + rows : *padding);
  }
  weight = register_parameter("weight", empty({rows, options.embedding_dim()}));
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
