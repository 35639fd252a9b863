#pragma once

#include <optional>

#include <pullback/nn/holder.h>
#include <pullback/nn/options.h>

namespace pullback::nn {

struct EmbeddingOptions {
  EmbeddingOptions(std::int64_t num_embeddings, std::int64_t embedding_dim)
      : num_embeddings_(num_embeddings), embedding_dim_(embedding_dim) {}
  PULLBACK_ARG(std::int64_t, num_embeddings);
  PULLBACK_ARG(std::int64_t, embedding_dim);
  /// The row that stands for padding: zero at first, and without gradient. Negative counts from the
  /// end.
  PULLBACK_ARG(std::optional<std::int64_t>, padding_idx) = std::nullopt;
};

/// The row that padding_idx names among so many, −1 for none. Throws ValueError outside them.
std::int64_t padding_row(const std::optional<std::int64_t>& padding_idx, std::int64_t rows);

/// A row of weight, num_embeddings × embedding_dim and normal at first, for each index of the
/// input.
class EmbeddingImpl : public Module {
 public:
  EmbeddingImpl(std::int64_t num_embeddings, std::int64_t embedding_dim)
      : EmbeddingImpl(EmbeddingOptions(num_embeddings, embedding_dim)) {}
  explicit EmbeddingImpl(const EmbeddingOptions& options);
  void reset();
  void reset_parameters();
  Tensor forward(const Tensor& indices);
  std::string extra_repr() const override;

  EmbeddingOptions options;
  Attribute weight;
};
PULLBACK_MODULE(Embedding);

}  // namespace pullback::nn
