/// Finds out whether a database server has a file open: InnoDB and Aria hold fcntl locks on theirs.
#pragma once

#include <string>

namespace lifeboat::vault {

/// Throws kRefused, saying which process it is, if another process holds a lock on the open file.
void refuse_locked_file(int fd, const std::string& path);

}  // namespace lifeboat::vault
