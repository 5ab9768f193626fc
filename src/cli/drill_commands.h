/// The verbs of `drill`.
#pragma once

#include "cli/command.h"

namespace lifeboat::cli {

void add_drill_run(CLI::App& noun, Context& context);
void add_drill_ls(CLI::App& noun, Context& context);  // ls, show

}  // namespace lifeboat::cli
