#include "relay/file_progress.h"

#include <algorithm>

#include "base/error.h"
#include "binlog/control_events.h"

namespace lifeboat::relay {

using binlog::EventType;

FileIdentity identity_of(const binlog::Event& format_description) {
  const binlog::FormatDescription format = binlog::decode_format_description(format_description);
  return {.made_at = format_description.header.timestamp,
          .server_id = format_description.header.server_id,
          .server_version = format.server_version,
          .checksum = format.checksum};
}

FileProgress::FileProgress(std::string file, binlog::GtidState before)
    : file_(std::move(file)), state_(std::move(before)) {
  boundary_.state = state_;
}

void FileProgress::bad(std::string_view why) const {
  fail(Code::kCorruption, format("{} at {}: {}", file_, position_, why));
}

void FileProgress::begin(ByteView bytes) {
  LIFEBOAT_CHECK(left_ == 0);
  group_ended_ = false;
  rotated_ = false;
  header_ = binlog::decode_header(bytes);
  if (bytes.size() > header_.size) bad("more bytes than the event has");
  if (bytes.size() < header_.size && bytes.size() < kFirstPartMin) bad("an event that is cut off");
  if (static_cast<std::uint32_t>(position_ + header_.size) != header_.end_position) {
    bad(format("an event that ends at {} does not follow", header_.end_position));
  }
  if (!has_format() && header_.type != EventType::kFormatDescription) bad("no Format_description at its head");
  left_ = header_.size - bytes.size();
  if (left_ == 0) {
    const binlog::Event event = binlog::split_event(bytes, checksum_);
    if (!binlog::checksum_matches(event)) bad("a wrong checksum");
    interpret(event);
    finish();
    return;
  }
  crc_ = 0;
  trailer_.clear();
  check_end_of_large_event(bytes);
  interpret(
      {.header = header_, .whole = bytes, .body = bytes.subspan(binlog::kEventHeaderSize), .checksum = checksum_});
}

void FileProgress::more(ByteView bytes) {
  if (bytes.size() > left_) bad("more bytes than the event has");
  left_ -= bytes.size();
  check_end_of_large_event(bytes);
  if (left_ > 0) return;
  if (checksum_ == binlog::Checksum::kCrc32) {
    Decoder trailer(trailer_, "a checksum");
    if (trailer.u32() != crc_) bad("a wrong checksum");
  }
  finish();
}

/// The CRC covers all but the last four bytes, which may come in two pieces.
void FileProgress::check_end_of_large_event(ByteView bytes) {
  const std::size_t covered = header_.size - binlog::checksum_size(checksum_);
  const std::size_t before = header_.size - left_ - bytes.size();
  const std::size_t in_crc = before >= covered ? 0 : std::min(bytes.size(), covered - before);
  crc_ = binlog::crc32(bytes.first(in_crc), crc_);
  trailer_.insert(trailer_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(in_crc), bytes.end());
}

void FileProgress::interpret(const binlog::Event& event) {
  if (header_.type == EventType::kFormatDescription) {
    if (left_ > 0) bad("a Format_description that is none, by its size");
    identity_ = identity_of(event);
    checksum_ = identity_->checksum;
  } else if (header_.type == EventType::kGtidList && !head_ && left_ == 0) {
    head_ = binlog::decode_gtid_list(event).gtids;
    state_ = binlog::GtidState::from_list(*head_);
  }
  rotated_ = header_.type == EventType::kRotate;
  const bool inside = groups_.inside();
  place_ = groups_.next(event);
  if (!inside || groups_.torn()) group_begin_ = position_;
}

void FileProgress::finish() {
  position_ += header_.size;
  group_ended_ = place_ == binlog::Place::kEnds || place_ == binlog::Place::kWhole;
  if (group_ended_ && groups_.group().gtid) state_.update(groups_.group().gtid->gtid);
  if (!groups_.inside()) boundary_ = {position_, state_};
}

void FileProgress::pass_over(Boundary boundary) {
  LIFEBOAT_CHECK(has_format() && between_events() && boundary.position >= position_);
  position_ = boundary.position;
  state_ = boundary.state;
  boundary_ = std::move(boundary);
  groups_.reset();
}

void FileProgress::rewind() {
  position_ = boundary_.position;
  left_ = 0;
  groups_.reset();
}

}  // namespace lifeboat::relay
