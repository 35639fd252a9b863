#include <pullback/nn/containers/module_list.h>

#include <ostream>

namespace pullback::nn {

void ModuleListImpl::append(std::shared_ptr<Module> module) {
  check<TypeError>(module != nullptr, "ModuleList: the module is null");
  register_module(std::to_string(size()), module);
  modules_.emplace_back(std::move(module));
}

void ModuleListImpl::insert(std::size_t i, std::shared_ptr<Module> module) {
  check<IndexError>(i <= size(), "ModuleList: position ", i, " is out of range for ", size(),
                    " modules");
  append(module);
  for (std::size_t k = size() - 1; k > i; --k) {
    modules_[k] = modules_[k - 1];
    replace_module(std::to_string(k), modules_[k].ptr());
  }
  modules_[i] = module;
  replace_module(std::to_string(i), module);
}

void ModuleListImpl::extend(const ModuleListImpl& other) {
  for (const auto& module : std::vector(other.modules_)) append(module.ptr());
}

std::shared_ptr<Module> ModuleListImpl::ptr(std::int64_t i) const {
  const auto n = static_cast<std::int64_t>(size());
  check<IndexError>(i >= -n && i < n, "ModuleList: index ", i, " is out of range for ", n,
                    " modules");
  return modules_[static_cast<std::size_t>(i < 0 ? i + n : i)].ptr();
}

void ModuleListImpl::pretty_print(std::ostream& stream) const {
  stream << name() << "(";
  std::vector<std::string> texts;
  for (const auto& child : named_children()) texts.push_back(child.value()->repr());
  for (std::size_t first = 0, last; first < texts.size(); first = last + 1) {
    last = first;
    while (last + 1 < texts.size() && texts[last + 1] == texts[first]) ++last;
    stream << "\n  (" << first;
    if (last > first) stream << "-" << last;
    stream << "): ";
    if (last > first) stream << last - first + 1 << " x ";
    stream << indented(texts[first]);
  }
  stream << (texts.empty() ? ")" : "\n)");
}

}  // namespace pullback::nn
