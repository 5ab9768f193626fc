/// The vault of a relay, opened when it is first needed and the store answers: a relay follows and acknowledges whether
/// or not its vault can be reached. Shared by the sealers of all sources.
///
/// Threads: any. Errors: those of opening a vault; then the next call tries again.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "vault/vault.h"

namespace lifeboat::relay {

class VaultDoor {
 public:
  using Open = std::function<std::unique_ptr<vault::Vault>()>;
  VaultDoor(std::string url, Open open) : url_(std::move(url)), open_(std::move(open)) {}

  const std::string& url() const { return url_; }
  vault::Vault& vault() {
    const std::scoped_lock lock(mutex_);
    if (vault_ == nullptr) vault_ = open_();
    return *vault_;
  }

 private:
  std::string url_;
  Open open_;
  std::mutex mutex_;
  std::unique_ptr<vault::Vault> vault_;
};

}  // namespace lifeboat::relay
