/// S3's refusals in Lifeboat's words: what happened, what to do about it, and whether trying again may help.
#pragma once

#include <string_view>

#include "base/error.h"
#include "net/http_client.h"
#include "store/s3_location.h"

namespace lifeboat::store {

struct S3Failure {
  Error error;
  bool retry = false;
};

/// For an answer that is not what was wanted. `what` names the request: "GET packs/ab/…".
S3Failure judge_answer(const net::HttpAnswer& answer, const S3Location& location, std::string_view what);
/// For a request that got no answer.
bool is_worth_retrying(Code code);

}  // namespace lifeboat::store
