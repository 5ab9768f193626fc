/// For the tests of this part: a vault in a temporary directory, and ways to damage what lies in it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "store/store.h"
#include "vault/vault.h"

namespace lifeboat::vault {

inline Credential credential(std::string_view text) {
  return {codec::Secret(text)};
}

/// A fresh vault, and the store's directory for whoever wants to tamper with it.
class TestVault {
 public:
  static constexpr std::string_view kPassphrase = "correct horse";

  TestVault() : init_(Vault::init(*open_store(), credential(kPassphrase))), vault_(open()) {}

  Vault& operator*() { return *vault_; }
  Vault* operator->() { return vault_.get(); }
  const InitResult& init() const { return init_; }
  Path path(std::string_view name) const { return directory_.path() / "store" / name; }

  std::unique_ptr<store::Store> open_store() const {
    return store::open_store("file://" + (directory_.path() / "store").string());
  }
  std::unique_ptr<Vault> open(std::string_view passphrase = kPassphrase) const {
    return Vault::open(open_store(), credential(passphrase));
  }
  /// Puts these bytes where an object lies (or none lay), as no driver would.
  void replace(std::string_view name, ByteView bytes) const {
    make_directories(path(name).parent_path());
    write_file_durably(path(name), bytes);
  }
  Bytes content(std::string_view name) const { return read_file(path(name)); }

 private:
  TempDir directory_;
  InitResult init_;
  std::unique_ptr<Vault> vault_;
};

/// What `call` throws; fails the test if it throws nothing.
inline Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Exception& e) {
    return e.error();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

/// Calls `check` with `bytes` changed in every single bit, one at a time.
inline void for_each_flipped_bit(Bytes bytes, const std::function<void(const Bytes& changed, std::size_t bit)>& check) {
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    bytes[bit / 8] ^= mask;
    check(bytes, bit);
    bytes[bit / 8] ^= mask;
  }
}

/// Damage must be told as damage, or as what the flipped bit makes of it.
inline bool tells_of_damage(const Error& error) {
  return (error.code == Code::kCorruption || error.code == Code::kUnsupported) && !error.message.empty();
}

}  // namespace lifeboat::vault
