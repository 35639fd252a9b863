// Convolutions: each pass by itself, 16 images (64 for LeNet's).
#include "workload.h"

namespace compare {

namespace {

struct Shape {
  std::string name;
  std::int64_t images, in, out, side, kernel, padding;
};

void forward(Workloads& workloads, const Shape& s) {
  workloads.push_back({"conv/" + s.name + " forward", 1, [=](Dtype dtype) -> Step {
                         const Tensor x = waves({s.images, s.in, s.side, s.side}, dtype);
                         const Tensor w = waves({s.out, s.in, s.kernel, s.kernel}, dtype, 1);
                         return without_graph([=] { return peer::conv2d(x, w, {}, 1, s.padding); });
                       }});
}

/// The gradient alone, by the input or the weight, from a graph that was recorded once.
void backward(Workloads& workloads, const Shape& s, bool by_weight) {
  workloads.push_back({"conv/" + s.name + (by_weight ? " weight gradient" : " input gradient"), 1,
                       [=](Dtype dtype) {
                         Tensor x = waves({s.images, s.in, s.side, s.side}, dtype);
                         Tensor w = waves({s.out, s.in, s.kernel, s.kernel}, dtype, 1);
                         const Tensor wanted = (by_weight ? w : x).requires_grad_();
                         const Tensor y = peer::conv2d(x, w, {}, 1, s.padding);
                         const Tensor g = waves(y.sizes().vec(), dtype, 2);
                         return [=] { return gradient(y, wanted, g); };
                       }});
}

}  // namespace

void convolution(Workloads& workloads) {
  for (const Shape& s :
       {Shape{"3x3 64@32", 16, 64, 64, 32, 3, 1}, Shape{"3x3 128@16", 16, 128, 128, 16, 3, 1},
        Shape{"3x3 256@8", 16, 256, 256, 8, 3, 1}}) {
    forward(workloads, s);
    backward(workloads, s, /*by_weight=*/false);
    backward(workloads, s, /*by_weight=*/true);
  }
  forward(workloads, {"1x1 256-64@16", 16, 256, 64, 16, 1, 0});
  forward(workloads, {"LeNet 1-6 5x5", 64, 1, 6, 28, 5, 2});
  forward(workloads, {"LeNet 6-16 5x5", 64, 6, 16, 14, 5, 0});
}

}  // namespace compare
