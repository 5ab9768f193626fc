// `lifeboat rescue`: says what happened, and brings the database back beside the damaged one, without what destroyed
// it.

#include <set>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/units.h"
#include "cli/log_options.h"
#include "cli/relay_directory.h"
#include "cli/rescue_commands.h"
#include "cli/volume_options.h"
#include "relay/log_catalogue.h"
#include "rescue/cut_over.h"
#include "rescue/log_choice.h"
#include "rescue/vault_log.h"

namespace lifeboat::cli {
namespace {

constexpr std::chrono::milliseconds kBootPatience = std::chrono::minutes(10);
constexpr std::string_view kStandaloneName = "rescue-standalone";
/// Of an image that does not say where it lies: so much older may be what it needs of the log.
constexpr std::chrono::hours kBeforeImage{1};

struct Options {
  std::string name;
  std::string to;
  std::vector<std::string> skip;
  std::string way;
  std::string image;
  std::string on_conflict = "stop";
  std::string directory;
  std::string source;
  std::string incarnation;
  bool standalone = false;
  bool dry_run = false;
  RescueBranchOptions branch;
};

void add_options(Command& command, Options& options) {
  command.add_option("--name", options.name, "name of the rescue and its branch (default: by what it goes by)");
  command.add_option("--to", options.to, "up to a time (2026-11-28T22:40:00Z), a GTID, FILE:POSITION (default: all)");
  command.add_option("--skip", options.skip,
                     "GTID to leave out; several times (default: what the guard holds, else "
                     "the newest danger)");
  command
      .add_option("--way", options.way,
                  "standby, image, or older: from an image before the newest that will do (default: the soonest)")
      .one_of({"standby", "image", "older"});
  command.add_option("--image", options.image, "this image: its name or a unique prefix");
  command.add_option("--on-conflict", options.on_conflict, "when a later transaction fails for want of one left out")
      .one_of({"stop", "skip"})
      .show_default();
  command.add_option("--dir", options.directory,
                     "the relay's directory (default: of the one that runs); with --standalone what is left of it: its "
                     "guard's record counts");
  command.add_option("--source", options.source, "HOST:PORT whose log to go by (default: the one that has all)");
  command.add_option("--incarnation", options.incarnation, "one of the source's logs, as 000001 (default: the newest)");
  command.add_flag("--standalone", options.standalone, "with the vault alone: its log is brought to this host");
  command.add_flag("--dry-run", options.dry_run, "only say what would be done, and the other ways");
  add_rescue_branch_options(command, options.branch);
}

rescue::RescueOrder to_order(const Options& options) {
  return {.name = options.name.empty() && options.standalone ? std::string(kStandaloneName) : options.name,
          .to = options.to,
          .skip = options.skip,
          .way = options.way,
          .image = options.image,
          .standalone = options.standalone};
}

/// Whose log it is to be: the one named, or the only one that the vault has.
std::string source_in_vault(vault::Vault& vault, const Options& options) {
  if (!options.source.empty()) return name_of_source(options.source);
  std::vector<std::string> damaged;
  std::set<std::string> sources;
  for (const relay::SealedLog& log : relay::list_sealed_logs(vault, damaged)) sources.insert(log.source);
  return sources.size() == 1 ? *sources.begin() : std::string();
}

/// Those from which the log could lead to what is ordered.
std::vector<vault::ImageInfo> images_for(const rescue::RescueOrder& order, vault::Vault& vault,
                                         const std::string& source) {
  std::vector<vault::ImageInfo> images = vault::list_images(vault);
  const std::string only = order.image.empty() ? std::string() : vault::resolve_image(vault, order.image);
  std::erase_if(images, [&](const vault::ImageInfo& image) {
    return (!only.empty() && image.name != only) || !image_may_serve(image, order, source);
  });
  if (images.empty()) {
    fail(
        Code::kNotFound,
        source.empty() ? std::string("no image in the vault lies before that")
                       : format("no image in the vault that may be of {} lies before that", source),
        "`lifeboat image ls` lists what there is; --to takes a later moment, --image NAME an image of another source.");
  }
  return images;
}

/// Whether the log that was brought goes from the image to the moment that is ordered.
bool leads_to(rescue::RescueLog& log, const std::optional<rescue::ImagePosition>& position, const std::string& to) {
  try {
    const binlog::GtidPosition until = log.moment(to);
    return !position || std::ranges::all_of(position->gtid.gtids(), [&](const binlog::Gtid& gtid) {
      return !log.end().find(gtid.domain) || log.has(until, gtid);
    });
  } catch (const Exception& e) {
    if (e.code() != Code::kNotFound) throw;
    return false;
  }
}

/// Log enough for what is ordered, from the newest image that may serve, or from further back.
Path vault_log(const Context& context, const Options& options, const rescue::RescueOrder& order, vault::Vault& vault,
               const Path& directory) {
  const std::string source = source_in_vault(vault, options);
  const std::vector<vault::ImageInfo> images = images_for(order, vault, source);
  for (std::size_t back = 1;; back *= 2) {
    const std::size_t at = images.size() - std::min(back, images.size());
    const auto position = rescue::position_of(images[at]);
    Progress progress(context.progress_style(), "log from the vault", 0);
    rescue::VaultLogRequest request{.source = source,
                                    .from = position ? std::optional(position->gtid) : std::nullopt,
                                    .from_time = images[at].time - kBeforeImage,
                                    .progress = &progress};
    const Path path = bring_vault_log(vault, directory, request);
    rescue::RescueLog log(path);
    const bool found = std::ranges::all_of(
        order.skip, [&](const std::string& gtid) { return log.find(binlog::parse_gtid(gtid)).has_value(); });
    const bool told = !order.skip.empty() || !order.to.empty() || !log.newest_dangers(1).empty();
    if ((found && told && leads_to(log, position, order.to)) || at == 0) return path;
  }
}

/// Says what would be the next command, whatever failed.
[[noreturn]] void fail_with_next(const Exception& e, const std::string& name, const RescueBranchOptions& options) {
  Error error = e.error();
  if (error.hint.empty() && error.message.find("you need") != std::string::npos && !options.user.empty()) {
    error.hint = format(
        "{} may not do that on the rescued server: leave --user out where root logs in by unix socket; "
        "docs/guide/rescue.md lists what an account needs.",
        options.user);
  }
  const std::string next = format("Then go on where it was: lifeboat rescue --name {}{}", name, account_words(options));
  error.hint = error.hint.empty() ? next : format("{} {}", error.hint, next);
  throw Exception(std::move(error));
}

/// Where the log is and who logs in, for another command of the same night.
std::string as_given(const Options& options) {
  const std::string directory = options.directory.empty() ? "" : format(" --dir {}", shell_word(options.directory));
  return directory + account_words(options.branch);
}

/// `planned` counts unless one of that name was begun before.
void go_on(Context& context, const Options& options, const rescue::RescueRecord& planned) {
  const FileLock lock = lock_rescue(planned);
  rescue::RescueRecord record =
      rescue::find_rescue(planned.directory.parent_path().parent_path(), planned.name).value_or(planned);
  rescue::RescueMeans means = rescue_means(context, options.branch);
  means.leave_out_conflicts = options.on_conflict == "skip";
  means.by = os_user();
  const auto branch = server::find_branch(means.branch.mount.state_root, record.branch());
  const bool runs = branch && branch->state == server::BranchState::kRunning;
  const rescue::CutOverState state = cut_over_state(record);
  if (record.ready && !branch) {
    fail(Code::kExists,
         format("rescue {}, begun {}, is done, and its branch was removed", record.name,
                format_time(record.phases.empty() ? now() : record.phases.front().begun)),
         "Bring up a fresh one: the same command with --name and a name that `lifeboat rescue ls` does not list.");
  }
  if (state == rescue::CutOverState::kBegun || state == rescue::CutOverState::kSwitched) {
    fail(Code::kRefused, format("rescue {} is cut over: its branch may be what production writes to", record.name),
         format("See: lifeboat rescue ls. Back: lifeboat rescue undo {}", record.name));
  }
  save_rescue(record);
  try {
    rescue::RescueRun run(record, means);
    if (record.ready && runs) {
      run.ensure_running();  // one that was killed may just have started it
    } else {
      run.run();
    }
    context.print(rescue_result(record, run.branch()), describe_rescue(record, run.branch(), options.branch));
  } catch (const Exception& e) {
    fail_with_next(e, record.name, options.branch);
  }
}

/// One of that name that was begun before, if it was asked for in the same words or in none.
std::optional<rescue::RescueRecord> find_begun(const Path& state_root, const std::string& name,
                                               const json::object& request, bool nothing_asked) {
  auto found = rescue::find_rescue(state_root, name);
  if (!found || nothing_asked || found->request == request) return found;
  fail(Code::kExists, format("rescue {} was begun with another plan: {}", name, json::serialize(found->request)),
       format("Go on with that one: lifeboat rescue --name {}. Or give this one a --name of its own.", name));
}

std::vector<rescue::FoundStandby> standbys_of(const Options& options, const Path& state_root) {
  if (options.standalone) return {};
  return rescue::find_standbys(state_root, server::control_logins(options.branch.user, options.branch.password_file));
}

void begin(Context& context, const Options& options, const Path& state_root) {
  const rescue::RescueOrder order = to_order(options);
  const auto vault = context.open_vault();
  const bool has_relay = !options.standalone || !options.directory.empty();
  const Path guard = has_relay ? relay_directory(options.directory) : Path();
  const Path relay = options.standalone ? Path() : guard;
  const Stopwatch watch;
  const SystemTime begun = now();
  const Path log_copy = rescue::rescues_directory(state_root) / order.name / "log";
  if (options.standalone) make_directories(log_copy.parent_path());
  const Path incarnation = options.standalone
                               ? vault_log(context, options, order, *vault, log_copy)
                               : rescue::choose_incarnation(relay, name_of_source(options.source), options.incarnation);
  rescue::RescueLog log(incarnation);
  rescue::RescuePicture picture = plan_rescue({.log = log,
                                               .relay_directory = relay,
                                               .guard_directory = guard,
                                               .vault = *vault,
                                               .standbys = standbys_of(options, state_root)},
                                              order);
  rescue::RescueRecord& record = picture.record;
  if (options.standalone) note_phase(record, "log", begun, watch.seconds());
  if (options.dry_run) {
    context.print(picture_to_json(picture, log),
                  describe_picture(picture, log) + describe_ways(picture, as_given(options)));
    return;
  }
  const auto found = find_begun(state_root, record.name, record.request, asks_nothing(order));
  if (found) picture.begin_with(way_of(*found));
  if (!context.json()) context.print({}, describe_picture(picture, log));
  record.directory = rescue::rescues_directory(state_root) / record.name;
  go_on(context, options, record);
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  const Path state_root = branch_state_root(options.branch.state);
  const rescue::RescueOrder order = to_order(options);
  if (!order.name.empty() && !options.dry_run) {
    volume::check_volume_name(order.name);
    if (auto found = find_begun(state_root, order.name, request_of(order), asks_nothing(order))) {
      return go_on(context, options, *found);
    }
  }
  begin(context, options, state_root);
}

}  // namespace

void add_rescue_branch_options(Command& command, RescueBranchOptions& options) {
  command.add_option("--server", options.server, "the mariadbd to run (default: this host's)");
  command.add_option("--port", options.port, "port on 127.0.0.1 (default: a free one)").between(1, 65535);
  add_space_option(command, options.space);
  add_no_hydrate_option(command, options.no_hydrate);
  add_rescue_account_options(command, options);
}

void add_rescue_account_options(Command& command, RescueBranchOptions& options) {
  command.add_option("--user", options.user,
                     "account on the rescued server (default: by unix socket, as you and as root)");
  command.add_option("--user-password-file", options.password_file, "file that holds its password");
  add_branch_state_option(command, options.state);
}

std::string account_words(const RescueBranchOptions& options) {
  std::string words;
  if (!options.user.empty()) words += format(" --user {}", shell_word(options.user));
  if (!options.password_file.empty()) words += format(" --user-password-file {}", shell_word(options.password_file));
  return words;
}

rescue::RescueMeans rescue_means(const Context& context, const RescueBranchOptions& options) {
  rescue::RescueMeans means;
  server::BranchRequest& request = means.branch;
  request = branch_request(context, options.state, options.space);
  request.binary = options.server;
  request.port = options.port;
  request.logins = server::control_logins(options.user, options.password_file);
  request.patience = kBootPatience;
  request.mount.hydrate = !options.no_hydrate;
  means.vault_url = context.globals().vault_url;
  means.progress = context.progress_style();
  return means;
}

void add_rescue(CLI::App& app, Context& context) {
  add_command<Options>(app, context, "rescue",
                       "Bring the database back beside the damaged one, without what destroyed it", "lifeboat rescue",
                       add_options, run);
  CLI::App& verbs = verbs_of(app, "rescue");
  add_rescue_ls(verbs, context);
  add_rescue_cut_over(verbs, context);
  add_rescue_finish(verbs, context);
}

}  // namespace lifeboat::cli
