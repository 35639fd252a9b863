#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <pullback/core/error.h>
#include <pullback/core/tensor.h>

namespace pullback {

/// A map that remembers the order of insertion. Lookup is linear: these are small.
template <class Key, class Value>
class OrderedDict {
 public:
  class Item {
   public:
    Item(Key key, Value value) : pair_(std::move(key), std::move(value)) {}
    const Key& key() const { return pair_.first; }
    Value& value() { return pair_.second; }
    const Value& value() const { return pair_.second; }
    Value& operator*() { return value(); }
    const Value& operator*() const { return value(); }
    Value* operator->() { return &value(); }
    const Value* operator->() const { return &value(); }
    const std::pair<Key, Value>& pair() const { return pair_; }

   private:
    std::pair<Key, Value> pair_;
  };

  /// `description` names the keys in messages.
  explicit OrderedDict(std::string description = "Key") : description_(std::move(description)) {}
  OrderedDict(std::initializer_list<std::pair<Key, Value>> list) : OrderedDict() {
    for (const auto& [key, value] : list) insert(key, value);
  }

  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  std::size_t size() const { return items_.size(); }
  bool is_empty() const { return items_.empty(); }
  bool empty() const { return items_.empty(); }
  const std::vector<Item>& items() const { return items_; }
  /// These throw IndexError for a place beyond the last item.
  const Item& front() const { return (*this)[0]; }
  const Item& back() const { return (*this)[items_.size() - 1]; }
  Item& operator[](std::size_t i) {
    check<IndexError>(i < items_.size(), description_, " number ", i, " is not among ",
                      items_.size());
    return items_[i];
  }
  const Item& operator[](std::size_t i) const { return const_cast<OrderedDict&>(*this)[i]; }

  Value* find(const Key& key) {
    for (Item& item : items_)
      if (item.key() == key) return &item.value();
    return nullptr;
  }
  const Value* find(const Key& key) const { return const_cast<OrderedDict*>(this)->find(key); }
  bool contains(const Key& key) const { return find(key) != nullptr; }
  /// Throws KeyError for an unknown key.
  Value& operator[](const Key& key) {
    Value* found = find(key);
    check<KeyError>(found != nullptr, description_, " '", key, "' is not defined");
    return *found;
  }
  const Value& operator[](const Key& key) const { return const_cast<OrderedDict&>(*this)[key]; }
  /// Throws RuntimeError when the key exists.
  Value& insert(Key key, Value value) {
    check(!contains(key), description_, " '", key, "' already defined");
    items_.emplace_back(std::move(key), std::move(value));
    return items_.back().value();
  }
  void insert_or_assign(Key key, Value value) {
    if (Value* found = find(key)) {
      *found = std::move(value);
    } else {
      items_.emplace_back(std::move(key), std::move(value));
    }
  }
  void update(const OrderedDict& other) {
    for (const Item& item : other) insert(item.key(), item.value());
  }
  void erase(const Key& key) {
    const Value* value = &(*this)[key];
    auto item = items_.begin();
    while (&item->value() != value) ++item;
    items_.erase(item);
  }
  void clear() { items_.clear(); }
  void reserve(std::size_t size) { items_.reserve(size); }
  std::vector<Key> keys() const {
    std::vector<Key> list;
    for (const Item& item : items_) list.push_back(item.key());
    return list;
  }
  std::vector<Value> values() const {
    std::vector<Value> list;
    for (const Item& item : items_) list.push_back(item.value());
    return list;
  }
  std::vector<std::pair<Key, Value>> pairs() const {
    std::vector<std::pair<Key, Value>> list;
    for (const Item& item : items_) list.push_back(item.pair());
    return list;
  }

 private:
  std::string description_;
  std::vector<Item> items_;
};

// Compiled once, in ordered_dict.cpp.
namespace nn {
class Module;
}
extern template class OrderedDict<std::string, Tensor>;
extern template class OrderedDict<std::string, std::shared_ptr<nn::Module>>;

}  // namespace pullback
