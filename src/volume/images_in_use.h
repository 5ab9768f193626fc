/// Which images of the vault a volume needs, said there so that a prune spares these and no others: the one it reads
/// now, and earlier ones as long as a file that was removed while open still reads from them. What was said goes on
/// counting for vault::kKeepLifetime after the volume was last mounted, whether its process was ended or killed: it may
/// be mounted again. The next process of the same volume replaces what the last one said, removing the volume ends it.
///
/// Ownership: borrows vault and volume. Threads: safe from any. Errors: none leave; what a session cannot do is logged.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "vault/session.h"
#include "volume/volume.h"

namespace lifeboat::volume {

class ImagesInUse {
 public:
  /// `vault` may be null: then there is nobody to tell. `holder`: VolumeRecord::id.
  ImagesInUse(vault::Vault* vault, Volume& volume, std::string holder);
  /// Leaves what it says in the vault.
  ~ImagesInUse();
  ImagesInUse(const ImagesInUse&) = delete;
  ImagesInUse& operator=(const ImagesInUse&) = delete;
  /// Says what has to be said now: at first, and after a commit, when the volume reads another image. Cheap if nothing
  /// has changed; else as slow as the vault.
  void follow();

 private:
  struct Used {
    vault::ImageName image;
    std::unique_ptr<vault::Session> session;  ///< null: not said yet
  };
  void say();

  vault::Vault* const vault_;
  Volume& volume_;
  const std::string holder_;
  std::mutex mutex_;
  bool earlier_ended_ = false;  ///< what an earlier process of this volume left
  std::list<Used> used_;        ///< the last: now
  std::chrono::steady_clock::time_point retry_at_;
  std::string last_error_;
};

}  // namespace lifeboat::volume
