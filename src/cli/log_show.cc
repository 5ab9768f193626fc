// `lifeboat log show`: the events of a binary log file, decoded; or of one transaction in a relay's log.
//
// Printed as they are read, so that a file of any size takes the memory of its largest event.

#include <fcntl.h>

#include <cstdio>

#include "binlog/control_events.h"
#include "binlog/describe.h"
#include "binlog/group_reader.h"
#include "cli/commands.h"
#include "cli/log_options.h"

namespace lifeboat::cli {
namespace {

constexpr std::size_t kMaxInflated = std::size_t{1} << 30U;

struct Options {
  std::string what;
  std::string gtid;
  LogOptions log;
};

void add_options(Command& command, Options& options) {
  command.add_option("WHAT", options.what, "a binary log file; with --dir, a GTID").required();
  command.add_option("--gtid", options.gtid, "of the file, only the transaction with this GTID");
  add_log_options(command, options.log, "a relay's directory, whose index finds the GTID");
}

/// Reads a log file event by event.
class LogFile {
 public:
  explicit LogFile(const std::string& path) : path_(path), fd_(open_file(path, O_RDONLY)) {
    Bytes magic(binlog::kFileMagic.size());
    if (pread_full(fd_.get(), magic, 0, path_) != magic.size() || as_text(magic) != binlog::kFileMagic) {
      fail(Code::kCorruption, format("{}: not a binary log file", path_),
           "A binary log begins with the bytes fe 62 69 6e; relay logs do, too. Index files are text.");
    }
  }

  /// The next event; false at the file's end. kCorruption if the file ends within one.
  bool next(binlog::Event& event) {
    position_ = next_;
    if (encrypted_) {
      fail(Code::kUnsupported, format("{}: encrypted from {} on", path_, position_),
           "Ask the server for it: mariadb-binlog --read-from-remote-server --raw. It sends the log decrypted.");
    }
    if (!fill(binlog::kEventHeaderSize)) return false;
    const std::size_t size = binlog::decode_header(buffer_).size;
    // In steps: a size that lies must not take memory that the file cannot fill.
    for (std::size_t wanted = buffer_.size(); wanted < size;) {
      wanted = std::min(size, wanted * 2 + kStep);
      if (!fill(wanted)) truncated();
    }
    event = binlog::split_event(buffer_, checksum_);
    if (event.header.type == binlog::EventType::kFormatDescription) {
      checksum_ = binlog::decode_format_description(event).checksum;
    }
    if (event.header.type == binlog::EventType::kStartV3) {
      fail(Code::kUnsupported, format("{}: a log of MySQL 4", path_),
           "Logs of MySQL 5.1 and newer and of MariaDB can be read.");
    }
    encrypted_ = binlog::begins_encryption(event);
    next_ = position_ + size;
    return true;
  }
  std::uint64_t position() const { return position_; }
  /// The next event is the one that begins there. What tells how to read it, at the file's head, must have been read.
  void seek(std::uint64_t position) { next_ = position; }

 private:
  static constexpr std::size_t kStep = std::size_t{1} << 20U;

  /// Reads the first `size` bytes from position_ on; false if nothing is there.
  bool fill(std::size_t size) {
    buffer_.resize(size);
    const std::size_t got = pread_full(fd_.get(), buffer_, position_, path_);
    if (got != 0 && got < size) truncated();
    return got != 0;
  }
  [[noreturn]] void truncated() const {
    fail(Code::kCorruption, format("{}: ends within the event at {}", path_, position_),
         "The file was cut, or its server still writes it; the events before it are right.");
  }

