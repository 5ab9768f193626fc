#include "rescue/log_damage.h"

#include "base/cancel.h"
#include "base/error.h"
#include "base/printable.h"
#include "relay/hold_book.h"
#include "relay/log_scan.h"

namespace lifeboat::rescue {
namespace {

/// What people had the guard of its relay skip is to be left out by that, too.
std::string standalone_command(const Path& incarnation) {
  const Path relay_directory = incarnation.parent_path().parent_path();
  const bool has_guard = std::filesystem::exists(relay::guard_directory(relay_directory));
  return has_guard ? format("lifeboat rescue --standalone --dir {}", shell_word(relay_directory.string()))
                   : "lifeboat rescue --standalone";
}

[[noreturn]] void fail_damaged(const relay::LogScan& scan, RescueLog& log, const std::vector<std::string>& left_out) {
  const binlog::GtidPosition whole = scan.progress.boundary().state.position();
  const std::string whole_to = whole.format();
  std::string words = format(" --to {}", whole_to);
  for (const std::string& gtid : left_out) {
    if (log.has(whole, binlog::parse_gtid(gtid))) words += " --skip " + gtid;
  }
  fail(Code::kRefused, format("the log is damaged: {}; it is whole up to {}", scan.why_stopped, whole_to),
       format("By the log that is in the vault: `{}`. As far as this one is whole, which loses "
              "what came later: `lifeboat rescue --name ANOTHER{}`.",
              standalone_command(log.path()), words));
}

}  // namespace

void fail_if_damaged(RescueLog& log, const binlog::GtidPosition& position, const std::vector<std::string>& left_out) {
  const auto go_on = [](const relay::FileProgress& /*progress*/) {
    throw_if_cancelled();
    return true;
  };
  for (const relay::ServedLog::File& file : log.files_from(position)) {
    const binlog::GtidState before = file.head ? binlog::GtidState::from_list(*file.head) : binlog::GtidState();
    const std::uint64_t end = log.log()->end_of(file.name).readable;
    const relay::LogScan scan = relay::scan_log_file(file.path, before, go_on, end);
    if (!scan.why_stopped.empty()) fail_damaged(scan, log, left_out);
  }
}

}  // namespace lifeboat::rescue
