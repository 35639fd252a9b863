#pragma once

#include <cstdint>

namespace pullback::kernels {

/// Winograd's minimal filtering F(4×4, 3×3) (Lavin and Gray 2016, arXiv:1509.09308): 4×4 outputs of
/// a 3×3 filter are Aᵀ[(G w Gᵀ) ⊙ (Bᵀ d B)]A with 6×6 inputs d, 36 products instead of 144. Vectors
/// lie along channels. A place is one of the 36; places lie `stride` elements apart.
struct WinogradTiles {
  static constexpr int kTile = 4, kInput = 6, kPlaces = 36;
  /// Channels that lie together in `product`'s a.
  static constexpr int kChunk = 64;

  int lanes = 0;  ///< elements of a vector
  int rows = 0;   ///< most rows of a product's tile
  int width = 0;  ///< columns of a product

  // Transforms of `channels`, a multiple of `lanes`, from the given pixels or taps, each the
  // address of the first channel.
  void (*input)(std::int64_t channels, const float* const* pixels, std::int64_t first,
                float* places,
                std::int64_t stride) = nullptr;  ///< Bᵀ d B of 36 pixels from channel `first` on
  void (*cotangent)(std::int64_t channels, const float* const* pixels, std::int64_t first,
                    float* places, std::int64_t stride) = nullptr;  ///< A g Aᵀ of 16 pixels
  void (*filter)(std::int64_t channels, const float* const* taps, std::int64_t first, float* places,
                 std::int64_t stride) = nullptr;  ///< G w Gᵀ of 9 taps
  void (*output)(std::int64_t channels, const float* places, std::int64_t stride, const float* bias,
                 float* const* pixels, std::int64_t first) = nullptr;  ///< bias + Aᵀ m A
  void (*filter_grad)(std::int64_t channels, const float* places, std::int64_t stride,
                      const float* bias, float* const* taps,
                      std::int64_t first) = nullptr;  ///< bias + Gᵀ m G

  /// out[t·width + o] = Σ_c a[c / kChunk · chunk + t·kChunk + c mod kChunk] b[c·width + o] for t <
  /// tiles, c < channels.
  void (*product)(std::int64_t tiles, std::int64_t channels, const float* a, std::int64_t chunk,
                  const float* b, float* out) = nullptr;
  /// out[i·stride + c] += Σ_t a[t·width + i] b[t·width + c] for i < rows ≤ width, c < width,
  /// t < tiles.
  void (*outer_product)(std::int64_t rows, std::int64_t tiles, const float* a, const float* b,
                        float* out, std::int64_t stride) = nullptr;
};

}  // namespace pullback::kernels
