#pragma once

#include <cstdint>

#include <pullback/core/kernels/conv.h>

/// Calls f(x index, weight index, y index) for every product in the definition.
template <class F>
void conv_products(const pullback::kernels::ConvShape& s, F f) {
  const std::int64_t ci = s.in_channels / s.groups, co = s.out_channels / s.groups;
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t o = 0; o < s.out_channels; ++o)
      for (std::int64_t i = 0; i < s.out_h; ++i)
        for (std::int64_t j = 0; j < s.out_w; ++j)
          for (std::int64_t c = 0; c < ci; ++c)
            for (std::int64_t p = 0; p < s.kernel_h; ++p)
              for (std::int64_t q = 0; q < s.kernel_w; ++q) {
                const std::int64_t row = i * s.stride_h + p * s.dilation_h - s.padding_h;
                const std::int64_t column = j * s.stride_w + q * s.dilation_w - s.padding_w;
                if (row < 0 || row >= s.in_h || column < 0 || column >= s.in_w) continue;
                const std::int64_t channel = n * s.in_channels + o / co * ci + c;
                f((channel * s.in_h + row) * s.in_w + column,
                  ((o * ci + c) * s.kernel_h + p) * s.kernel_w + q,
                  ((n * s.out_channels + o) * s.out_h + i) * s.out_w + j);
              }
}
