/// For tests: a log made of a few events, a ServedLog of it, and a client that speaks a replica's side by hand.
/// Included by *_test.cc and *_fuzz.cc files only.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "base/error.h"
#include "binlog/make_events.h"
#include "relay/native_password.h"
#include "relay/replica_server.h"
#include "relay/sql_error.h"

namespace lifeboat::relay::testing {

inline constexpr std::string_view kVersion = "10.11.6-MariaDB-log";
inline constexpr std::uint32_t kSourceId = 1;
inline constexpr std::uint32_t kGroupTime = 1'700'000'001;

/// Writes log files as a source would: right sizes, end positions and CRCs.
class LogBuilder {
 public:
  explicit LogBuilder(const std::vector<binlog::Gtid>& head, std::uint32_t created = 1'700'000'000,
                      std::uint32_t server = kSourceId) {
    out_.raw(binlog::kFileMagic);
    Encoder format;
    format.u16(4);
    format.raw(kVersion);
    for (std::size_t i = kVersion.size(); i < 50; ++i) format.u8(0);
    format.u32(created);
    format.u8(binlog::kEventHeaderSize);
    for (int i = 0; i < 171; ++i) format.u8(0);
    format.u8(1);
    event(binlog::EventType::kFormatDescription, format.bytes(), created, server);
    Encoder list;
    list.u32(static_cast<std::uint32_t>(head.size()));
    for (const binlog::Gtid& each : head) {
      list.u32(each.domain);
      list.u32(each.server);
      list.u64(each.sequence);
    }
    event(binlog::EventType::kGtidList, list.bytes());
  }

  /// A statement on its own: Gtid and one Query. Its timestamp is `when`.
  LogBuilder& group(const binlog::Gtid& gtid, std::string_view statement = "DO 0", std::uint32_t when = kGroupTime) {
    begin(gtid, binlog::GtidEvent::kStandalone, when);
    query(gtid, statement, when);
    return *this;
  }
  /// A transaction of one statement that its source's crash left without its COMMIT.
  LogBuilder& torn_group(const binlog::Gtid& gtid, std::string_view statement) {
    begin(gtid, binlog::GtidEvent::kTransactional, kGroupTime);
    query(gtid, statement, kGroupTime);
    return *this;
  }
  /// XA PREPARE, or what completes it, without statements.
  LogBuilder& xa(const binlog::Gtid& gtid, std::uint8_t flag, std::string_view id) {
    Encoder xid;
    xid.u32(1);
    xid.u8(static_cast<std::uint8_t>(id.size()));
    xid.u8(0);
    xid.raw(id);
    const auto standalone = flag == binlog::GtidEvent::kCompletedXa ? binlog::GtidEvent::kStandalone : std::uint8_t{0};
    begin(gtid, flag | standalone, kGroupTime, xid.bytes());
    if (flag == binlog::GtidEvent::kCompletedXa) {
      query(gtid, "XA COMMIT", kGroupTime);
      return *this;
    }
    Encoder prepare;
    prepare.u8(0);
    prepare.u32(1);
    prepare.u32(static_cast<std::uint32_t>(id.size()));
    prepare.u32(0);
    prepare.raw(id);
    event(binlog::EventType::kXaPrepare, prepare.bytes(), kGroupTime, gtid.server);
    return *this;
  }
  LogBuilder& rotate(std::string_view next) {
    Encoder body;
    body.u64(4);
    body.raw(next);
    event(binlog::EventType::kRotate, body.bytes());
    return *this;
  }

  const Bytes& bytes() const { return out_.bytes(); }
  std::size_t size() const { return out_.size(); }

