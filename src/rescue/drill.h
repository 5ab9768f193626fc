/// A drill: a rescue whose result nobody switches to. The newest image that would do, or a named one, is brought back
/// beside production as a rescue brings it back, looked at as deeply as the level says, measured, and taken down; what
/// was found is signed and put into the vault, failed or not.
///
/// Threads: one. Errors: kBusy while another drill runs on this host, kCancelled, and what keeps a proof from being
/// put: the vault's, kNotFound where it has no image. All else is a failure in the proof. Durability: when it returns,
/// the proof is in the vault and nothing else is left; killed anywhere, it leaves what the next drill removes, and no
/// proof.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "relay/source_connection.h"
#include "rescue/drill_assertions.h"
#include "rescue/drill_record.h"
#include "rescue/rescue_run.h"
#include "vault/proofs.h"

namespace lifeboat::rescue {

struct DrillRequest {
  DrillLevel level = DrillLevel::kReplay;
  std::string image;                         ///< empty: the newest that will do
  std::string to;                            ///< RescueLog::moment; empty: now
  std::optional<Path> relay_directory;       ///< nothing: the log is had from the vault
  std::optional<relay::SourceLogin> source;  ///< to be compared with
  std::optional<AssertionFile> assertions;
  Objective objective;
  int sample_percent = 100;  ///< of the tables, for equality
  std::string label;         ///< what the host is under, as people call it: "idle"
  std::string key;           ///< that opens the vault: "passphrase", "recovery"
  /// The vault by another key: where that key does not open it, this is on record there. Empty: it is on none.
  std::function<std::unique_ptr<vault::Vault>()> open_otherwise;
  RescueMeans means;  ///< how a rescue would be brought about
};

vault::Proof run_drill(const DrillRequest& request);

}  // namespace lifeboat::rescue
