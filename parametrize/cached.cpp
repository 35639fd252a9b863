#include <pullback/parametrize/cached.h>

#include <cassert>
#include <unordered_map>
#include <utility>
#include <vector>

#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/tensor_impl.h>
#include <pullback/parametrize/parametrization_list.h>

namespace pullback::parametrize {

namespace {

// What a value was computed from. It holds the storages, so that no other can take their address.
struct Stamp {
  struct Entry {
    Ref<Storage> storage;
    Geometry geometry;
    std::uint32_t version;
    bool requires_grad;
    bool operator==(const Entry& other) const {
      return storage == other.storage && geometry.offset == other.geometry.offset &&
             geometry.sizes() == other.geometry.sizes() &&
             geometry.strides() == other.geometry.strides() && version == other.version &&
             requires_grad == other.requires_grad;
    }
  };
  std::vector<Entry> tensors;
  std::vector<std::pair<const nn::Module*, bool>> training;
  bool grad_mode = false;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const ParametrizationList& list) {
  Stamp stamp;
  stamp.grad_mode = GradMode::is_enabled();
  auto& modules = const_cast<ParametrizationList&>(list);
  modules.apply([&](nn::Module& module) {
    stamp.training.emplace_back(&module, module.is_training());
    for (const auto& slot : module.slots())
      if (const TensorImpl* impl = slot->stored(); impl && !slot->computed())
        stamp.tensors.push_back(
            {impl->storage, impl->geometry, impl->storage->version, impl->requires_grad});
  });
  return stamp;
}

struct Cache {
  struct Entry {
    Stamp stamp;
    Tensor value;
  };
  int depth = 0;
  std::unordered_map<std::uint64_t, Entry>* values = nullptr;  ///< of the outermost scope
};

// Has no destructor, so that a scope may begin while the program ends.
Cache& cache() {
  static constinit thread_local Cache cache;
  return cache;
}

}  // namespace

CacheGuard::CacheGuard() : thread_(&cache()) {
  if (cache().depth == 0) cache().values = new std::unordered_map<std::uint64_t, Cache::Entry>;
  ++cache().depth;
}

CacheGuard::~CacheGuard() {
  assert(thread_ == &cache() && "a cached() scope must end on the thread that began it");
  if (--cache().depth == 0) delete std::exchange(cache().values, nullptr);
}

Tensor cached_or(const ParametrizationList& list, const std::function<Tensor()>& evaluate) {
  if (cache().depth == 0) return evaluate();
  const auto found = cache().values->find(list.id());
  if (found != cache().values->end() && found->second.stamp == stamp_of(list))
    return found->second.value;
  Tensor value = evaluate();
  // Taken after the evaluation, which may have changed buffers of the parametrization itself.
  (*cache().values)[list.id()] = {stamp_of(list), value};
  return value;
}

}  // namespace pullback::parametrize
