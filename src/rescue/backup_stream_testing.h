/// Writes backup streams as mariadb-backup does, for tests.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "binlog/event.h"

namespace lifeboat::rescue {

class StreamWriter {
 public:
  StreamWriter& head(char type, std::string_view path, std::uint8_t flags = 0) {
    out_.raw(std::string_view("XBSTCK01"));
    out_.u8(flags);
    out_.u8(static_cast<std::uint8_t>(type));
    return text(path);
  }
  StreamWriter& content(std::string_view path, std::uint64_t offset, ByteView bytes, std::uint8_t flags = 0) {
    head('P', path, flags);
    out_.u64(bytes.size());
    out_.u64(offset);
    out_.u32(binlog::crc32(bytes));
    out_.raw(bytes);
    return *this;
  }
  StreamWriter& content(std::string_view path, std::uint64_t offset, std::string_view bytes, std::uint8_t flags = 0) {
    return content(path, offset, as_bytes(bytes), flags);
  }
  StreamWriter& end(std::string_view path) { return head('E', path); }
  StreamWriter& file(std::string_view path, std::string_view bytes) { return content(path, 0, bytes).end(path); }
  StreamWriter& seek(std::string_view path, std::uint64_t offset) {
    head('S', path);
    out_.u64(offset);
    return *this;
  }
  StreamWriter& rename(std::string_view from, std::string_view to) { return head('R', from).text(to); }
  StreamWriter& remove(std::string_view path) { return head('D', path); }
  const Bytes& bytes() const { return out_.bytes(); }

 private:
  StreamWriter& text(std::string_view value) {
    out_.u32(static_cast<std::uint32_t>(value.size()));
    out_.raw(value);
    return *this;
  }
  Encoder out_;
};

}  // namespace lifeboat::rescue
