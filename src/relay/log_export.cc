#include "relay/log_export.h"

#include <algorithm>

#include "base/cancel.h"
#include "base/error.h"
#include "binlog/control_events.h"
#include "binlog/format_description.h"
#include "binlog/group_reader.h"
#include "binlog/make_events.h"
#include "relay/event_rewriter.h"
#include "relay/gtid_selection.h"
#include "relay/log_index.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {
namespace {

using binlog::EventType;
using binlog::kFirstEvent;
using binlog::Place;

std::uint32_t seconds(SystemTime time) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(unix_ms(time) / 1000, 0, ~std::uint32_t{0}));
}

class Export {
 public:
  Export(const LogDirectory& log, const LogExportOptions& options, const EventRewriter::Write& write)
      : log_(log), options_(options), files_(log.files()), out_(write) {}

  LogExportReport run() {
    if (files_.empty()) fail(Code::kNotFound, format("{}: holds no log", log_.path().string()));
    for (std::size_t at = choose_start(); at < files_.size() && !ended_; ++at) {
      export_file(files_[at]);
      start_ = kFirstEvent;
    }
    report_.bytes = out_.position();
    return report_;
  }

 private:
  /// The file to begin with; sets `start_` where it is known.
  std::size_t choose_start() {
    if (options_.from_position || options_.to_position) {
      try {
        return choose_by_gtid();
      } catch (const SqlFailure& e) {
        fail(Code::kNotFound, format("{}: {}", log_.path().string(), e.error().message),
             "`lifeboat log ls` tells what each file begins after.");
      }
    }
    if (!options_.from_time) return 0;
    const auto found = LogIndex(log_).find_time(seconds(*options_.from_time));
    if (!found) return files_.size();
    start_ = found->entry.begin;
    return static_cast<std::size_t>(std::ranges::find(files_, found->file.name, &ServedLog::File::name) -
                                    files_.begin());
  }

  std::size_t choose_by_gtid() {
    std::vector<std::optional<std::vector<binlog::Gtid>>> heads;
    for (const ServedLog::File& file : files_) heads.push_back(file.head);
    // Without a place to begin at: what the log itself begins after.
    const std::string oldest =
        heads.front() ? binlog::GtidState::from_list(*heads.front()).position().format() : std::string();
    selection_.emplace(
        ReplicaWishes{.connect_state = options_.from_position.value_or(oldest), .until_gtid = options_.to_position},
        log_.state());
    return selection_->choose_file(heads);
  }

  void export_file(const ServedLog::File& file) {
    const std::uint64_t bound = log_.end_of(file.name).readable;
    EventFileReader reader(file.path, kFirstEvent);
    groups_.reset();
    bool wanted = false;
    while (!ended_) {
      throw_if_cancelled();
      const auto item = reader.next(bound);
      if (!item) return;
      const binlog::Event event = as_event(*item);
      if (item->header.type == EventType::kFormatDescription) {
        enter(event);
        if (start_ > kFirstEvent) reader.seek(start_);
        continue;
      }
      const Place place = groups_.next(event);
      if (item->header.type == EventType::kGtidList && selection_ && item->whole()) {
        selection_->enter_file(binlog::GtidState::from_list(binlog::decode_gtid_list(event).gtids));
      }
      if (place == Place::kBegins || place == Place::kWhole) wanted = admit();
      if (place != Place::kOutside && wanted && !ended_) out_.event(*item, reader, checksum_);
    }
  }

  binlog::Event as_event(const EventFileReader::Item& item) const {
    if (item.whole()) return binlog::split_event(item.bytes, checksum_);
    return {.header = item.header,
            .whole = item.bytes,
            .body = item.bytes.subspan(binlog::kEventHeaderSize),
            .checksum = checksum_};
  }

  /// Its Format_description goes along where it tells something new.
  void enter(const binlog::Event& event) {
    groups_.next(event);
    const binlog::FormatDescription format = binlog::decode_format_description(event);
    checksum_ = format.checksum;
    const FileIdentity identity = identity_of(event);
    if (written_ && written_->server_version == identity.server_version && written_->checksum == identity.checksum) {
      return;
    }
    written_ = identity;
    out_.made(binlog::edit_format_description(event, {.zero_created = true}),
              format.checksum_aware ? binlog::Checksum::kCrc32 : binlog::Checksum::kNone);
  }

  /// Whether the group that begins is to be written.
  bool admit() {
    const binlog::Group& group = groups_.group();
    if (options_.to_time && group.timestamp >= seconds(*options_.to_time)) {
      ended_ = true;
      return false;
    }
    if (selection_) {
      if (selection_->until_reached()) ended_ = true;
      if (ended_ || (group.gtid && !selection_->next(*group.gtid))) return false;
    }
    if (options_.from_time && report_.groups == 0 && group.timestamp < seconds(*options_.from_time)) return false;
    const std::string gtid = group.gtid         ? binlog::format_gtid(group.gtid->gtid)
                             : group.mysql_gtid ? binlog::format_gtid(*group.mysql_gtid)
                                                : std::string();
    if (options_.skip.contains(gtid)) {
      ++report_.skipped;
      return false;
    }
    if (report_.groups++ == 0) report_.first_gtid = gtid;
    report_.last_gtid = gtid;
    return true;
  }

  const LogDirectory& log_;
  const LogExportOptions& options_;
  std::vector<ServedLog::File> files_;
  EventRewriter out_;
  std::optional<GtidSelection> selection_;
  std::uint64_t start_ = kFirstEvent;
  binlog::GroupReader groups_;
  binlog::Checksum checksum_ = binlog::Checksum::kNone;
  std::optional<FileIdentity> written_;
  bool ended_ = false;
  LogExportReport report_;
};

}  // namespace

LogExportReport export_log(const LogDirectory& log, const LogExportOptions& options,
                           const std::function<void(ByteView)>& write) {
  LogExportReport report = Export(log, options, write).run();
  if (report.skipped < options.skip.size()) {
    fail(Code::kNotFound,
         format("{} of {} transactions to be skipped are not in what was exported",
                options.skip.size() - report.skipped, options.skip.size()),
         "What was written holds everything else; find the right GTID with `lifeboat log dangers`.");
  }
  return report;
}

}  // namespace lifeboat::relay
