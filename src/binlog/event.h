/// One binary log event as it lies in a file or comes off the wire: a header of 19 bytes, a body, and maybe a CRC-32.
///
/// Ownership: an Event borrows the bytes it was made from. Threads: values, safe. Errors: kCorruption for bytes that
/// are no event; nothing here allocates by what a length says.
/// Layout: timestamp u32, type u8, server id u32, size u32 (all of it, trailer included), end position u32 (in the file
/// that the server wrote; wraps at 4 GiB), flags u16; little-endian.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "binlog/event_type.h"

namespace lifeboat::binlog {

inline constexpr std::size_t kEventHeaderSize = 19;
inline constexpr std::size_t kChecksumSize = 4;
/// The first bytes of a log file.
inline constexpr std::string_view kFileMagic{"\xfe\x62\x69\x6e", 4};
/// Position of a log file's first event.
inline constexpr std::uint64_t kFirstEvent = kFileMagic.size();
/// The largest event a server makes: max_allowed_packet ends at 1 GiB, and what stands around the rows is small.
inline constexpr std::uint32_t kMaxEventSize = (1U << 30U) + (1U << 20U);

/// Flags of the header.
inline constexpr std::uint16_t kFlagInUse = 0x01;           ///< Format_description only: the file is not closed
inline constexpr std::uint16_t kFlagThreadSpecific = 0x04;  ///< the query depends on its thread (temporary tables)
inline constexpr std::uint16_t kFlagSuppressUse = 0x08;     ///< no USE before it: CREATE and DROP DATABASE
inline constexpr std::uint16_t kFlagArtificial = 0x20;      ///< made by a server for the wire; in no file
inline constexpr std::uint16_t kFlagRelayLog = 0x40;
inline constexpr std::uint16_t kFlagIgnorable = 0x80;  ///< who does not know the type leaves it out
inline constexpr std::uint16_t kFlagNoFilter = 0x100;
inline constexpr std::uint16_t kFlagSkipReplication = 0x8000;

struct EventHeader {
  std::uint32_t timestamp = 0;  ///< seconds since 1970 UTC; 0 in artificial events
  EventType type = EventType::kUnknown;
  std::uint32_t server_id = 0;  ///< who wrote it first
  std::uint32_t size = 0;
  std::uint32_t end_position = 0;  ///< low 32 bits of the position after it; 0 in artificial events
  std::uint16_t flags = 0;

  bool has(std::uint16_t flag) const { return (flags & flag) != 0; }
  friend bool operator==(const EventHeader&, const EventHeader&) = default;
};

/// From at least kEventHeaderSize bytes. kCorruption if they are fewer, or if the size is below the header's or above
/// kMaxEventSize: with that a reader of a file or stream knows what it has to wait for.
EventHeader decode_header(ByteView bytes);
/// To the first kEventHeaderSize bytes.
void encode_header(const EventHeader& header, ByteSpan out);

/// How events end. The numbers are those on the wire.
enum class Checksum : std::uint8_t { kNone = 0, kCrc32 = 1 };

std::size_t checksum_size(Checksum checksum);

struct Event {
  EventHeader header;
  ByteView whole;  ///< header, body and trailer
  ByteView body;   ///< without header and trailer
  Checksum checksum = Checksum::kNone;
};

/// `whole` is exactly one event that ends as `checksum` says. A Format_description event tells its own ending, so for
/// it `checksum` is disregarded. Does not verify the CRC.
Event split_event(ByteView whole, Checksum checksum);

/// The CRC-32 over `bytes` (zlib's), as events carry it little-endian at their end. `seed` continues an earlier one,
/// for events that are too large to hold.
std::uint32_t crc32(ByteView bytes, std::uint32_t seed = 0);

/// The CRC-32 that belongs at the end of `whole`, an event with room for it.
std::uint32_t event_checksum(ByteView whole);
/// Whether a Format_description event with this body (trailer included) has a CRC: those of checksum-aware servers.
bool format_has_checksum(ByteView body);

/// Whether the trailer fits; true for events without one. (A Format_description event is written with its in-use flag
/// set, and the flag is cleared in place when the file is closed, without a new CRC: the servers reckon the CRC as if
/// the flag were clear, and so do we.)
bool checksum_matches(const Event& event);
/// As checksum_matches; throws kCorruption naming type and position.
void verify_checksum(const Event& event);

}  // namespace lifeboat::binlog
