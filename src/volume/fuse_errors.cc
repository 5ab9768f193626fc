#include "volume/fuse_errors.h"

#include <cerrno>
#include <chrono>

#include "base/log.h"

namespace lifeboat::volume {
namespace {

/// A full disk fails every write: one line a minute says it as well.
bool may_log_out_of_space(FuseContext& context) {
  constexpr std::int64_t kSecondsBetween = 60;
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::int64_t last = context.last_out_of_space_log.load();
  return (last == 0 || seconds - last >= kSecondsBetween) &&
         context.last_out_of_space_log.compare_exchange_strong(last, seconds);
}

bool worth_logging(FuseContext& context, Code code) {
  switch (code) {
    case Code::kNotFound:
    case Code::kExists:
    case Code::kConflict:
    case Code::kUsage:
    case Code::kUnsupported:
    case Code::kRefused:
    case Code::kDenied:
      return false;
    case Code::kOutOfSpace:
      return may_log_out_of_space(context);
    default:
      return true;
  }
}

}  // namespace

int errno_for(Code code) {
  switch (code) {
    case Code::kNotFound:
      return ENOENT;
    case Code::kExists:
      return EEXIST;
    case Code::kConflict:
      return ENOTEMPTY;
    case Code::kUsage:
      return EINVAL;
    case Code::kOutOfSpace:
      return ENOSPC;
    case Code::kDenied:
      return EACCES;
    case Code::kRefused:
      return EPERM;
    case Code::kUnsupported:
      return EOPNOTSUPP;
    case Code::kBusy:
      return EBUSY;
    default:
      return EIO;
  }
}

int handle_error(FuseContext& context, std::string_view operation, InodeNumber inode) noexcept {
  try {
    const Error error = current_error();
    if (worth_logging(context, error.code)) {
      log::error("{} of {} failed: {}: {}", operation, context.inodes.path(inode), code_name(error.code), error.text());
    }
    return errno_for(error.code);
  } catch (...) {
    return EIO;
  }
}

}  // namespace lifeboat::volume
