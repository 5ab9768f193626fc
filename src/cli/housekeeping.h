/// What the housekeeping commands share: marks and sessions as JSON.
#pragma once

#include "base/json.h"
#include "base/log.h"
#include "vault/marks.h"
#include "vault/session.h"

namespace lifeboat::cli {

json::object mark_to_json(const vault::Mark& mark);
json::object session_to_json(const vault::SessionInfo& session);

}  // namespace lifeboat::cli
