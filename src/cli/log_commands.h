/// The commands on a kept log that go through its index or the vault, one function each; `ls`, `verify` and `show` are
/// in commands.h.
#pragma once

#include "cli/command.h"

namespace lifeboat::cli {

void add_log_dangers(CLI::App& noun, Context& context);
void add_log_export(CLI::App& noun, Context& context);
void add_log_gaps(CLI::App& noun, Context& context);
void add_log_replay(CLI::App& noun, Context& context);
void add_log_restore(CLI::App& noun, Context& context);

}  // namespace lifeboat::cli
