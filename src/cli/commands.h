/// Every command, one function each, in the file of its name.
#pragma once

#include "cli/command.h"

namespace lifeboat::cli {

void add_check(CLI::App& app, Context& context);

void add_image_pin(CLI::App& noun, Context& context);  // pin, unpin
void add_image_rm(CLI::App& noun, Context& context);

void add_vault_init(CLI::App& noun, Context& context);
void add_vault_copy(CLI::App& noun, Context& context);
void add_vault_key(CLI::App& noun, Context& context);  // add, ls, rm
void add_vault_prune(CLI::App& noun, Context& context);
void add_vault_scrub(CLI::App& noun, Context& context);
void add_vault_stat(CLI::App& noun, Context& context);
void add_vault_undelete(CLI::App& noun, Context& context);
void add_vault_unlock(CLI::App& noun, Context& context);

void add_relay_run(CLI::App& noun, Context& context);
void add_relay_status(CLI::App& noun, Context& context);
void add_log_ls(CLI::App& noun, Context& context);  // ls, verify

void add_image_diff(CLI::App& noun, Context& context);
void add_image_export(CLI::App& noun, Context& context);
void add_image_import(CLI::App& noun, Context& context);
void add_image_ls(CLI::App& noun, Context& context);
void add_image_show(CLI::App& noun, Context& context);

void add_log_show(CLI::App& noun, Context& context);

void add_volume_commit(CLI::App& noun, Context& context);
void add_volume_hydrate(CLI::App& noun, Context& context);
void add_volume_ls(CLI::App& noun, Context& context);
void add_volume_mount(CLI::App& noun, Context& context);
void add_volume_rm(CLI::App& noun, Context& context);
void add_volume_status(CLI::App& noun, Context& context);
void add_volume_umount(CLI::App& noun, Context& context);
void add_branch_start(CLI::App& noun, Context& context);
void add_branch_ls(CLI::App& noun, Context& context);
void add_branch_stop(CLI::App& noun, Context& context);
void add_branch_rm(CLI::App& noun, Context& context);
void add_branch_tend(CLI::App& noun, Context& context);

void add_forecast(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_move(CLI::App& app, Context& context);
void add_adopt(CLI::App& app, Context& context);
void add_seed(CLI::App& app, Context& context);

}  // namespace lifeboat::cli
