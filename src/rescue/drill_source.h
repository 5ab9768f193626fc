/// The living server that a drill compares with: short queries over one connection, and snapshots whose place in its
/// binary log is known, taken without a lock.
///
/// Threads: one at a time. Errors: those of relay::SourceConnection; kDenied, with the GRANT that is wanting.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "net/cancel.h"
#include "relay/log_directory.h"
#include "relay/source_connection.h"
#include "server/connection.h"

namespace lifeboat::rescue {

/// Asks a server, the branch's or the source.
using AskRows = std::function<std::vector<server::Row>(const std::string& sql)>;

class DrillSource {
 public:
  /// Logs in, and sees that the account may see all there is.
  explicit DrillSource(const relay::SourceLogin& login);

  std::vector<server::Row> query(const std::string& sql);
  AskRows ask();

  /// What is read until the end of the snapshot is as of this place. kRefused if the server has no binary log.
  relay::LogPosition begin_snapshot();
  void end_snapshot();
  /// Where its binary log is now.
  relay::LogPosition position();

 private:
  void check_rights();

  net::Cancel cancel_;
  relay::SourceConnection connection_;
};

/// Makes a session give the same texts for the same values on any server.
void settle_session(const AskRows& ask);

}  // namespace lifeboat::rescue
