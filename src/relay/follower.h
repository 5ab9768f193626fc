/// Follows one source for as long as the process lives: connects, takes up where the kept log ends, keeps what comes,
/// acknowledges it once it is durable, and starts again whatever breaks.
///
/// Ownership: owns its thread and the kept log. Threads: all methods from any. Errors: the constructor's are kUsage,
///   errno's and kBusy (another relay has this directory); later ones are in the status, and in the log of the process.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "relay/exposure_file.h"
#include "relay/follow_status.h"
#include "relay/log_writer.h"
#include "relay/source_connection.h"
#include "relay/source_dump.h"
#include "relay/source_log.h"
#include "relay/source_watch.h"

namespace lifeboat::relay {

struct FollowOptions {
  SourceLogin login;
  Path directory;               ///< of this source alone: see SourceLog
  std::uint32_t server_id = 0;  ///< 0: a random one, kept in the directory
  std::string start_file;       ///< where an empty log begins; empty: the oldest file that the source has
  std::chrono::milliseconds retry{1000};
};

class Follower {
 public:
  /// `on_incarnation` is told of each log that is written from then on, before anything comes, and again if it fails;
  /// from the follower's thread but the first time. What it returns are alarms.
  using OnIncarnation = std::function<std::vector<std::string>(const std::shared_ptr<LogDirectory>& log)>;

  Follower(FollowOptions options, OnIncarnation on_incarnation);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  FollowStatus status() const;

 private:
  /// How an attempt to take up the log ended.
  enum class Resume { kContinues, kAnother };

  void run() noexcept;
  void follow_once();
  void open_incarnation(const std::shared_ptr<LogDirectory>& log);
  void announce();
  Resume judge(SourceConnection& source, const LogPosition& end) const;
  /// The source's log does not continue ours.
  void begin_incarnation(const std::string& why);
  std::optional<std::string> ask_for_refusal();
  bool take_refusal(const SourceConnection& source, const std::string& why);
  bool start_with_oldest(const SourceConnection& source, const std::string& why);
  std::string find_start_file(const binlog::GtidState& kept);
  std::string find_next_file();
  /// In which the source continues that, as it says; empty: it says nothing.
  std::string ask_start_file(const binlog::GtidState& kept);
  void receive(SourceConnection& source, SourceDump& dump);
  void take(const SourceDump::Piece& piece);
  void enter_file(const binlog::Event& rotate);
  void check_artificial(const binlog::Event& event);
  void note_group(bool ack_wanted);
  void note_heartbeat(const binlog::Event& event);
  bool source_waits() const;
  void on_durable(const LogWriter::Durable& durable);
  void note_disconnected(const Error& error);
  void load_exposure();
  void keep_exposure() noexcept;
  void note_facts(const SourceFacts& facts);
  template <typename Change>
  void update(Change change) {
    const std::scoped_lock lock(mutex_);
    change(status_);
  }

  FollowOptions options_;
  OnIncarnation on_incarnation_;
  SourceLog source_log_;
  net::Cancel cancel_;
  std::shared_ptr<LogDirectory> log_;
  bool announced_ = false;       ///< on_incarnation_ knows log_
  std::string start_file_;       ///< with which an empty log begins
  std::string next_file_;        ///< in which the source goes on where our file's end is none of its own; once
  bool heard_ = false;           ///< on this connection: an event of a file, or a heartbeat
  bool silent_ = false;          ///< on the last connection nothing came: it may be refused without a word
  bool skipping_event_ = false;  ///< the pieces that come belong to an event that no file holds

  std::mutex ack_mutex_;  ///< guards dump_; taken by the syncing thread
  SourceDump* dump_ = nullptr;

  std::mutex exposure_mutex_;  ///< guards exposure_; taken before mutex_
  ExposureFile exposure_;
  mutable std::mutex mutex_;  ///< guards status_
  FollowStatus status_;
  bool others_seen_ = false;           ///< by the watch, when it asked last
  std::unique_ptr<LogWriter> writer_;  ///< goes before all above: its last sync still ends in on_durable
  std::thread thread_;
  std::optional<SourceWatch> watch_;
};

}  // namespace lifeboat::relay
