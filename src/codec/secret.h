/// Bytes that are wiped when they go (keys, passphrases). No formatting, no comparison that leaks time.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace lifeboat::codec {

class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit Secret(Bytes&& bytes) : bytes_(std::move(bytes)) {}
  explicit Secret(std::string_view text) : Secret(as_bytes(text)) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret& other) = default;
  Secret& operator=(const Secret& other);
  ~Secret() { wipe(); }

  ByteView view() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  void wipe();
  Bytes bytes_;
};

}  // namespace lifeboat::codec