  std::string path_;
  UniqueFd fd_;
  std::uint64_t position_ = 0;
  std::uint64_t next_ = binlog::kFileMagic.size();
  binlog::Checksum checksum_ = binlog::Checksum::kNone;
  bool encrypted_ = false;
  Bytes buffer_;
};

void write(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string row_text(const json::object& row) {
  std::string out;
  for (const auto& [image, values] : row) {
    out += image == "before" ? "  -" : "  +";
    for (const auto& [name, value] : values.as_object()) {
      out += format(" {}={}", std::string_view(name), json::serialize(value));
    }
    out += '\n';
  }
  return out;
}

std::string event_text(const json::object& event);

/// What a member of an event is to a person: rows and inner events on lines of their own, the rest `name=value`.
std::string details_text(const json::object& event) {
  std::string line;
  std::string below;
  for (const auto& [name, value] : event) {
    const std::string_view key = name;
    if (key == "rows") {
      for (const json::value& row : value.as_array()) below += row_text(row.as_object());
    } else if (key == "events") {
      for (const json::value& inner : value.as_array()) below += event_text(inner.as_object());
    } else if (key == "statement" && value.is_string()) {
      below += format("  {}\n", std::string_view(value.as_string()));
    } else {
      line += format(" {}={}", key, json::serialize(value));
    }
  }
  return line + "\n" + below;
}

std::string event_text(const json::object& event) {
  constexpr std::string_view kHead[] = {"position", "type", "type_number", "timestamp", "end_position", "size"};
  json::object details = event;
  for (const std::string_view key : kHead) details.stable_erase(key);
  if (!event.contains("type")) return details_text(details);
  const auto seconds = json_integer(event, "timestamp");
  return format("{} {} {}..{}{}", seconds == 0 ? "-" : format_time(from_unix_ms(seconds * 1000)),
                json_string(event, "type"), json_integer(event, "position"),
                json_integer(event, "position") + json_integer(event, "size"), details_text(details));
}

/// Whether an event belongs to the transaction asked for; all do if none is.
class Selection {
 public:
  explicit Selection(const Options& options) : wanted_(options.gtid) {}

  bool next(const binlog::Event& event) {
    if (wanted_.empty()) return true;
    const binlog::Place place = groups_.next(event);
    if (place == binlog::Place::kOutside) return false;
    const binlog::Group& group = groups_.group();
    const bool found = (group.gtid && format_gtid(group.gtid->gtid) == wanted_) ||
                       (group.mysql_gtid && format_gtid(*group.mysql_gtid) == wanted_);
    any_ = any_ || found;
    return found;
  }
  void expect_found(const std::string& file) const {
    if (wanted_.empty() || any_) return;
    fail(Code::kNotFound, format("{} is not in {}", wanted_, file), "`lifeboat log show FILE` lists what is.");
  }

 private:
  std::string wanted_;
  binlog::GroupReader groups_;
  bool any_ = false;
};

/// The part of a file that is shown; nothing said: all of it.
struct Stretch {
  std::uint64_t begin = 0;
  std::uint64_t end = ~std::uint64_t{0};
};

void show(Context& context, const Options& options, LogFile& log, const Stretch& stretch) {
  binlog::Describer describer(kMaxInflated);
  Selection selection(options);
  binlog::Event event;
  for (bool first = true; log.next(event);) {
    if (log.position() >= stretch.end) break;
    // Always described, since later rows need the table maps.
    const json::object described = describer.describe(event, log.position());
    if (log.position() < stretch.begin) {
      log.seek(stretch.begin);  // after the Format_description
      continue;
    }
    if (!selection.next(event)) continue;
    write(context.json() ? format("{}{}", first ? "\n" : ",\n", json::serialize(described)) : event_text(described));
    first = false;
  }
  selection.expect_found(options.what);
}

/// Where in a relay's log a transaction lies.
relay::LogIndex::Found find(const Options& options) {
  std::optional<relay::LogIndex::Found> found;
  each_incarnation(options.log, [&](const std::string&, const Path& path) {
    // Newer incarnations hold what counts now.
    const relay::LogDirectory log(path);
    if (auto here = relay::LogIndex(log).find(options.what)) found = std::move(here);
  });
  if (found) return *found;
  fail(Code::kNotFound, format("{} is not in the log that {} keeps", options.what, options.log.directory),
       "`lifeboat log ls` tells what each file begins after.");
}

void run(Context& context, const Options& asked) {
  Options options = asked;
  std::optional<relay::LogIndex::Found> found;
  if (!options.log.directory.empty()) {
    found = find(options);
    options.what = found->file.path.string();
  }
  LogFile log(options.what);
  const Stretch stretch = found ? Stretch{found->entry.begin, found->entry.end} : Stretch{};
  if (!context.json()) return show(context, options, log, stretch);
  write(format("{{\"file\":{},\"events\":[", json::serialize(json::string(options.what))));
  // What was printed cannot be taken back: an error becomes the last member of the one document.
  try {
    show(context, options, log, stretch);
    write("\n]}\n");
  } catch (const Exception& e) {
    std::string error = json::serialize(error_to_json(e.error()));
    write(format("\n],{}\n", error.substr(1)));
    context.end_with(e.code());
  }
}

}  // namespace

void add_log_show(CLI::App& noun, Context& context) {
  add_command<Options>(noun, context, "show", "Print what a binary log file, or one transaction, says, event by event",
                       "lifeboat log show 0-1-4711 --dir relay.d", add_options, run);
}

}  // namespace lifeboat::cli
