#include <pullback/core/tensor_impl.h>

#include <cstddef>
#include <new>

#include <pullback/core/autograd/accumulate_grad.h>
#include <pullback/core/autograd/hooks.h>
#include <pullback/core/autograd/node.h>
#include <pullback/core/kernels/allocator.h>

namespace pullback {

namespace {

/// A tensor and the storage that it created, in one allocation that is freed when both are gone. A
/// tensor over existing memory leaves the second half out.
struct Block {
  std::atomic<int> halves;
  bool with_storage;
  TensorImpl impl;
  Storage storage;

  std::size_t size() const { return with_storage ? sizeof(Block) : offsetof(Block, storage); }
};

template <class Member>
Block* block_of(Member* member, std::size_t offset) {
  return reinterpret_cast<Block*>(reinterpret_cast<char*>(member) - offset);
}

void leave(Block* block) {
  if (block->halves.load(std::memory_order_acquire) != 1 &&
      block->halves.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  kernels::deallocate_small(block, block->size());
}

Block* new_block(bool with_storage) {
  const std::size_t bytes = with_storage ? sizeof(Block) : offsetof(Block, storage);
  auto* block = static_cast<Block*>(kernels::allocate_small(bytes));
  new (&block->halves) std::atomic<int>(with_storage ? 2 : 1);
  block->with_storage = with_storage;
  new (&block->impl) TensorImpl;
  if (with_storage) new (&block->storage) Storage;
  return block;
}

}  // namespace

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
void TensorImpl::destroy(TensorImpl* impl) {
  Block* block = block_of(impl, offsetof(Block, impl));
  if (!block->with_storage || impl->storage.get() != &block->storage ||
      impl->storage->refs.get() != 1) {
    impl->~TensorImpl();
    return leave(block);
  }
  // The common end: nobody else holds the storage, so both go without counting.
  Storage* storage = impl->storage.release();
  impl->~TensorImpl();
  storage->release_memory();
  storage->~Storage();
  kernels::deallocate_small(block, block->size());
}

void Storage::destroy(Storage* storage) {
  Block* block = block_of(storage, offsetof(Block, storage));
  storage->release_memory();
  storage->~Storage();
  leave(block);
}
#pragma GCC diagnostic pop

TensorImpl::~TensorImpl() {
  if (retains_grad) autograd::stop_retaining(this);
  // Gradients that have gradients are dropped one after the other, not inside each other.
  while (grad.defined() && grad.get()->refs.get() == 1 && grad.get()->grad.defined()) {
    Tensor next = std::move(grad.get()->grad);
    grad = std::move(next);
  }
  delete accumulator.load(std::memory_order_acquire);
}

void Storage::allocate(std::size_t count) {
  bytes = count;
  if (count <= kInline) {
    data = small;
    return;
  }
  try {
    data = kernels::allocate(count);
  } catch (const std::bad_alloc&) {
    detail::fail<RuntimeError>("allocate: can't allocate memory: you tried to allocate ", count,
                               " bytes; use smaller tensors, or release some first");
  }
}

void Storage::release_memory() noexcept {
  if (deleter) {
    (*deleter)(data);
    delete deleter;
  } else if (data && data != small) {
    kernels::deallocate(data, bytes);
  }
  data = nullptr;
  deleter = nullptr;
}

Ref<TensorImpl> make_tensor(const Geometry& sizes, ScalarType dtype) {
  Block* block = new_block(true);
  Ref<TensorImpl> impl = Ref<TensorImpl>::adopt(&block->impl);
  impl->storage = Ref<Storage>::adopt(&block->storage);
  impl->dtype = dtype;
  impl->geometry.ndim = sizes.ndim;
  for (int d = 0; d < sizes.ndim; ++d) impl->geometry.size[d] = sizes.size[d];
  impl->geometry.check_numel("allocate");
  impl->geometry.make_contiguous();
  impl->storage->allocate(static_cast<std::size_t>(sizes.numel()) * element_size(dtype));
  return impl;
}

Ref<TensorImpl> make_alias(const Ref<Storage>& storage, const Geometry& geometry,
                           ScalarType dtype) {
  Ref<TensorImpl> impl = Ref<TensorImpl>::adopt(&new_block(false)->impl);
  impl->storage = storage;
  impl->dtype = dtype;
  impl->geometry = geometry;
  return impl;
}

Ref<TensorImpl> make_from_blob(void* data, const Geometry& geometry, ScalarType dtype,
                               std::function<void(void*)> deleter) {
  Block* block = new_block(true);
  Ref<TensorImpl> impl = Ref<TensorImpl>::adopt(&block->impl);
  impl->storage = Ref<Storage>::adopt(&block->storage);
  impl->dtype = dtype;
  impl->geometry = geometry;
  impl->storage->data = data;
  std::int64_t extent = geometry.numel() > 0 ? 1 : 0;
  for (int d = 0; d < geometry.ndim && extent > 0; ++d)
    extent += (geometry.size[d] - 1) * geometry.stride[d];
  impl->storage->bytes = static_cast<std::size_t>(extent) * element_size(dtype);
  impl->storage->deleter =
      new std::function<void(void*)>(deleter ? std::move(deleter) : [](void*) {});
  return impl;
}

}  // namespace pullback