 private:
  /// A Gtid event; without `more` behind its flags, as much as old servers leave empty there.
  void begin(const binlog::Gtid& gtid, std::uint8_t flags, std::uint32_t when, ByteView more = Bytes(6)) {
    Encoder head;
    head.u64(gtid.sequence);
    head.u32(gtid.domain);
    head.u8(flags);
    head.raw(more);
    event(binlog::EventType::kGtid, head.bytes(), when, gtid.server);
  }
  void query(const binlog::Gtid& gtid, std::string_view statement, std::uint32_t when) {
    Encoder query;
    query.u32(7);
    query.u32(0);
    query.u8(0);
    query.u16(0);
    query.u16(0);
    query.u8(0);
    query.raw(statement);
    event(binlog::EventType::kQuery, query.bytes(), when, gtid.server);
  }
  void event(binlog::EventType type, ByteView body, std::uint32_t when = 1'700'000'000,
             std::uint32_t server = kSourceId) {
    const std::size_t size = binlog::kEventHeaderSize + body.size() + binlog::kChecksumSize;
    Encoder whole;
    Bytes head(binlog::kEventHeaderSize);
    binlog::encode_header({.timestamp = when,
                           .type = type,
                           .server_id = server,
                           .size = static_cast<std::uint32_t>(size),
                           .end_position = static_cast<std::uint32_t>(out_.size() + size),
                           .flags = 0},
                          head);
    whole.raw(head);
    whole.raw(body);
    whole.u32(0);
    Bytes bytes = whole.take();
    binlog::update_checksum(bytes, binlog::Checksum::kCrc32);
    out_.raw(bytes);
  }
  Encoder out_;
};

/// Of a whole file, which must outlive them.
inline std::vector<binlog::Event> events_of(const Bytes& file) {
  std::vector<binlog::Event> events;
  ByteView rest = ByteView(file).subspan(binlog::kFileMagic.size());
  while (!rest.empty()) {
    const std::size_t size = binlog::decode_header(rest).size;
    events.push_back(binlog::split_event(rest.first(size), binlog::Checksum::kCrc32));
    rest = rest.subspan(size);
  }
  return events;
}

/// Files in a temporary directory; `put` publishes the newest content of one.
class FakeLog : public ServedLog {
 public:
  void put(const std::string& name, const LogBuilder& content, const std::string& head, const std::string& state) {
    const std::scoped_lock lock(mutex_);
    const Path path = directory_.path() / name;
    // In place, as a log grows: who has it open reads on.
    const UniqueFd file = open_file(path, O_CREAT | O_WRONLY);
    pwrite_full(file.get(), content.bytes(), 0, name);
    files_[name] = {.name = name, .path = path, .head = binlog::parse_gtid_list(head)};
    ends_[name] = content.size();
    state_ = binlog::GtidState::from_list(binlog::parse_gtid_list(state));
    grown_.notify_all();
  }

  std::optional<Source> source() const override {
    return Source{.version = std::string(kVersion), .server_id = kSourceId, .checksum = binlog::Checksum::kCrc32};
  }
  std::vector<File> files() const override {
    const std::scoped_lock lock(mutex_);
    std::vector<File> out;
    for (const auto& [name, file] : files_) out.push_back(file);
    return out;
  }
  End end_of(const std::string& name) const override {
    const std::scoped_lock lock(mutex_);
    return {.readable = ends_.at(name), .closed = name != ends_.rbegin()->first};
  }
  binlog::GtidState state() const override {
    const std::scoped_lock lock(mutex_);
    return state_;
  }
  std::optional<std::string> gtid_position_at(const std::string&, std::uint64_t) const override { return "0-1-1"; }
  std::shared_ptr<const Held> hold(const std::string& name) override {
    const std::scoped_lock lock(mutex_);
    return std::make_shared<const Held>(files_.at(name).path);
  }
  void wait_beyond(const std::string& name, std::uint64_t position, std::chrono::milliseconds patience) override {
    std::unique_lock lock(mutex_);
    grown_.wait_for(lock, patience, [&] { return ends_.at(name) > position || name != ends_.rbegin()->first; });
  }

 private:
  TempDir directory_;
  mutable std::mutex mutex_;
  std::condition_variable grown_;
  std::map<std::string, File> files_;
  std::map<std::string, std::uint64_t> ends_;
  binlog::GtidState state_;
};

/// A gate whose answer a test sets.
class FakeGate : public Gate {
 public:
  GateAnswer answer(const GroupPlace& place, const ReplicaName& /*replica*/) override {
    const std::scoped_lock lock(mutex_);
    if (place.position == position_) ++asked_;
    return place.position == position_ ? answer_ : GateAnswer{};
  }
  bool left_out(const GroupPlace& place, const ReplicaName& /*replica*/) const override {
    const std::scoped_lock lock(mutex_);
    return place.position == position_ && answer_.verdict == Verdict::kSkip;
  }
  /// How often it was asked for an answer, which may begin a hold, at the place that was set.
  int asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  void set(std::uint64_t position, Verdict verdict) {
    const std::scoped_lock lock(mutex_);
    position_ = position;
    answer_ = {.verdict = verdict, .reason = "guard: test"};
  }

