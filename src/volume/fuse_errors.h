/// From our errors to the kernel's, and what of it is worth a line in the log.
#pragma once

#include "base/error.h"
#include "volume/fuse_operations.h"

namespace lifeboat::volume {

int errno_for(Code code);
/// The errno for the exception in flight; logs what an operator has to know, naming operation and file.
int handle_error(FuseContext& context, std::string_view operation, InodeNumber inode) noexcept;

}  // namespace lifeboat::volume
