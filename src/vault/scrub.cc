#include "vault/scrub.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "vault/format.h"
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
    check_packs();
    check_trees();
    finish_log();
    return std::move(report_);
  }

 private:
  struct ListedPack {
    Id id{};
    std::uint64_t size = 0;
    SystemTime proven;  ///< 1970: never, or known to be damaged
  };

  void survey() {
    std::vector<std::string> unreadable;  // reported as the small objects they are
    for (const Mark& mark : read_marks(vault_, unreadable)) {
      if (mark.state != MarkState::kSweeping) continue;
      going_.insert(mark.images.begin(), mark.images.end());
      for (const Id& pack : mark.packs) going_.insert(pack_name(pack));
    }
    std::set<std::string> damaged;
    for (const KnownDamage& known : log_.damage) damaged.insert(known.object);
    vault_.store().list("", [&](const store::ObjectInfo& object) {
      if (!is_object_name(object.name)) {
        report_.strangers.push_back(object.name);
      } else if (object.name.starts_with(kPacksPrefix)) {
        add_pack(object, damaged.contains(object.name));
      } else {
        small_.push_back(object.name);
      }
    });
    report_.packs = pack_list_.size();
    std::ranges::sort(pack_list_, {}, [](const ListedPack& pack) { return std::pair(pack.proven, pack.id); });
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
    if (going_.contains(object.name)) return;
    const auto proven = log_.proven.find(object.name);
    pack_list_.push_back({id, object.size, damaged || proven == log_.proven.end() ? SystemTime{} : proven->second});
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

  void check_packs() {
    if (options_.progress != nullptr) {
      std::uint64_t total = 0;
      for (const ListedPack& pack : pack_list_) total += pack.size;
      options_.progress->set_total(std::min(total, options_.budget));
    }
    std::uint64_t spent = 0;
    for (const ListedPack& pack : pack_list_) {
      if (report_.packs_read > 0 && spent + pack.size > options_.budget) break;
      check_one_pack(pack);
      spent += pack.size;
      if (options_.progress != nullptr) options_.progress->add(pack.size);
    }
    report_.bytes_read += spent;
  }

  void check_one_pack(const ListedPack& pack) {
    ++report_.packs_read;
    const std::string name = pack_name(pack.id);
    try {
      const PackCheck check = check_pack(vault_, pack.id);
      if (check.whole()) proven_.insert(name);
      for (const PackCheck::Finding& finding : check.damage) {
        findings_.add(name, finding.what);
        trees_.add_damage(pack.id, finding);
      }
    } catch (const Exception& e) {
      if (!is_damage(e) && e.code() != Code::kNotFound) throw;
      findings_.add(name, e.error().message);
      trees_.add_damage(pack.id, {e.error().message, {}});
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
    for (const ListedPack& pack : pack_list_) {
      const auto at = log.proven.find(pack_name(pack.id));
      if (at == log.proven.end()) {
        ++report_.packs_unproven;
      } else {
        report_.oldest_proof = std::min(report_.oldest_proof, at->second);
      }
    }
    if (report_.packs_unproven == report_.packs) report_.oldest_proof = {};
    try {
      replace_scrub_log(vault_, log, before_);
    } catch (const Exception& e) {
      log::warn("what this scrub found is shown, but not kept in the vault: {}", e.what());
    }
  }

  /// Of packs not read this time. Small objects were all read, so the log does not grow with sessions gone.
  void keep_earlier_proofs(ScrubLog& log) {
    for (const ListedPack& pack : pack_list_) {
      const auto at = log_.proven.find(pack_name(pack.id));
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
      const bool there = known.object.starts_with(kPacksPrefix) && vault_.store().find(known.object).has_value();
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
  std::vector<ListedPack> pack_list_;
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