 private:
  mutable std::mutex mutex_;
  int asked_ = 0;
  std::uint64_t position_ = 0;
  GateAnswer answer_;
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port)
      : stream_({.host = "127.0.0.1", .port = port},
                {.read = std::chrono::seconds(20), .write = std::chrono::seconds(20)}, cancel_),
        channel_(stream_) {}
  explicit TestClient(UniqueFd socket) : stream_(std::move(socket), "far", {}, cancel_), channel_(stream_) {}

  net::Stream& stream() { return stream_; }
  PacketChannel& channel() { return channel_; }
  std::uint32_t connection_id() const { return connection_id_; }

  /// Empty, or the number of the error.
  std::uint16_t log_in(std::string_view user = "repl", std::string_view password = "secret") {
    const ByteView greeting = channel_.read();
    if (is_error(greeting)) return decode_error(greeting).number;
    Decoder in(greeting, "greeting");
    in.u8();
    get_nul_text(in);
    connection_id_ = in.u32();
    Scramble scramble{};
    std::ranges::copy(in.raw(8), scramble.begin());
    in.raw(1 + 2 + 1 + 2 + 2 + 1 + 10);
    std::ranges::copy(in.raw(12), scramble.begin() + 8);
    const Bytes proof = native_password_proof(codec::Secret(password), scramble);
    Encoder out;
    out.u32(1U << 9U | capability::kSecureConnection | capability::kPluginAuth);
    out.u32(1U << 24U);
    out.u8(33);
    for (int i = 0; i < 23; ++i) out.u8(0);
    out.raw(user);
    out.u8(0);
    out.u8(static_cast<std::uint8_t>(proof.size()));
    out.raw(proof);
    out.raw("mysql_native_password");
    out.u8(0);
    channel_.write(out.bytes());
    const ByteView answer = channel_.read();
    return is_error(answer) ? decode_error(answer).number : std::uint16_t{0};
  }

  void command(Command command, ByteView body) {
    Encoder out;
    out.u8(static_cast<std::uint8_t>(command));
    out.raw(body);
    channel_.start_command();
    channel_.write(out.bytes());
  }
  void set(std::string_view statement) {
    command(Command::kQuery, as_bytes(statement));
    read_ok(channel_, "relay");
  }
  TextResult query(std::string_view statement) {
    command(Command::kQuery, as_bytes(statement));
    return read_result(channel_, "relay");
  }

  struct DumpFrom {
    std::optional<std::string> gtid;
    std::string file;
    std::uint32_t position = 4;
    std::uint16_t flags = BinlogDump::kNonBlock;
    std::uint32_t server_id = 2;
  };
  void dump(const DumpFrom& from) {
    set("SET @mariadb_slave_capability=4");
    set("SET @master_binlog_checksum= @@global.binlog_checksum");
    if (from.gtid) set("SET @slave_connect_state='" + *from.gtid + "'");
    Encoder out;
    out.u32(from.position);
    out.u16(from.flags);
    out.u32(from.server_id);
    out.raw(from.file);
    command(Command::kBinlogDump, out.bytes());
  }

  /// The next event without what stands before it; empty at the end of the dump. Throws SqlFailure for an error.
  Bytes next_event(std::size_t skip = 1) {
    const ByteView payload = channel_.read(std::size_t{100} << 20U);
    if (is_eof(payload)) return {};
    if (is_error(payload)) throw SqlFailure(decode_error(payload));
    return Bytes(payload.begin() + static_cast<std::ptrdiff_t>(skip), payload.end());
  }
  /// What comes up to the end of the dump, in words: "Rotate Format_description Gtid_list Gtid(0-1-1) Query".
  std::string events_to_end() {
    std::string out;
    for (Bytes event = next_event(); !event.empty(); event = next_event())
      out += (out.empty() ? "" : " ") + name(event);
    return out;
  }
  static std::string name(ByteView bytes) {
    using enum binlog::EventType;
    const binlog::Event event = binlog::split_event(bytes, binlog::Checksum::kCrc32);
    binlog::verify_checksum(event);
    std::string type(event_type_name(event.header.type));
    if (event.header.type == kGtid) return format("{}({})", type, format_gtid(decode_gtid(event).gtid));
    if (event.header.type == kGtidList && event.header.has(binlog::kFlagArtificial)) {
      const binlog::GtidList list = decode_gtid_list(event);
      return format("{}({},{})", type, list.flags >> 28U, format_gtid_list(list.gtids));
    }
    return type;
  }
  std::string next_name() { return name(next_event()); }

 private:
  net::Cancel cancel_;
  net::Stream stream_;
  PacketChannel channel_;
  std::uint32_t connection_id_ = 0;
};

}  // namespace lifeboat::relay::testing
