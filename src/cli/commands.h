/// Every command, one function each, in the file of its name.
#pragma once

#include "cli/command.h"

namespace lifeboat::cli {

void add_vault_init(CLI::App& noun, Context& context);

}  // namespace lifeboat::cli
