/// The thread that fetches what a volume does not hold yet, behind the running server, and says how far it is.
///
/// Ownership: borrows the volume. Threads: any. Errors: none leave; what went wrong is in the status and is tried
/// again with growing pauses.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/json.h"
#include "base/units.h"
#include "volume/volume.h"

namespace lifeboat::volume {

class Hydrator {
 public:
  Hydrator(Volume& volume, bool paused);
  ~Hydrator();
  Hydrator(const Hydrator&) = delete;
  Hydrator& operator=(const Hydrator&) = delete;

  void pause(bool paused);
  /// Until all is local: at full speed, whatever the server does. Somebody waits for the whole.
  void hurry();
  /// `state` (running, paused, waiting, complete), `bytes_per_second`, `seconds_left` (null: not known), `error`.
  json::object status() const;

 private:
  void run(const std::stop_token& stop);
  /// Fetches a part. While somebody waits for what is not local, that is what helps most; else it is in no hurry, and
  /// leaves processors and disk to a server that is at work.
  void fetch_as_urgent_as_it_is(const std::stop_token& stop);
  void fetch_some(std::uint64_t bytes, int threads);
  void make_way(const std::stop_token& stop, double seconds);
  void note_speed(std::uint64_t bytes, double seconds);
  bool hurried() const;
  void note_failure();

  Volume& volume_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool paused_;
  bool complete_ = false;
  bool hurried_ = false;
  double bytes_per_second_ = 0;
  std::string last_error_;
  std::chrono::seconds retry_after_{0};
  // The thread's own: as of the round before.
  std::uint64_t waited_for_ = 0;         ///< Volume::chunks_waited_for
  std::uint64_t served_ = 0;             ///< Volume::served
  std::optional<Stopwatch> last_burst_;  ///< of waiting
  std::jthread thread_;
};

}  // namespace lifeboat::volume
