/// What `lifeboat check` says: the picture and the findings, for a tired person and for machines.
/// Threads: free functions. Errors: none.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "rescue/check.h"

namespace lifeboat::rescue {

/// The most severe first; prose is broken at 96 columns, statements to be pasted are not.
std::string report_text(const CheckFacts& facts, const std::vector<Finding>& findings);
json::object report_json(const CheckFacts& facts, const std::vector<Finding>& findings);

/// Whether any is at least this bad.
bool any_at_least(const std::vector<Finding>& findings, FindingSeverity severity);

}  // namespace lifeboat::rescue
