#include "base/error.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

namespace lifeboat {
namespace {

struct CodeRow {
  Code code;
  std::string_view name;
  int http;
};

constexpr std::array kCodes{
    CodeRow{Code::kInternal, "internal", 500},
    CodeRow{Code::kUsage, "usage", 400},
    CodeRow{Code::kNotFound, "not_found", 404},
    CodeRow{Code::kExists, "exists", 409},
    CodeRow{Code::kConflict, "conflict", 409},
    CodeRow{Code::kCorruption, "corruption", 500},
    CodeRow{Code::kUnavailable, "unavailable", 503},
    CodeRow{Code::kOutOfSpace, "out_of_space", 507},
    CodeRow{Code::kDenied, "denied", 403},
    CodeRow{Code::kUnsupported, "unsupported", 501},
    CodeRow{Code::kTimeout, "timeout", 504},
    CodeRow{Code::kCancelled, "cancelled", 499},
    CodeRow{Code::kBusy, "busy", 423},
    CodeRow{Code::kRefused, "refused", 412},
    CodeRow{Code::kLocked, "locked", 401},
    CodeRow{Code::kIo, "io", 500},
};

const CodeRow& row(Code code) {
  for (const CodeRow& each : kCodes) {
    if (each.code == code) return each;
  }
  return kCodes.front();
}

Code code_of_errno(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return Code::kOutOfSpace;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kDenied;
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kExists;
    case EISDIR:
    case ENOTDIR:
      return Code::kUsage;
    default:
      return Code::kIo;
  }
}

std::string place_text(const std::source_location& place) {
  std::string_view file = place.file_name();
  if (auto at = file.rfind("/src/"); at != std::string_view::npos) file.remove_prefix(at + 1);
  return format("{}:{}", file, place.line());
}

}  // namespace

std::string_view code_name(Code code) {
  return row(code).name;
}
int exit_status(Code code) {
  return static_cast<int>(code);
}
Code code_of_exit_status(int status) {
  for (const CodeRow& each : kCodes) {
    if (exit_status(each.code) == status) return each.code;
  }
  return Code::kInternal;
}

int http_status(Code code) {
  return row(code).http;
}

const std::vector<Code>& all_codes() {
  static const std::vector<Code> codes = [] {
    std::vector<Code> list;
    list.reserve(kCodes.size());
    for (const CodeRow& each : kCodes) list.push_back(each.code);
    return list;
  }();
  return codes;
}

std::string Error::text() const {
  std::string line;
  for (const std::string& each : context) line += each + ": ";
  return line + message;
}

Exception::Exception(Error error) : error_(std::move(error)), text_(error_.text()) {}

void Exception::add_context(std::string what) {
  error_.context.insert(error_.context.begin(), std::move(what));
  text_ = error_.text();
}

void fail(Code code, std::string message, std::string hint, std::source_location place) {
  throw Exception(Error{code, std::move(message), std::move(hint), {}, place_text(place)});
}

void fail_errno(std::string what, int error_number, std::source_location place) {
  const Code code = code_of_errno(error_number);
  std::string hint;
  if (code == Code::kOutOfSpace) hint = "Free some room on that file system, then try again; nothing was lost.";
  if (error_number == EACCES || error_number == EPERM) {
    hint = format("Check who may do that: this ran as user id {}.", ::geteuid());
  }
  throw Exception(
      Error{code, std::move(what) + ": " + std::generic_category().message(error_number), hint, {}, place_text(place)});
}

Error current_error() {
  try {
    throw;
  } catch (const Exception& e) {
    return e.error();
  } catch (const std::bad_alloc&) {
    return Error{Code::kOutOfSpace, "out of memory", "", {}, ""};
  } catch (const std::system_error& e) {
    // Of std::filesystem: the system's, as fail_errno would have told it.
    return Error{code_of_errno(e.code().value()), e.what(), "", {}, ""};
  } catch (const std::exception& e) {
    return Error{Code::kInternal, e.what(), "", {}, ""};
  } catch (...) {
    return Error{Code::kInternal, "unknown exception", "", {}, ""};
  }
}

void check_failed(const char* condition, std::source_location place) {
  std::fprintf(stderr, "lifeboat: bug: %s at %s\n", condition, place_text(place).c_str());
  std::abort();
}

}  // namespace lifeboat
