/// For tests: a store in front of another. Included by tests and *_testing.h files only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "store/store.h"

namespace lifeboat::store {

/// Passes everything on; who derives from it changes what is to be different.
class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {}

  std::string url() const override { return inner_->url(); }
  void put(std::string_view name, ByteView bytes) override { inner_->put(name, bytes); }
  std::unique_ptr<ObjectWriter> create(std::string_view name) override { return inner_->create(name); }
  void get_range(std::string_view name, std::uint64_t offset, ByteSpan out) override {
    inner_->get_range(name, offset, out);
  }
  Bytes get(std::string_view name, std::size_t max_size) override { return inner_->get(name, max_size); }
  std::optional<ObjectInfo> find(std::string_view name) override { return inner_->find(name); }
  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& each) override {
    inner_->list(prefix, each);
  }
  void remove(std::string_view name) override { inner_->remove(name); }
  SystemTime clock() override { return inner_->clock(); }
  std::chrono::milliseconds latency() const override { return inner_->latency(); }
  std::uint64_t remove_unfinished(std::chrono::milliseconds age) override { return inner_->remove_unfinished(age); }

 private:
  std::unique_ptr<Store> inner_;
};

}  // namespace lifeboat::store
