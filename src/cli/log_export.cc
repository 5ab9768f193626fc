// `lifeboat log export`: a stretch of the kept log as one binary log file, transactions left out.

#include "relay/log_export.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/log.h"
#include "cli/log_commands.h"
#include "cli/log_options.h"

namespace lifeboat::cli {
namespace {

struct Options {
  LogOptions log;
  std::string from;
  std::string to;
  std::vector<std::string> skip;
  std::string output;
};

constexpr std::size_t kBufferBytes = std::size_t{256} << 10U;

/// Collects small writes. What was written to a file is durable when `finish` returns.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path) {
    if (!path_.empty()) file_ = open_file(path_, O_WRONLY | O_CREAT | O_EXCL);
  }
  void write(ByteView bytes) {
    if (buffer_.size() + bytes.size() > kBufferBytes) flush();
    if (bytes.size() >= kBufferBytes) return out(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  void finish() {
    flush();
    if (path_.empty()) return;
    sync_file(file_.get(), path_);
    sync_directory(std::filesystem::absolute(path_).parent_path());
  }

 private:
  void flush() {
    out(buffer_);
    buffer_.clear();
  }
  void out(ByteView bytes) const {
    write_full(path_.empty() ? STDOUT_FILENO : file_.get(), bytes, path_.empty() ? "standard output" : path_);
  }

  std::string path_;
  UniqueFd file_;
  Bytes buffer_;
};

bool is_time(const std::string& text) {
  return text.find(':') != std::string::npos;
}

relay::LogExportOptions to_options(const Options& options) {
  relay::LogExportOptions exporting;
  if (is_time(options.from)) {
    exporting.from_time = parse_time(options.from);
  } else if (!options.from.empty()) {
    exporting.from_position = binlog::GtidPosition::parse(options.from).format();
  }
  if (is_time(options.to)) {
    exporting.to_time = parse_time(options.to);
  } else if (!options.to.empty()) {
    exporting.to_position = binlog::GtidPosition::parse(options.to).format();
  }
  exporting.skip.insert(options.skip.begin(), options.skip.end());
  return exporting;
}

void run(Context& context, const Options& options) {
  stop_on_signals();
  if (options.output.empty() && context.json()) {
    fail(Code::kUsage, "standard output can't hold both the log and JSON", "Give --output FILE.");
  }
  const relay::LogExportOptions exporting = to_options(options);
  const relay::LogDirectory log(one_incarnation(options.log));
  Output output(options.output);
  const relay::LogExportReport report = relay::export_log(log, exporting, [&](ByteView bytes) { output.write(bytes); });
  output.finish();
  const std::string text =
      format("{} transactions ({} to {}), {} left out, {}\n", report.groups,
             report.first_gtid.empty() ? "-" : report.first_gtid, report.last_gtid.empty() ? "-" : report.last_gtid,
             report.skipped, format_size(report.bytes));
  if (options.output.empty()) {
    log::info("{}", text.substr(0, text.size() - 1));
    return;
  }
  context.print(json::object{{"groups", report.groups},
                             {"skipped", report.skipped},
                             {"bytes", report.bytes},
                             {"first_gtid", report.first_gtid},
                             {"last_gtid", report.last_gtid},
                             {"output", options.output}},
                text);
}

}  // namespace

void add_log_export(CLI::App& noun, Context& context) {
  add_command<Options>(
      noun, context, "export",
      "Write a stretch of the log as one file that mariadb-binlog reads, transactions left out",
      "lifeboat log export --dir relay.d --from 0-1-4700 --skip 0-1-4711 | mariadb-binlog - | mariadb",
      [](Command& command, Options& options) {
        add_log_options(command, options.log);
        command.add_option("--from", options.from,
                           "a GTID position: everything after it; or a time: everything from then on (default: all)");
        command.add_option("--to", options.to,
                           "a GTID position: up to it, and with it; or a time: what is before it (default: the end)");
        command.add_option("--skip", options.skip, "GTID of a transaction to leave out; may be given several times");
        command.add_option("--output", options.output, "a new file (default: standard output)");
      },
      run);
}

}  // namespace lifeboat::cli
