/// Brings the kept log of one incarnation into a vault: whatever is durable and not there yet, as parts of at most
/// kSealedPartBytes, and merges small ones (see seal_plan.h). Reads the relay's own files only, never what it sealed.
///
/// Ownership: shares the log. Threads: one at a time. Errors: the store's and errno's; the next call begins by looking
/// what the vault has. Killed anywhere, it leaves at most parts whose bytes others hold, too. Durability: what it calls
/// sealed survives the loss of this host. Memory: a few parts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "relay/log_directory.h"
#include "relay/log_part_record.h"
#include "vault/log_parts.h"

namespace lifeboat::relay {

class StreamSealer {
 public:
  /// `source`: name of the source's directory.
  StreamSealer(std::string source, std::shared_ptr<LogDirectory> log);

  /// Nothing more is written to this log.
  void finish() { final_ = true; }
  /// It is finished, and all in the vault.
  bool done() const { return final_ && unsealed_bytes_ == 0 && loaded_; }

  /// Seals what was durable when it was called; `stop` is asked between two parts.
  void seal(vault::Vault& vault, const std::function<bool()>& stop);

  /// Up to where the newest file is in the vault, all before it included.
  const LogPosition& sealed() const { return sealed_; }
  /// Files that are in the vault whole, merged as far as they will be; oldest first.
  std::vector<std::string> whole_files() const;
  LogDirectory& log() { return *log_; }

 private:
  struct Part {
    vault::ListedLogPart listed;
    std::optional<LogPartRecord> record;  ///< as far as it is known
  };
  struct File {
    std::vector<Part> parts;
    std::uint64_t end = 0;
    bool closed = false;
    bool merged = false;  ///< closed, and nothing is left to merge
    std::unique_ptr<LogFileScan> scan;
  };
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool closes = false;
  };
  struct Goal {
    std::string name;
    std::uint64_t end = 0;
    bool closed = false;
  };

  void load(vault::Vault& vault);
  std::vector<Goal> goals() const;
  bool seal_file(vault::Vault& vault, const Goal& goal, const std::function<bool()>& stop);
  void add_part(vault::Vault& vault, File& file, const std::string& name, const Range& range);
  void merge(vault::Vault& vault, File& file, const std::string& name, bool closed);
  Part put(vault::Vault& vault, const std::string& name, const Range& range, LogPartRecord record);
  LogPartRecord describe(File& file, const std::string& name, const Range& range);
  static LogPartRecord& record_of(vault::Vault& vault, Part& part);

  std::string source_;
  std::shared_ptr<LogDirectory> log_;
  std::string note_;
  vault::Id stream_;
  bool final_ = false;
  bool loaded_ = false;
  std::uint64_t oldest_ = 0;  ///< number of the oldest file in the vault: what was before it was pruned there
  std::map<std::uint64_t, File> files_;
  LogPosition sealed_;
  std::uint64_t unsealed_bytes_ = 0;
};

}  // namespace lifeboat::relay
