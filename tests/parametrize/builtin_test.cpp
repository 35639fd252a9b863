#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/autograd/gradcheck.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/ops.h>
#include <pullback/core/random.h>
#include <pullback/linalg/linalg.h>
#include <pullback/nn/conv.h>
#include <pullback/nn/linear.h>
#include <pullback/optim/sgd.h>
#include <pullback/parametrize/orthogonal.h>
#include <pullback/parametrize/skew.h>
#include <pullback/parametrize/spectral_norm.h>
#include <pullback/parametrize/weight_norm.h>

#include <cmath>

#include "catch.h"
#include "reference/reference.h"

using namespace pullback;
using namespace pullback_tests;
using nlohmann::json;

namespace {

std::shared_ptr<nn::Module> layer_of(const std::string& kind) {
  if (kind == "square") return nn::Linear(4, 4).ptr();
  if (kind == "tall") return nn::Linear(3, 5).ptr();
  if (kind == "wide") return nn::Linear(5, 3).ptr();
  if (kind == "conv") return nn::Conv2d(2, 3, 2).ptr();
  return nn::ConvTranspose2d(2, 3, 2).ptr();
}

template <class T>
std::optional<T> given(const json& options, const char* name) {
  if (!options.contains(name) || options.at(name).is_null()) return {};
  return options.at(name).get<T>();
}

/// What tests/oracle/parametrizations.py calls on the layer.
void apply(const json& entry, nn::Module& layer) {
  const json& options = entry.at("options");
  const std::string name = given<std::string>(options, "name").value_or("weight");
  const auto dim = given<std::int64_t>(options, "dim");
  if (entry.at("function") == "orthogonal") {
    parametrize::orthogonal(layer, name, given<std::string>(options, "orthogonal_map"),
                            given<bool>(options, "use_trivialization").value_or(true));
  } else if (entry.at("function") == "weight_norm") {
    parametrize::weight_norm(layer, name, dim);
  } else {
    parametrize::spectral_norm(layer, name,
                               given<std::int64_t>(options, "n_power_iterations").value_or(1),
                               given<double>(options, "eps").value_or(1e-12), dim);
  }
}

std::string class_of_error(const json& entry, nn::Module& layer) {
  try {
    apply(entry, layer);
  } catch (const ValueError&) {
    return "ValueError";
  } catch (const IndexError&) {
    return "IndexError";
  }
  return "none";
}

double distance_to_orthogonal(const Tensor& q) {
  const NoGradGuard no_grad;
  const Tensor tall = q.size(-2) < q.size(-1) ? q.mT() : Tensor(q);
  return (tall.mT().matmul(tall) - eye(tall.size(-1), q.scalar_type())).abs().max().item<double>();
}

}  // namespace

TEST_CASE("orthogonal, weight_norm and spectral_norm do what PyTorch's do") {
  for (const json& entry : reference("parametrizations.json")) {
    INFO(entry.dump().substr(0, 120));
    manual_seed(7);
    const auto layer = layer_of(entry.at("layer"));
    layer->to(kDouble);
    if (entry.contains("error")) {
      const std::string before = layer->repr();
      CHECK(class_of_error(entry, *layer) == entry.at("error").get<std::string>());
      CHECK(layer->repr() == before);
      continue;
    }
    apply(entry, *layer);
    CHECK(layer->repr() == entry.at("repr").get<std::string>());
    const nn::StateDict state = layer->state_dict();
    CHECK(state.size() == entry.at("state").size());
    for (const auto& [key, value] : entry.at("state").items()) {
      CAPTURE(key);
      REQUIRE(state.contains(key));
      CHECK(difference(state[key], tensor_from(value), 1) == "");
    }

    const std::string name = given<std::string>(entry.at("options"), "name").value_or("weight");
    const Tensor value = layer->attr(name);
    CHECK(difference(value, tensor_from(entry.at("value")), 1) == "");
    CHECK(value.grad_fn()->name() == entry.at("grad_fn").get<std::string>());
    (value * value * weights(value, 0)).sum().backward();
    const std::vector<Tensor> originals =
        parametrize::parametrizations(*layer)[name].parameters(/*recurse=*/false);
    REQUIRE(originals.size() == entry.at("gradients").size());
    for (std::size_t i = 0; i < originals.size(); ++i)
      CHECK(difference(originals[i].grad(), tensor_from(entry.at("gradients").at(i)), 4) == "");
    {
      const NoGradGuard no_grad;
      for (const Tensor& original : originals) original.sub_(0.1 * original.grad());
    }
    layer->eval();
    CHECK(difference(layer->attr(name), tensor_from(entry.at("after")), 4) == "");
    if (entry.at("assigned").is_null()) {
      CHECK_THROWS_AS(layer->attr(name) = value.detach(), NotImplementedError);
    } else {
      layer->attr(name) = value.detach();
      CHECK(difference(layer->attr(name), tensor_from(entry.at("assigned")), 4) == "");
    }
  }
}

