// `lifeboat guard release` and `skip`: decisions on a hold. They need no relay: it takes them up when it lives.

#include "cli/ask_secret.h"
#include "cli/guard_commands.h"
#include "cli/relay_directory.h"
#include "relay/hold_book.h"

namespace lifeboat::cli {
namespace {

struct DecideOptions {
  std::string directory;
  std::string id;
  std::string stream{relay::kEveryStream};
  bool run = false;
  std::string name;
  std::string secret_file;
  std::string reason;
};

void add_choice(Command& command, DecideOptions& options) {
  command.add_option("--dir", options.directory, "the relay's directory (default: of the one that runs)");
  command.add_option("--replica", options.stream, "for this replica only: id:SERVER_ID (default: for all)");
  command.add_flag("--run", options.run, "with the rest of its run: the chunks of the same change (see guard show)");
  command.add_option("id", options.id, "the hold's id or its beginning, or a GTID").required();
}

void print_decision(Context& context, const relay::Hold& hold, const std::string& stream) {
  const relay::HoldState state = hold.state_of(stream);
  std::string text = format("{} {}\n", hold.subject.id, hold_state_name(state));
  if (state == relay::HoldState::kHeld) {
    text += lifeboat::format("approved by {}; {} of {}: another approver runs the same command\n",
                             fmt::join(hold.approved_by(stream), ", "), hold.approved_by(stream).size(),
                             hold.approvals_needed());
  }
  if (state != relay::HoldState::kHeld && hold.run_state_of(stream) == state) {
    text += format("so are those like it, until {}\n", format_time(*hold.subject.run_until));
  }
  context.print(hold_to_json(hold, now()), text);
  if (state == relay::HoldState::kHeld) context.end_with(Code::kRefused);
}

void release(Context& context, const DecideOptions& options) {
  if (options.name.empty() == options.reason.empty()) {
    fail(Code::kUsage, "give --as NAME, or --break-glass REASON",
         "Two approvers let pass what destroys; see lifeboat guard approvers ls.");
  }
  relay::HoldBook book(relay_directory(options.directory));
  book.refresh();
  const relay::Choice choice{.id = book.get(options.id).subject.id, .stream = options.stream, .run = options.run};
  if (!options.reason.empty()) {
    return print_decision(context, book.break_glass(choice, os_user(), options.reason), options.stream);
  }
  const codec::Secret secret = ask_secret(format("{}'s passphrase", options.name), options.secret_file);
  print_decision(context, book.approve(choice, options.name, secret), options.stream);
}

void skip(Context& context, const DecideOptions& options) {
  relay::HoldBook book(relay_directory(options.directory));
  book.refresh();
  const relay::Choice choice{.id = book.get(options.id).subject.id, .stream = options.stream, .run = options.run};
  print_decision(context, book.skip(choice, os_user()), options.stream);
}

}  // namespace

void add_guard_release(CLI::App& noun, Context& context) {
  add_command<DecideOptions>(
      noun, context, "release", "Let what is held pass: two approvers for what destroys, else one",
      "lifeboat guard release h1a2b3c4d5e --as ann",
      [](Command& command, DecideOptions& options) {
        add_choice(command, options);
        command.add_option("--as", options.name, "the approver");
        command.add_option("--secret-file", options.secret_file, "file with the approver's passphrase (default: asks)");
        command.add_option("--break-glass", options.reason,
                           "alone, for this reason: half an hour after it was held, and everybody is told");
      },
      release);
  add_command<DecideOptions>(noun, context, "skip", "Leave what is held out, so that replicas keep the data and go on",
                             "lifeboat guard skip h1a2b3c4d5e", add_choice, skip);
}

}  // namespace lifeboat::cli
