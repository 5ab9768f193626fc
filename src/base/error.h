/// The one error type. A stable code gives exit status, HTTP status and the name in JSON; the message names the
/// thing ("image x: truncated"), lower case; the hint is a sentence that tells a tired person what to do next.
/// Throw `Exception` when an operation cannot go on; return std::optional or std::expected<T, Error> where the
/// direct caller is expected to branch. Table of codes: docs/reference/errors.md (checked by a test).
#pragma once

#include <cstdint>
#include <exception>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.h"

namespace lifeboat {

/// The value is also the process's exit status. Numbers are never re-used.
enum class Code : std::uint8_t {
  kInternal = 1,      ///< our own bug
  kUsage = 2,         ///< the command or request makes no sense as written
  kNotFound = 3,      ///< the named thing does not exist
  kExists = 4,        ///< the thing exists already and is never overwritten
  kConflict = 5,      ///< something changed underneath; trying again may work
  kCorruption = 6,    ///< stored bytes are damaged or not ours
  kUnavailable = 7,   ///< store, server or network did not answer rightly, after retries
  kOutOfSpace = 8,    ///< no room on a disk or within a set bound
  kDenied = 9,        ///< the operating system or the store refuses us access
  kUnsupported = 10,  ///< a newer format, another version, a missing ability
  kTimeout = 11,      ///< a deadline passed
  kCancelled = 12,    ///< a person or signal stopped it
  kBusy = 13,         ///< somebody else holds it now
  kRefused = 14,      ///< it would endanger data (retention, a running server, a missing approval)
  kLocked = 15,       ///< wrong or missing key
  kIo = 16,           ///< the local disk or kernel reported an error
};

/// "corruption", "not_found", … as written in JSON.
std::string_view code_name(Code code);
int exit_status(Code code);
/// kInternal where no code has that exit status.
Code code_of_exit_status(int status);
int http_status(Code code);
/// Every code, in order: for the reference page and its test.
const std::vector<Code>& all_codes();

struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::string hint;                  ///< may be empty
  std::vector<std::string> context;  ///< outermost first: what was being done
  std::string place;                 ///< file:line of the throw

  /// "while importing /x: chunk 3: truncated" in one line, without the hint.
  std::string text() const;
};

class Exception : public std::exception {
 public:
  explicit Exception(Error error);
  const char* what() const noexcept override { return text_.c_str(); }
  const Error& error() const { return error_; }
  Code code() const { return error_.code; }
  /// Prepends what was being done; for `catch (Exception& e) { e.add_context(…); throw; }`.
  void add_context(std::string what);

 private:
  Error error_;
  std::string text_;
};

/// Throws Exception; `hint` may be empty.
[[noreturn]] void fail(Code code, std::string message, std::string hint = {},
                       std::source_location place = std::source_location::current());

/// Throws Exception from errno (ENOSPC and EDQUOT → kOutOfSpace, EACCES/EPERM/EROFS → kDenied, ENOENT → kNotFound,
/// EEXIST → kExists, else kIo). `what` names operation and object: "open /x/y".
[[noreturn]] void fail_errno(std::string what, int error_number,
                             std::source_location place = std::source_location::current());

/// Turns the exception in flight into an Error (std::exception → kInternal, bad_alloc → kOutOfSpace).
Error current_error();

/// A check that can only fail through our own bug; on in release too. Never for bytes from disk, wire or user.
#define LIFEBOAT_CHECK(condition) ((condition) ? static_cast<void>(0) : ::lifeboat::check_failed(#condition))
[[noreturn]] void check_failed(const char* condition, std::source_location place = std::source_location::current());

}  // namespace lifeboat
