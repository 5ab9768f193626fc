#include "vault/scrub.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/log_cover.h"
#include "vault/marks.h"
#include "vault/object_check.h"
#include "vault/pack_check.h"
#include "vault/scrub_log.h"
#include "vault/sealed_object.h"
#include "vault/session.h"
#include "vault/tree_check.h"

namespace lifeboat::vault {
namespace {

bool is_damage(const Exception& e) {
  return e.code() == Code::kCorruption || e.code() == Code::kUnsupported;
}

/// Damage is to be found on a full disk as well, and by who may only read.
std::unique_ptr<Session> begin_session(Vault& vault) {
  try {
    return std::make_unique<Session>(vault, SessionKind::kWrite);
  } catch (const Exception& e) {
    if (e.code() != Code::kOutOfSpace && e.code() != Code::kDenied) throw;
    log::warn("a prune will not know that this scrub is at work, and may remove what it reads: {}", e.what());
    return nullptr;
  }
}

class Scrub {
 public:
  Scrub(Vault& vault, const ScrubOptions& options)
      : vault_(vault),
        options_(options),
        session_(begin_session(vault)),
        before_(scrub_objects(vault)),
        log_(read_scrub_log(vault)),
        now_(vault.store().clock()),
        trees_(vault, packs_, findings_) {}

  ScrubReport run() {
    survey();
    for (const std::string& name : small_) {
      throw_if_cancelled();
      check_small(name);
    }
    check_healing();
    check_bulk();
    check_log_holes();
    check_trees();
    finish_log();
    return std::move(report_);
  }

 private:
  /// A pack or a log part: too large to be read by every scrub.
  struct Bulk {
    std::string name;
    std::uint64_t size = 0;
    SystemTime proven;  ///< 1970: never, or known to be damaged
    bool is_pack() const { return name.starts_with(kPacksPrefix); }
  };

  void survey() {
    std::vector<std::string> unreadable;  // reported as the small objects they are
    for (const Mark& mark : read_marks(vault_, unreadable)) {
      if (mark.state != MarkState::kSweeping) continue;
      going_.insert(mark.images.begin(), mark.images.end());
      for (const Id& pack : mark.packs) going_.insert(pack_name(pack));
      going_.insert(mark.log_parts.begin(), mark.log_parts.end());
    }
    std::set<std::string> damaged;
    for (const KnownDamage& known : log_.damage) damaged.insert(known.object);
    vault_.store().list("", [&](const store::ObjectInfo& object) {
      if (!is_object_name(object.name)) {
        report_.strangers.push_back(object.name);
      } else if (object.name.starts_with(kPacksPrefix)) {
        add_pack(object, damaged.contains(object.name));
      } else if (const auto part = parse_log_part_object(object.name)) {
        ++report_.log_parts;
        log_parts_.push_back({*part, object.size, object.modified});
        add_bulk(object, damaged.contains(object.name));
      } else {
        small_.push_back(object.name);
      }
    });
    std::ranges::sort(bulk_, {}, [](const Bulk& bulk) { return std::pair(bulk.proven, bulk.name); });
  }

  void add_pack(const store::ObjectInfo& object, bool damaged) {
    Id id{};
    try {
      id = id_from_text(std::string_view(object.name).substr(object.name.rfind('/') + 1));
    } catch (const Exception&) {
      report_.strangers.push_back(object.name);
      return;
    }
    packs_.insert(id);
    add_bulk(object, damaged);
  }

  void add_bulk(const store::ObjectInfo& object, bool damaged) {
    if (going_.contains(object.name)) return;
    const auto proven = log_.proven.find(object.name);
    bulk_.push_back({object.name, object.size, damaged || proven == log_.proven.end() ? SystemTime{} : proven->second});
    if (bulk_.back().is_pack()) ++report_.packs;
  }

  void check_small(const std::string& name) {
    ++report_.small_objects;
    try {
      check_object(vault_.keys(), name, vault_.store().get(name, kSmallObjectBytesMax));
    } catch (const Exception& e) {
      if (e.code() == Code::kNotFound) return;  // sessions come and go
      if (!is_damage(e)) throw;
      findings_.add(name, e.error().message);
    }
  }

  /// What a heal that was cut short has removed and not put back: nothing else may refer to it.
  void check_healing() {
    for (const KnownDamage& known : log_.damage) {
      if (known.what == kHealingNotEnded && !vault_.store().find(known.object)) findings_.add(known.object, known.what);
    }
  }

  void check_bulk() {
    if (options_.progress != nullptr) {
      std::uint64_t total = 0;
      for (const Bulk& bulk : bulk_) total += bulk.size;
      options_.progress->set_total(std::min(total, options_.budget));
    }
    std::uint64_t spent = 0;
    for (const Bulk& bulk : bulk_) {
      if (spent > 0 && spent + bulk.size > options_.budget) break;
      bulk.is_pack() ? check_one_pack(bulk.name) : check_log_part(bulk.name);
      spent += bulk.size;
      if (options_.progress != nullptr) options_.progress->add(bulk.size);
    }
    report_.bytes_read += spent;
  }

