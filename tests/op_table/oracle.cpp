#include "op_table/oracle.h"

#include "reference/reference.h"

namespace pullback_tests {

namespace {

using nlohmann::json;

Case::Value keyword(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_array()) return value.get<std::vector<std::int64_t>>();
  std::string text = value.get<std::string>();
  if (text == "inf" || text == "-inf") return number_from(value);
  return text;
}

Answer answer(const json& record) {
  std::vector<Tensor> inputs;
  for (const json& input : record.at("in")) inputs.push_back(tensor_from(input));
  std::map<std::string, Case::Value> keywords;
  if (record.contains("kw")) {
    const json& given = record.at("kw");
    for (auto it = given.begin(); it != given.end(); ++it)
      keywords.emplace(it.key(), keyword(it.value()));
  }
  Answer result{Case(inputs, std::move(keywords)),
                {},
                record.contains("throws"),
                record.value("fn", ""),
                record.contains("g"),
                {}};
  if (result.throws) return result;
  for (const json& output : record.at("out")) result.outputs.push_back(tensor_from(output));
  if (!result.has_gradients) return result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    json values = record.at("g").at(i);
    if (values.is_null()) {
      result.gradients.push_back(Tensor());
      continue;
    }
    json gradient = record.at("in").at(i);
    gradient["v"] = values;
    result.gradients.push_back(tensor_from(gradient));
  }
  return result;
}

}  // namespace

const std::map<std::string, std::vector<Answer>>& oracle(const std::string& family) {
  static std::map<std::string, std::map<std::string, std::vector<Answer>>> families;
  auto [found, fresh] = families.try_emplace(family);
  if (!fresh) return found->second;
  json ops = reference("ops/" + family + ".json");
  for (auto it = ops.begin(); it != ops.end(); ++it)
    for (const json& record : it.value()) found->second[it.key()].push_back(answer(record));
  return found->second;
}

}  // namespace pullback_tests
