/// The commands of `lifeboat guard`, one function each, in the file of its name.
#pragma once

#include "cli/command.h"

namespace lifeboat::cli {

void add_guard_ls(CLI::App& noun, Context& context);       // ls, show
void add_guard_release(CLI::App& noun, Context& context);  // release, skip
void add_guard_audit(CLI::App& noun, Context& context);
void add_guard_approvers(CLI::App& noun, Context& context);  // approvers add, ls, rm
void add_guard_rules(CLI::App& noun, Context& context);      // rules test, suggest

}  // namespace lifeboat::cli
