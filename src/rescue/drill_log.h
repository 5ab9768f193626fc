/// The log that a drill replays: a relay's on this host, or brought from the vault; and how far it has come.
///
/// Ownership: borrows the vault. Threads: one at a time. Errors: those of choose_incarnation and bring_vault_log;
/// kRefused for a place that the log does not get to.
#pragma once

#include <optional>
#include <string>

#include "base/progress.h"
#include "relay/log_directory.h"
#include "rescue/image_position.h"
#include "rescue/rescue_log.h"
#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

class DrillLog {
 public:
  /// `source`: "host:port"; empty: whichever log holds all.
  DrillLog(vault::Vault& vault, std::optional<Path> relay_directory, std::string source)
      : vault_(vault), relay_directory_(std::move(relay_directory)), source_(std::move(source)) {}

  /// From the vault, to below `directory`; does nothing if a relay has it here. Returns the bytes that came.
  std::uint64_t bring(const Path& directory, const vault::ImageInfo& image, ProgressStyle progress);
  bool is_from_vault() const { return !relay_directory_; }

  const Path& incarnation() const { return incarnation_; }
  Path relay_directory() const { return relay_directory_.value_or(Path()); }

  /// The position at a place in the source's binary log, once the log has come there; looks for at most `patience`.
  binlog::GtidPosition await(const relay::LogPosition& at, std::chrono::milliseconds patience);

 private:
  std::optional<std::string> look(const relay::LogPosition& at) const;

  vault::Vault& vault_;
  std::optional<Path> relay_directory_;
  std::string source_;
  Path incarnation_;
  std::function<void()> bring_again_;
};

}  // namespace lifeboat::rescue
