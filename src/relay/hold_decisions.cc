// The part of HoldBook that appends: what the relay notes, and what people decide.

#include <algorithm>

#include "base/error.h"
#include "base/printable.h"
#include "relay/hold_book.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::milliseconds kLockPatience{2000};
constexpr std::size_t kReasonMax = 4096;

json::object about(const Choice& choice, const std::string& by) {
  json::object body{{"id", choice.id}, {"stream", choice.stream}, {"by", by}};
  if (choice.run) body["run"] = true;
  return body;
}

}  // namespace

/// Reads and appends with nobody else in between.
template <typename Action>
auto HoldBook::change(Action action) {
  const std::scoped_lock lock(mutex_);
  make_directories(directory_);
  const auto file_lock = log_.lock(kLockPatience);
  read();
  return action();
}

void HoldBook::append(std::string_view event, json::object body) {
  apply(log_.append(event, std::move(body)));
}

Hold HoldBook::begin(const HoldSubject& subject, const std::string& stream) {
  return change([&] {
    if (!holds_.contains(subject.id)) append("hold", subject_to_json(subject));
    if (!holds_.at(subject.id).streams.contains(stream)) {
      append("stream", {{"id", subject.id}, {"stream", stream}});
    }
    return holds_.at(subject.id);
  });
}

void HoldBook::arrive(const Choice& choice) {
  change([&] {
    const auto found = holds_.find(choice.id);
    if (found == holds_.end()) return;
    const auto stream = found->second.streams.find(choice.stream);
    const bool known = stream != found->second.streams.end() && stream->second.arrived.has_value();
    if (!known) append("stream", {{"id", choice.id}, {"stream", choice.stream}});
  });
}

void HoldBook::cover(const std::string& hold, const HoldSubject& subject) {
  {
    const std::scoped_lock lock(mutex_);
    if (is_covered(hold, subject.id)) return;
  }
  change([&] {
    if (is_covered(hold, subject.id)) return;
    append("covered", {{"id", hold},
                       {"transaction", subject.id},
                       {"gtid", subject.gtid},
                       {"rows", subject.rows},
                       {"incarnation", subject.incarnation},
                       {"file", valid_utf8(subject.file)},
                       {"position", subject.position}});
  });
}

void HoldBook::note(const std::string& event, json::object body) {
  change([&] { append(event, std::move(body)); });
}

void HoldBook::note_notice(const std::string& id, const std::string& event, const std::string& channel) {
  change([&] { append("notified", {{"id", id}, {"of", event}, {"channel", channel}}); });
}

/// For a decision on that stream.
Hold& HoldBook::undecided(const Choice& choice) {
  const auto found = holds_.find(choice.id);
  if (found == holds_.end()) fail(Code::kNotFound, format("no hold {}", printable(choice.id)));
  Hold& hold = found->second;
  const HoldState state = hold.state_of(choice.stream);
  if (state != HoldState::kHeld || !hold.open()) {
    const HoldState decided = state == HoldState::kHeld ? hold.state : state;
    fail(Code::kConflict, format("{} is {} already", choice.id, hold_state_name(decided)),
         "See lifeboat guard show for by whom and when.");
  }
  if (choice.run && !hold.subject.run_until) {
    fail(Code::kUsage, format("{} is no chunk of a longer change", choice.id), "Decide it without --run.");
  }
  return hold;
}

Hold HoldBook::approve(const Choice& choice, const std::string& name, const codec::Secret& passphrase) {
  const Approver approver = [&] {
    note_approvers(name);
    const std::scoped_lock lock(mutex_);
    return known_approver(name).approver;
  }();
  const codec::SigningKey key = make_key(approver, passphrase);  // slow: before anything is locked
  return change([&] {
    Hold& hold = undecided(choice);
    const Known& known = known_approver(name);
    if (known.approver != approver) fail(Code::kConflict, format("{}'s key was changed meanwhile", name));
    if (!counts(known, clock_())) {
      fail(Code::kRefused, format("{}'s key was added less than {} ago", name, format_duration(kBreakGlassAfter)),
           format("It counts from {} on.", format_time(known.since + kBreakGlassAfter)));
    }
    const auto signature = key.sign(as_bytes(approval_text(hold, choice.stream, choice.run)));
    json::object body = about(choice, name);
    body["signature"] = to_hex(signature);
    append("approve", std::move(body));
    return hold;
  });
}

Hold HoldBook::break_glass(const Choice& choice, const std::string& by, const std::string& reason) {
  if (reason.empty() || reason.size() > kReasonMax) fail(Code::kUsage, "--break-glass takes a reason of some words");
  if (choice.run)
    fail(Code::kUsage, "--break-glass releases one transaction", "A run takes two approvers, or skip it.");
  return change([&] {
    Hold& hold = undecided(choice);
    const SystemTime from = hold.since + kBreakGlassAfter;
    if (clock_() < from) {
      fail(Code::kRefused, format("{} was held less than {} ago", choice.id, format_duration(kBreakGlassAfter)),
           format(
               "One person alone may release it from {} on. Production is untouched; to let the replica go on without "
               "it, skip it.",
               format_time(from)));
    }
    json::object body = about(choice, by);
    body["reason"] = valid_utf8(reason);
    append("break_glass", std::move(body));
    return hold;
  });
}

Hold HoldBook::skip(const Choice& choice, const std::string& by) {
  return change([&] {
    Hold& hold = undecided(choice);
    append("skip", about(choice, by));
    return hold;
  });
}

void HoldBook::note_approvers(const std::string& by) {
  const std::vector<Approver> listed = read_approvers(approvers_file());
  {
    const std::scoped_lock lock(mutex_);
    if (knows(listed)) return;
  }
  change([&] { note_approvers_locked(listed, by); });
}

bool HoldBook::knows(const std::vector<Approver>& listed) const {
  return std::ranges::equal(listed, approvers_, {}, {}, &Known::approver);
}

void HoldBook::note_approvers_locked(const std::vector<Approver>& listed, const std::string& by) {
  if (knows(listed)) return;
  append("approvers", {{"by", by}, {"approvers", format_approvers(listed)}});
}

void HoldBook::set_approvers(const std::vector<Approver>& approvers, const std::string& by) {
  change([&] {
    write_file_durably(approvers_file(), as_bytes(format_approvers(approvers)));
    note_approvers_locked(approvers, by);
  });
}

}  // namespace lifeboat::relay
