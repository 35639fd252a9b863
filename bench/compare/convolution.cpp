// Convolutions: each pass by itself, 16 images (64 for LeNet's).
#include "workload.h"

namespace compare {

namespace {

struct Shape {
  std::string name;
  std::int64_t images, in, out, side, kernel, padding, stride = 1, groups = 1;

  Tensor x(Dtype dtype) const { return waves({images, in, side, side}, dtype); }
  Tensor weight(Dtype dtype) const { return waves({out, in / groups, kernel, kernel}, dtype, 1); }
  Tensor convolve(const Tensor& x, const Tensor& w) const {
    return peer::conv2d(x, w, {}, stride, padding, 1, groups);
  }
};

void forward(Workloads& workloads, const Shape& s) {
  workloads.push_back({"conv/" + s.name + " forward", 1, [=](Dtype dtype) -> Step {
                         const Tensor x = s.x(dtype), w = s.weight(dtype);
                         return without_graph([=] { return s.convolve(x, w); });
                       }});
}

/// The gradient alone, by the input or the weight, from a graph that was recorded once.
void backward(Workloads& workloads, const Shape& s, bool by_weight) {
  workloads.push_back({"conv/" + s.name + (by_weight ? " weight gradient" : " input gradient"), 1,
                       [=](Dtype dtype) {
                         Tensor x = s.x(dtype), w = s.weight(dtype);
                         const Tensor wanted = (by_weight ? w : x).requires_grad_();
                         const Tensor y = s.convolve(x, w);
                         const Tensor g = waves(y.sizes().vec(), dtype, 2);
                         return [=] { return gradient(y, wanted, g); };
                       }});
}

}  // namespace

void convolution(Workloads& workloads) {
  for (const Shape& s :
       {Shape{"3x3 64@32", 16, 64, 64, 32, 3, 1}, Shape{"3x3 128@16", 16, 128, 128, 16, 3, 1},
        Shape{"3x3 256@8", 16, 256, 256, 8, 3, 1},
        // Strides: a ResNet's first layer and where it halves its images.
        Shape{"7x7 stride 2 3-64@64", 16, 3, 64, 64, 7, 3, 2},
        Shape{"3x3 stride 2 64-128@32", 16, 64, 128, 32, 3, 1, 2},
        Shape{"3x3 stride 2 128-256@16", 16, 128, 256, 16, 3, 1, 2},
        Shape{"1x1 stride 2 64-128@32", 16, 64, 128, 32, 1, 0, 2},
        // One filter a channel.
        Shape{"depthwise 3x3 128@32", 16, 128, 128, 32, 3, 1, 1, 128},
        Shape{"depthwise 3x3 stride 2 128@32", 16, 128, 128, 32, 3, 1, 2, 128},
        Shape{"depthwise 3x3 256@8", 16, 256, 256, 8, 3, 1, 1, 256},
        Shape{"depthwise 3x3 stride 2 256@16", 16, 256, 256, 16, 3, 1, 2, 256}}) {
    forward(workloads, s);
    backward(workloads, s, /*by_weight=*/false);
    backward(workloads, s, /*by_weight=*/true);
  }
  forward(workloads, {"1x1 256-64@16", 16, 256, 64, 16, 1, 0});
  const Shape first{"LeNet 1-6 5x5", 64, 1, 6, 28, 5, 2};
  const Shape second{"LeNet 6-16 5x5", 64, 6, 16, 14, 5, 0};
  forward(workloads, first);
  backward(workloads, first, /*by_weight=*/true);
  forward(workloads, second);
  backward(workloads, second, /*by_weight=*/false);
  backward(workloads, second, /*by_weight=*/true);
}

}  // namespace compare
