/// The second half of a seed: an image boots as a branch, is checked against what is known of it, and is committed.
/// Stays inside this part.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/progress.h"
#include "rescue/image_position.h"
#include "server/branch.h"

namespace lifeboat::rescue {

/// Removes a branch that this seed made, unless it is kept. Without an image the one of that name goes on.
class SeedBranch {
 public:
  SeedBranch(server::BranchRequest request, const std::string& image);
  ~SeedBranch();
  SeedBranch(const SeedBranch&) = delete;
  SeedBranch& operator=(const SeedBranch&) = delete;

  const server::BranchRecord& record() const { return started_.record; }
  double boot_seconds() const { return started_.boot_seconds; }
  /// On its socket, with the first of the request's logins that is let in. kDenied if none is.
  server::Connection connect() const;
  /// To an empty server, as root, as whom it lets anybody in who may read its socket.
  std::unique_ptr<server::Connection> connect_as_root() const;
  /// The same, for what statements are loaded with. What is loaded is worth nothing before the commit, which waits for
  /// the disk: no transaction does, until end_load.
  std::unique_ptr<server::Connection> connect_to_load() const;
  const std::vector<server::Login>& logins() const { return request_.logins; }
  /// As a new image whose description says `server` and `origin`: name, and bytes added to the vault.
  std::pair<std::string, std::uint64_t> commit(const std::string& origin, const json::object& server,
                                               ProgressStyle progress) const;
  void keep();  ///< and has the rest of its volume fetched
  /// Whether it stays as it is at the end, to be gone on with.
  void leave(bool left) { kept_ = left; }

 private:
  Path state_directory() const;

  server::BranchRequest request_;
  server::StartedBranch started_;
  bool kept_ = false;
};

void end_load(server::Connection& connection);

/// It answers, and its files are whole: tables without a log of their own are so only once they are closed.
void settle(server::Connection& connection);

/// Where the server's own recovery says that its last transaction lies in the source's binary log: from its error log.
/// Empty if it says nothing, as after a clean shutdown.
struct RecoveredPosition {
  std::string file;
  std::uint64_t position = 0;
};
std::optional<RecoveredPosition> find_recovered_position(std::string_view error_log);

/// kCorruption unless what was recovered lies at or before what the backup said: InnoDB knows of its own transactions
/// only, so it may lie before.
void check_recovered(const RecoveredPosition& recovered, const std::string& file, std::uint64_t position);

}  // namespace lifeboat::rescue