TEST_CASE("an orthogonal weight stays so while it trains, with weight decay and after a copy") {
  const auto map =
      GENERATE(std::string("matrix_exp"), std::string("cayley"), std::string("householder"));
  manual_seed(1);
  nn::Linear layer(3, 6);
  parametrize::orthogonal(layer, "weight", map);
  CHECK(distance_to_orthogonal(layer->weight) < 1e-5);
  optim::SGD optimizer(layer->parameters(), optim::SGDOptions(0.1).weight_decay(0.1));
  for (int step = 0; step < 5; ++step) {
    optimizer.zero_grad();
    layer(ones({2, 3})).pow(2).sum().backward();
    optimizer.step();
  }
  CHECK(distance_to_orthogonal(layer->weight) < 1e-5);

  const auto copy = std::dynamic_pointer_cast<nn::LinearImpl>(layer->clone());
  CHECK(allclose(copy->weight, layer->weight));
  const Tensor target = std::get<0>(linalg::qr(randn({6, 3})));
  copy->weight = target;
  CHECK(allclose(copy->weight, target, 1e-4, 1e-5));
  CHECK_FALSE(allclose(copy->weight, layer->weight, 1e-4, 1e-5));
  CHECK_THROWS_AS(copy->weight = ones({3, 6}), ValueError);
  CHECK(allclose(copy->weight, target, 1e-4, 1e-5));
}

TEST_CASE("orthogonal composes with a parametrization that came first") {
  nn::Linear layer(3, 3);
  parametrize::skew(*layer);
  parametrize::orthogonal(layer);
  CHECK(distance_to_orthogonal(layer->weight) < 1e-5);
  parametrize::remove_parametrizations(layer, "weight");
  CHECK(distance_to_orthogonal(layer->weight) < 1e-5);
}

TEST_CASE("each built-in map leaves what it names") {
  manual_seed(0);
  // [builtin]
  nn::Linear layer(20, 40), critic(20, 40), direction(20, 40);
  parametrize::orthogonal(layer);       // layer->weight has orthonormal columns
  parametrize::spectral_norm(critic);   // its largest singular value is 1
  parametrize::weight_norm(direction);  // rows of length original0 along original1
  // [/builtin]
  CHECK(distance_to_orthogonal(layer->weight) < 1e-5);
  for (int i = 0; i < 200; ++i) (void)Tensor(critic->weight);
  CHECK(std::abs(linalg::svdvals(critic->weight)[0].item<double>() - 1) < 1e-4);
  const auto& list = parametrize::parametrizations(direction)["weight"];
  CHECK(allclose(direction->weight.norm(2, {1}, true), list.original(0)));
}

TEST_CASE("the maps differentiate twice") {
  manual_seed(5);
  const Tensor x = randn({4, 3}, kDouble).requires_grad_();
  const auto map =
      GENERATE(parametrize::OrthogonalMap::MatrixExp, parametrize::OrthogonalMap::Cayley,
               parametrize::OrthogonalMap::Householder);
  parametrize::Orthogonal orthogonal(x, map, false);
  const auto call = [&](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{orthogonal->forward(in[0])};
  };
  CHECK(autograd::gradcheck(call, {x}));
  CHECK(autograd::gradgradcheck(call, {x}));

  parametrize::WeightNorm norm(GENERATE(0, 1));
  const auto [g, v] = norm->right_inverse(x.detach());
  const auto scale = [&](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{norm->forward(in[0], in[1])};
  };
  const std::vector<Tensor> inputs{g.clone().requires_grad_(), v.clone().requires_grad_()};
  CHECK(autograd::gradcheck(scale, inputs));
  CHECK(autograd::gradgradcheck(scale, inputs));
}

TEST_CASE("weight_norm loads the names of older state dicts") {
  nn::Linear layer(3, 2);
  parametrize::weight_norm(layer);
  nn::StateDict state = layer->state_dict(), older;
  older.insert("bias", state["bias"]);
  older.insert("weight_g", full({2, 1}, 2.0));
  older.insert("weight_v", ones({2, 3}));
  layer->load_state_dict(older);
  CHECK(allclose(layer->weight, full({2, 3}, 2 / std::sqrt(3.0))));
}

TEST_CASE("two reads under spectral_norm can be differentiated together") {
  manual_seed(3);
  nn::Linear layer(4, 4);
  parametrize::spectral_norm(layer);
  const Tensor first = layer->weight, second = layer->weight;
  (first.sum() - second.pow(2).sum()).backward();
  CHECK(parametrize::parametrizations(layer)["weight"]
            .original()
            .grad()
            .isfinite()
            .all()
            .item<bool>());
  for (int i = 0; i < 30; ++i) (void)Tensor(layer->weight);
  const Tensor largest = linalg::svdvals(layer->weight)[0];
  CHECK(std::abs(largest.item<double>() - 1) < 1e-4);
}
