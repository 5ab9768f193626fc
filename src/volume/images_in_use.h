/// Which images of the vault a mounted volume needs, said there so that a prune spares these and no others: the one it
/// reads now, and earlier ones as long as a file that was removed while open still reads from them.
///
/// Ownership: borrows vault and volume. Threads: safe from any. Errors: none leave; what a session cannot do is logged.
#pragma once

#include <list>
#include <mutex>
#include <string>

#include "vault/session.h"
#include "volume/volume.h"

namespace lifeboat::volume {

class ImagesInUse {
 public:
  /// `vault` may be null: then there is nobody to tell.
  ImagesInUse(vault::Vault* vault, Volume& volume);
  /// After a commit the volume reads another image. Cheap if nothing has changed.
  void follow();

 private:
  struct Used {
    Used(vault::Vault& vault, const vault::ImageName& name) : image(name), session(vault, name) {}
    vault::ImageName image;
    vault::ReadSession session;
  };

  vault::Vault* const vault_;
  Volume& volume_;
  std::mutex mutex_;
  std::list<Used> used_;  ///< the last: now
};

}  // namespace lifeboat::volume
