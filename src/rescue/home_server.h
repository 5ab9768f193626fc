/// The server at home (homecoming.h): its files, from an image; its option file; started, and placed in production's
/// history.
///
/// Threads: one at a time. Errors: those of vault::export_image and server::start_server; kRefused for a directory with
/// files of somebody's.
#pragma once

#include <memory>
#include <string>

#include "rescue/rescue_run.h"
#include "rescue/standby_server.h"

namespace lifeboat::rescue {

/// As the record knows it.
struct HomeServer {
  Path directory;
  Path socket;
  std::string address;
  std::uint16_t port = 0;
  ProcessIdentity process;

  Path option_file() const { return directory / "lifeboat.cnf"; }
};
HomeServer home_server(const RescueRecord& record);

void check_empty(const Path& directory);
/// In the directory, unless its path is too long for one.
Path choose_home_socket(const Path& directory);

/// What a run that was killed has left goes. An error lets go of the directory: what is there afterwards may be
/// somebody's.
void export_home(RescueRecord& record, const RescueMeans& means);
/// It runs, and answers; `open`: it may take writes.
std::unique_ptr<StandbyServer> launch_home(RescueRecord& record, const RescueMeans& means, bool open);
/// Once: what the image's server was a replica of, long ago, is forgotten.
void place_home(RescueRecord& record, StandbyServer& home);

}  // namespace lifeboat::rescue
