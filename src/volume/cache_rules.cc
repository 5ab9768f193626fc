// Which files bypass the kernel's page cache: those that InnoDB caches or logs itself.
#include "volume/fuse_adapter.h"

namespace lifeboat::volume {

bool bypasses_page_cache(std::string_view file_name) {
  if (file_name.ends_with(".ibd") || file_name.ends_with(".ibt")) return true;
  if (file_name.contains('.')) return false;
  for (const std::string_view prefix : {"ib_logfile", "undo", "ibdata", "ibtmp"}) {
    if (file_name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace lifeboat::volume