  void check_one_pack(const std::string& name) {
    ++report_.packs_read;
    const Id id = id_from_text(std::string_view(name).substr(name.rfind('/') + 1));
    try {
      const PackCheck check = check_pack(vault_, id);
      if (check.whole()) proven_.insert(name);
      for (const PackCheck::Finding& finding : check.damage) {
        findings_.add(name, finding.what);
        trees_.add_damage(id, finding);
      }
    } catch (const Exception& e) {
      if (!is_damage(e) && e.code() != Code::kNotFound) throw;
      findings_.add(name, e.error().message);
      trees_.add_damage(id, {e.error().message, {}});
    }
  }

  /// One that is gone was replaced by a larger one meanwhile.
  void check_log_part(const std::string& name) {
    ++report_.log_parts_read;
    try {
      check_object(vault_.keys(), name, vault_.store().get(name, kObjectBytesMax));
      proven_.insert(name);
    } catch (const Exception& e) {
      if (e.code() == Code::kNotFound) return;
      if (!is_damage(e)) throw;
      findings_.add(name, e.error().message);
    }
  }

  /// A hole is told of as damage of the part behind it. Not where a sweep is removing the file.
  void check_log_holes() {
    for (std::vector<ListedLogPart>& file : split_by_file(log_parts_)) {
      if (cover_log_file(file).whole()) continue;
      // Parts that were replaced while they were listed look like a hole.
      const LogPartName of = file.front().name;
      file = list_log_parts(vault_, of.stream);
      std::erase_if(file, [&](const ListedLogPart& part) { return part.name.file != of.file; });
      const LogCover cover = cover_log_file(file);
      const auto is_going = [&](const ListedLogPart& part) { return going_.contains(log_part_object(part.name)); };
      const auto behind =
          std::ranges::find_if(file, [&](const ListedLogPart& part) { return part.name.begin > cover.end; });
      if (behind == file.end() || std::ranges::any_of(file, is_going)) continue;
      findings_.add(log_part_object(behind->name),
                    format("bytes {} to {} of the log file before it are missing", cover.end, behind->name.begin));
    }
  }

  void check_trees() {
    for (const std::string& name : small_) {
      if (!name.starts_with(kImagesPrefix) || findings_.contains(name)) continue;
      const ImageName image = name.substr(kImagesPrefix.size());
      if (going_.contains(image)) continue;
      ++report_.images;
      if (trees_.image(image)) proven_.insert(name);
    }
    report_.bytes_read += trees_.bytes_read();
  }

  void finish_log() {
    report_.findings = findings_.take(now_);
    ScrubLog log;
    log.time = now_;
    for (const std::string& name : proven_) log.proven[name] = now_;
    keep_earlier_proofs(log);
    keep_first_sight();
    for (const Finding& finding : report_.findings) {
      log.damage.push_back({finding.object, finding.what, finding.since});
      log.proven.erase(finding.object);
    }
    report_.oldest_proof = now_;
    for (const Bulk& bulk : bulk_) {
      const auto at = log.proven.find(bulk.name);
      if (at == log.proven.end()) {
        ++(bulk.is_pack() ? report_.packs_unproven : report_.log_parts_unproven);
      } else {
        report_.oldest_proof = std::min(report_.oldest_proof, at->second);
      }
    }
    if (report_.packs_unproven + report_.log_parts_unproven == bulk_.size()) report_.oldest_proof = {};
    try {
      replace_scrub_log(vault_, log, before_);
    } catch (const Exception& e) {
      log::warn("what this scrub found is shown, but not kept in the vault: {}", e.what());
    }
  }

  /// Of what was not read this time. Small objects were all read, so the log does not grow with sessions gone.
  void keep_earlier_proofs(ScrubLog& log) {
    for (const Bulk& bulk : bulk_) {
      const auto at = log_.proven.find(bulk.name);
      if (at != log_.proven.end()) log.proven.try_emplace(at->first, at->second);
    }
  }

  void keep_first_sight() {
    for (Finding& finding : report_.findings) {
      for (const KnownDamage& known : log_.damage) {
        if (known.object == finding.object && known.what == finding.what) finding.since = known.since;
      }
    }
    // Damaged packs are read first, but a small budget may not reach all of them.
    std::set<std::string> read(proven_);
    for (const Finding& finding : report_.findings) read.insert(finding.object);
    for (const KnownDamage& known : log_.damage) {
      const bool bulk = known.object.starts_with(kPacksPrefix) || known.object.starts_with(kLogsPrefix);
      const bool there = bulk && vault_.store().find(known.object).has_value();
      if (there && !read.contains(known.object)) {
        report_.findings.push_back({known.object, known.what, known.since, {}});
      }
    }
  }

  Vault& vault_;
  const ScrubOptions& options_;
  std::unique_ptr<Session> session_;
  std::vector<std::string> before_;
  ScrubLog log_;
  SystemTime now_;
  std::set<std::string> going_;  ///< images and packs that a sweep is removing
  std::vector<std::string> small_;
  std::vector<Bulk> bulk_;
  std::vector<ListedLogPart> log_parts_;
  std::unordered_set<Id, IdHash> packs_;
  Findings findings_;
  TreeCheck trees_;
  std::set<std::string> proven_;  ///< by this scrub
  ScrubReport report_;
};

}  // namespace

ScrubReport scrub(Vault& vault, const ScrubOptions& options) {
  return Scrub(vault, options).run();
}

}  // namespace lifeboat::vault
