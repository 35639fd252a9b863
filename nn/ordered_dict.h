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
  OrderedDict(std::initializer_list<std::pair<Key, Value>> list);

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
  Item& operator[](std::size_t i);
  const Item& operator[](std::size_t i) const { return const_cast<OrderedDict&>(*this)[i]; }

  /// The value of a key, or null.
  Value* find(const Key& key);
  const Value* find(const Key& key) const { return const_cast<OrderedDict*>(this)->find(key); }
  bool contains(const Key& key) const { return find(key) != nullptr; }
  /// Throws KeyError for an unknown key.
  Value& operator[](const Key& key);
  const Value& operator[](const Key& key) const { return const_cast<OrderedDict&>(*this)[key]; }
  /// Throws RuntimeError when the key exists.
  Value& insert(Key key, Value value);
  void insert_or_assign(Key key, Value value);
  void update(const OrderedDict& other);
  /// Throws KeyError for an unknown key.
  void erase(const Key& key);
  void clear();
  void reserve(std::size_t size);
  std::vector<Key> keys() const;
  std::vector<Value> values() const;
  std::vector<std::pair<Key, Value>> pairs() const;

 private:
  std::string description_;
  std::vector<Item> items_;
};

// Outside of the class, because a compiler reads what is defined inside although another file has
// it compiled.

template <class Key, class Value>
OrderedDict<Key, Value>::OrderedDict(std::initializer_list<std::pair<Key, Value>> list)
    : OrderedDict() {
  for (const auto& [key, value] : list) insert(key, value);
}

template <class Key, class Value>
auto OrderedDict<Key, Value>::operator[](std::size_t i) -> Item& {
  check<IndexError>(i < items_.size(), description_, " number ", i, " is not among ",
                    items_.size());
  return items_[i];
}

template <class Key, class Value>
Value* OrderedDict<Key, Value>::find(const Key& key) {
  for (Item& item : items_)
    if (item.key() == key) return &item.value();
  return nullptr;
}

template <class Key, class Value>
Value& OrderedDict<Key, Value>::operator[](const Key& key) {
  Value* found = find(key);
  check<KeyError>(found != nullptr, description_, " '", key, "' is not defined");
  return *found;
}

template <class Key, class Value>
Value& OrderedDict<Key, Value>::insert(Key key, Value value) {
  check(!contains(key), description_, " '", key, "' already defined");
  items_.emplace_back(std::move(key), std::move(value));
  return items_.back().value();
}

template <class Key, class Value>
void OrderedDict<Key, Value>::insert_or_assign(Key key, Value value) {
  if (Value* found = find(key)) {
    *found = std::move(value);
  } else {
    items_.emplace_back(std::move(key), std::move(value));
  }
}

template <class Key, class Value>
void OrderedDict<Key, Value>::update(const OrderedDict& other) {
  for (const Item& item : other) insert(item.key(), item.value());
}

template <class Key, class Value>
void OrderedDict<Key, Value>::erase(const Key& key) {
  const Value* value = &(*this)[key];
  auto item = items_.begin();
  while (&item->value() != value) ++item;
  items_.erase(item);
}

template <class Key, class Value>
void OrderedDict<Key, Value>::clear() {
  items_.clear();
}

template <class Key, class Value>
void OrderedDict<Key, Value>::reserve(std::size_t size) {
  items_.reserve(size);
}

template <class Key, class Value>
std::vector<Key> OrderedDict<Key, Value>::keys() const {
  std::vector<Key> list;
  for (const Item& item : items_) list.push_back(item.key());
  return list;
}

template <class Key, class Value>
std::vector<Value> OrderedDict<Key, Value>::values() const {
  std::vector<Value> list;
  for (const Item& item : items_) list.push_back(item.value());
  return list;
}

template <class Key, class Value>
std::vector<std::pair<Key, Value>> OrderedDict<Key, Value>::pairs() const {
  std::vector<std::pair<Key, Value>> list;
  for (const Item& item : items_) list.push_back(item.pair());
  return list;
}

// Compiled once, in ordered_dict.cpp.
namespace nn {
class Module;
}
extern template class OrderedDict<std::string, Tensor>;
extern template class OrderedDict<std::string, std::shared_ptr<nn::Module>>;

}  // namespace pullback
