#include <functional>
#include <map>

#include <pullback/core/factories.h>
#include <pullback/core/random.h>
#include <pullback/nn/init.h>

#include "catch.h"
#include "reference/reference.h"

namespace {

using namespace pullback_tests;
using nlohmann::json;
using pullback::Tensor;
namespace init = pullback::nn::init;

using Initialiser = std::function<void(const Tensor&, const json&)>;

double number(const json& kw, const char* name, double otherwise) {
  return kw.contains(name) ? number_from(kw.at(name)) : otherwise;
}

pullback::FanMode fan(const json& kw) {
  return kw.value("mode", "fan_in") == "fan_out" ? pullback::kFanOut : pullback::kFanIn;
}

pullback::Nonlinearity nonlinearity(const json& kw) {
  std::string name = kw.value("nonlinearity", "leaky_relu");
  if (name == "relu") return pullback::kReLU;
  if (name == "tanh") return pullback::kTanh;
  return pullback::kLeakyReLU;
}

const std::map<std::string, Initialiser>& initialisers() {
  static const std::map<std::string, Initialiser> table = {
      {"zeros_", [](const Tensor& x, const json&) { init::zeros_(x); }},
      {"ones_", [](const Tensor& x, const json&) { init::ones_(x); }},
      {"eye_", [](const Tensor& x, const json&) { init::eye_(x); }},
      {"dirac_", [](const Tensor& x, const json&) { init::dirac_(x); }},
      {"constant_",
       [](const Tensor& x, const json& kw) { init::constant_(x, number(kw, "val", 0)); }},
      {"uniform_",
       [](const Tensor& x, const json& kw) {
         init::uniform_(x, number(kw, "a", 0), number(kw, "b", 1));
       }},
      {"normal_",
       [](const Tensor& x, const json& kw) {
         init::normal_(x, number(kw, "mean", 0), number(kw, "std", 1));
       }},
      {"trunc_normal_",
       [](const Tensor& x, const json& kw) {
         init::trunc_normal_(x, number(kw, "mean", 0), number(kw, "std", 1), number(kw, "a", -2),
                             number(kw, "b", 2));
       }},
      {"xavier_uniform_",
       [](const Tensor& x, const json& kw) { init::xavier_uniform_(x, number(kw, "gain", 1)); }},
      {"xavier_normal_",
       [](const Tensor& x, const json& kw) { init::xavier_normal_(x, number(kw, "gain", 1)); }},
      {"kaiming_uniform_",
       [](const Tensor& x, const json& kw) {
         init::kaiming_uniform_(x, number(kw, "a", 0), fan(kw), nonlinearity(kw));
       }},
      {"kaiming_normal_",
       [](const Tensor& x, const json& kw) {
         init::kaiming_normal_(x, number(kw, "a", 0), fan(kw), nonlinearity(kw));
       }},
      {"orthogonal_",
       [](const Tensor& x, const json& kw) { init::orthogonal_(x, number(kw, "gain", 1)); }},
  };
  return table;
}

}  // namespace

TEST_CASE("initialisers give PyTorch's values", "[init]") {
  for (const json& entry : reference("init.json")) {
    std::string name = entry.at("name");
    INFO(entry.dump().substr(0, 100));
    if (name == "calculate_gain") {
      double slope = entry.at("param").is_null() ? 0.01 : entry.at("param").get<double>();
      CHECK(init::calculate_gain(entry.at("nonlinearity").get<std::string>(), slope) ==
            entry.at("gain").get<double>());
      continue;
    }
    Tensor expected = tensor_from(entry.at("out"));
    Tensor x = pullback::empty(expected.sizes(), expected.dtype());
    pullback::manual_seed(3);
    initialisers().at(name)(x, entry.at("kw"));
    // Normals and what comes from them agree but for the last bits of logarithm and cosine.
    bool exact = name.find("normal") == std::string::npos && name != "orthogonal_";
    CHECK(difference(x, expected, exact ? uniform_factor() : 1) == "");
  }
}
