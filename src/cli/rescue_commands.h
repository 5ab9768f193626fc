/// The verbs of `rescue`, and what they have in common.
#pragma once

#include <string>
#include <vector>

#include "cli/branch_options.h"
#include "cli/command.h"
#include "rescue/door.h"
#include "rescue/homecoming.h"
#include "rescue/rescue_plan.h"
#include "rescue/rescue_run.h"

namespace lifeboat::cli {

/// `rescue` itself, with its verbs.
void add_rescue(CLI::App& app, Context& context);
void add_rescue_ls(CLI::App& rescue, Context& context);
void add_rescue_cut_over(CLI::App& rescue, Context& context);  // cut-over, undo
void add_rescue_finish(CLI::App& rescue, Context& context);

/// How the rescue's branch is started and told.
struct RescueBranchOptions {
  std::string state;
  std::string server;
  std::string user;
  std::string password_file;
  std::string space;
  std::uint16_t port = 0;
  bool no_hydrate = false;
};
void add_rescue_branch_options(Command& command, RescueBranchOptions& options);
/// Of those only the account, and where rescues are.
void add_rescue_account_options(Command& command, RescueBranchOptions& options);
/// The account as a command has it that goes on with the same rescue; begins with a blank, if there is one.
std::string account_words(const RescueBranchOptions& options);
rescue::RescueMeans rescue_means(const Context& context, const RescueBranchOptions& options);

/// Who sends the application to its database.
struct DoorOptions {
  std::string haproxy_socket;
  std::string backend;
  std::vector<std::string> servers;
  std::string hook;
  std::string address = "127.0.0.1";
};
void add_door_options(Command& command, DoorOptions& options);  // but --hook, whose words differ
rescue::Door to_door(const DoorOptions& options);
std::string door_instructions(const DoorOptions& options, std::uint16_t port);

/// Of each server, in order: one password for all, or one for each.
std::vector<relay::SourceLogin> logins_of(const std::vector<std::string>& servers,
                                          const std::vector<std::string>& password_files);

/// Where production is to live from now on.
struct HomeOptions {
  std::string directory;
  std::uint16_t port = 0;
  DoorOptions door;
};
void add_home_options(Command& command, HomeOptions& options);
rescue::HomecomingOrder to_homecoming(const HomeOptions& options, const Path& relay, const std::string& by);
/// Homecoming::run; an error says so if production is shut.
void bring_home(rescue::RescueRecord& record, rescue::Origin& origin, const rescue::RescueMeans& means,
                const rescue::HomecomingOrder& order);
std::string describe_home(const rescue::RescueRecord& record, const HomeOptions& options);
json::object home_to_json(const rescue::RescueRecord& record);

// What people read, in at most twenty lines in all.
/// What happened, what is safe, what is about to be done.
std::string describe_picture(const rescue::RescuePicture& picture, const rescue::RescueLog& log);
/// The ways, each with its command; `as_given`: what of this one such a command needs as well.
std::string describe_ways(const rescue::RescuePicture& picture, const std::string& as_given);
/// What was done, and the lines to paste, with the account that this command was given.
std::string describe_rescue(const rescue::RescueRecord& record, const server::BranchRecord& branch,
                            const RescueBranchOptions& options);

json::object picture_to_json(const rescue::RescuePicture& picture, const rescue::RescueLog& log);
/// The record, with how to connect.
json::object rescue_result(const rescue::RescueRecord& record, const server::BranchRecord& branch);

}  // namespace lifeboat::cli
