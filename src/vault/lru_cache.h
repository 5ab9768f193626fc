/// A least-recently-used cache bounded by the cost of what it holds. Not locked: its owner does that.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

namespace lifeboat::vault {

template <typename Key, typename Value, typename Hash = std::hash<Key>>
class LruCache {
 public:
  explicit LruCache(std::size_t cost_max) : cost_max_(cost_max) {}

  /// A copy of the value; it becomes the most recently used.
  std::optional<Value> find(const Key& key) {
    const auto at = index_.find(key);
    if (at == index_.end()) return std::nullopt;
    order_.splice(order_.begin(), order_, at->second);
    return at->second->value;
  }

  /// Keeps what is there already; drops the least recently used until everything fits.
  void insert(const Key& key, Value value, std::size_t cost) {
    if (cost > cost_max_ || index_.contains(key)) return;
    order_.push_front({key, std::move(value), cost});
    index_.emplace(key, order_.begin());
    cost_ += cost;
    while (cost_ > cost_max_) {
      cost_ -= order_.back().cost;
      index_.erase(order_.back().key);
      order_.pop_back();
    }
  }

 private:
  struct Entry {
    Key key;
    Value value;
    std::size_t cost;
  };
  std::size_t cost_max_;
  std::size_t cost_ = 0;
  std::list<Entry> order_;
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> index_;
};

}  // namespace lifeboat::vault
