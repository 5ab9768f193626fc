#include "relay/event_file_reader.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"

namespace lifeboat::relay {

EventFileReader::EventFileReader(Path path, std::uint64_t position)
    : path_(std::move(path)), file_(open_file(path_, O_RDONLY)), buffer_(kBufferSize), position_(position) {}

void EventFileReader::bad(std::string_view why) const {
  fail(Code::kCorruption, format("{} at {}: {}", path_.string(), position_, why),
       "See lifeboat log verify for what else is damaged.");
}

void EventFileReader::fill(std::uint64_t from, std::uint64_t bound) {
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bound - from, buffer_.size()));
  buffered_ = pread_full(file_.get(), ByteSpan(buffer_).first(wanted), from, path_.string());
  buffer_begin_ = from;
  if (buffered_ < wanted) bad("the file ends before what it is known to hold");
}

std::optional<EventFileReader::Item> EventFileReader::next(std::uint64_t bound) {
  if (position_ >= bound) return std::nullopt;
  if (bound - position_ < binlog::kEventHeaderSize) bad("no room for an event");
  const auto buffered_from_here = [this] {
    const bool inside = position_ >= buffer_begin_ && position_ < buffer_begin_ + buffered_;
    return inside ? ByteView(buffer_).first(buffered_).subspan(static_cast<std::size_t>(position_ - buffer_begin_))
                  : ByteView();
  };
  ByteView here = buffered_from_here();
  if (here.size() < binlog::kEventHeaderSize) {
    fill(position_, bound);
    here = buffered_from_here();
  }
  const binlog::EventHeader header = binlog::decode_header(here);
  if (header.size > bound - position_) bad("an event reaches beyond the end of what is kept");
  if (here.size() < header.size && buffer_begin_ != position_) {
    fill(position_, bound);
    here = buffered_from_here();
  }
  const Item item{.header = header,
                  .bytes = here.first(std::min<std::size_t>(here.size(), header.size)),
                  .begin = position_,
                  .end = position_ + header.size};
  given_ = item.begin + item.bytes.size();
  position_ = item.end;
  return item;
}

ByteView EventFileReader::more() {
  if (given_ >= position_) return {};
  fill(given_, position_);
  given_ += buffered_;
  return ByteView(buffer_).first(buffered_);
}

void EventFileReader::seek(std::uint64_t position) {
  position_ = position;
  given_ = position;
}

}  // namespace lifeboat::relay
