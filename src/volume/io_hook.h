/// The seam through which tests break the local disk: every change and sync of a file in a volume's directory asks the
/// hook first. Without a hook it costs one load.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace lifeboat::volume {

enum class IoKind : std::uint8_t { kWrite, kSync, kSyncFileSystem, kTruncate, kPunch, kReserve, kRemove };

struct IoEvent {
  IoKind kind = IoKind::kWrite;
  const std::string& path;
  int fd = -1;  ///< -1 for kRemove, and for the sync of a directory
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

class IoHook {
 public:
  virtual ~IoHook() = default;
  /// Called before the operation; an errno to fail with instead, or 0.
  virtual int before(const IoEvent& event) = 0;

  static int ask(const IoEvent& event) {
    IoHook* hook = installed.load(std::memory_order_acquire);
    return hook == nullptr ? 0 : hook->before(event);
  }
  static inline std::atomic<IoHook*> installed{nullptr};
};

}  // namespace lifeboat::volume
