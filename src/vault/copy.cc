#include "vault/copy.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/log.h"
#include "vault/confirm_image.h"
#include "vault/damage.h"
#include "vault/format.h"
#include "vault/key_slots.h"
#include "vault/log_cover.h"
#include "vault/marks.h"
#include "vault/object_check.h"
#include "vault/references.h"
#include "vault/session.h"

namespace lifeboat::vault {
namespace {

/// Each holds one pack.
constexpr int kThreads = 2;

/// What lies under a prefix: name → size.
std::unordered_map<std::string, std::uint64_t> sizes_of(Vault& vault, std::string_view prefix) {
  std::unordered_map<std::string, std::uint64_t> sizes;
  vault.store().list(prefix, [&](const store::ObjectInfo& object) { sizes.emplace(object.name, object.size); });
  return sizes;
}

class Copy {
 public:
  Copy(Vault& from, Vault& to, const CopyOptions& options)
      : from_(from), to_(to), options_(options), reading_(from, SessionKind::kWrite) {
    refuse_itself();
    // Neither says that it knows marks, so that nothing is swept on either side meanwhile.
    if (!options.dry_run) writing_.emplace(to, SessionKind::kWrite);
  }

  CopyReport run() {
    note_sweeps();
    there_ = sizes_of(to_, kPacksPrefix);
    const auto images_there = sizes_of(to_, kImagesPrefix);
    std::vector<std::string> damaged;
    std::vector<ImageName> missing;
    for (const ImageInfo& image : list_images(from_, &damaged)) {
      if (images_there.contains(format("{}{}", kImagesPrefix, image.name))) {
        ++report_.images_there;
      } else {
        missing.push_back(image.name);
      }
    }
    if (options_.progress != nullptr) options_.progress->set_total(bytes_of_packs(missing));
    for (const ImageName& image : missing) copy_image(image);
    copy_log();
    for (const std::string& what : damaged) report_.failures.push_back({"", what});
    if (!options_.dry_run) finish();
    report_.bytes = bytes_;
    return std::move(report_);
  }

 private:
  /// A session begun in one that shows in the other: the two are one place, whatever they are called.
  void refuse_itself() const {
    to_.store().list(format("{}{}", kSessionsPrefix, id_text(reading_.id())), [&](const store::ObjectInfo&) {
      fail(Code::kUsage, format("{} is the vault itself", to_.store().url()),
           "A copy protects from what happens to one place: name another one.");
    });
  }

  /// Of the packs to be copied for these images. Costs a walk over their trees of its own: packs are what takes time.
  std::uint64_t bytes_of_packs(const std::vector<ImageName>& images) {
    References references(from_);
    for (const ImageName& image : images) {
      try {
        references.add(image);
      } catch (const Exception& e) {
        if (!is_damaged_or_gone(e)) throw;  // told of when its turn comes
      }
    }
    std::uint64_t bytes = 0;
    for (const auto& [name, size] : sizes_of(from_, kPacksPrefix)) {
      const auto pack = find_pack(name);
      if (pack && references.refers_to(*pack) && !there_.contains(name)) bytes += size;
    }
    return bytes;
  }

  void finish() {
    std::set<std::string> foreign;
    for (const Id& id : foreign_slots(from_)) foreign.insert(slot_name(id));
    for (const std::string& why : copy_all(kKeysPrefix, foreign)) report_.failures.push_back({"", why});
    for (const std::string& why : copy_all(kPinsPrefix)) report_.failures.push_back({"", why});
    for (const std::string& why : copy_all(kProofsPrefix)) report_.failures.push_back({"", why});
    if (writing_->finish()) return;
    for (const ImageName& image : report_.images) confirm_image(to_, image);
  }

  void copy_image(const ImageName& image) {
    try {
      if (!references_) references_.emplace(from_);
      references_->add(image);
      const std::vector<Id> missing = missing_packs();
      if (!options_.dry_run) {
        keep_at_target(references_->packs());
        copy_packs(missing);
        // Only a hint: a branch of the copy boots without it, too.
        for (const std::string& why : copy_all(format("{}{}-", kLaunchPrefix, image))) log::warn("left out: {}", why);
        writing_->check();
        copy_object(format("{}{}", kImagesPrefix, image));
      }
      report_.images.push_back(image);
    } catch (const Exception& e) {
      if (!is_damaged_or_gone(e) && e.code() != Code::kBusy) throw;
      report_.failures.push_back({image, e.error().text()});
      references_.reset();  // it holds packs of an image that was not copied
    }
  }

  /// What no larger part holds. A part that is gone since it was listed was replaced by one that the next copy finds.
  void copy_log() {
    const auto there = sizes_of(to_, kLogsPrefix);
    for (const std::vector<ListedLogPart>& file : split_by_file(list_log_parts(from_))) {
      for (const ListedLogPart& part : split_superseded(file).needed) {
        const std::string name = log_part_object(part.name);
        if (there.contains(name)) continue;
        try {
          if (!options_.dry_run) copy_object(name);
          ++report_.log_parts;
        } catch (const Exception& e) {
          if (!is_damaged_or_gone(e)) throw;
          if (e.code() == Code::kNotFound) continue;
          report_.failures.push_back({"", e.error().text()});
        }
      }
    }
  }

  std::vector<Id> missing_packs() {
    std::vector<Id> missing;
    for (const Id& pack : references_->packs()) {
      if (!there_.contains(pack_name(pack))) missing.push_back(pack);
    }
    std::ranges::sort(missing);
    return missing;
  }

  /// A sweep that began before our session waits for nobody. What it is about to remove may still be listed, and its
  /// mark be gone when an image's turn comes; so they are looked up once, before the packs are.
  void note_sweeps() {
    std::vector<std::string> damaged;
    for (const Mark& mark : read_marks(to_, damaged)) {
      if (mark.state == MarkState::kSweeping || mark.state == MarkState::kUnclear) {
        being_swept_.insert(mark.packs.begin(), mark.packs.end());
      }
    }
  }

  /// Packs that are there may be marked for removal there: then the marks are taken back.
  void keep_at_target(const std::unordered_set<Id, IdHash>& packs) {
    if (std::ranges::any_of(packs, [&](const Id& pack) { return being_swept_.contains(pack); })) refuse_swept();
    std::vector<std::string> damaged;
    for (const Mark& mark : read_marks(to_, damaged)) {
      const bool needed = std::ranges::any_of(mark.packs, [&](const Id& pack) { return packs.contains(pack); });
      if (!mark.in_force() || !needed) continue;
      if (settle_mark(to_, mark.id, MarkState::kUndone) != MarkState::kUndone) {
        refuse_swept();
      }
      log::warn("mark {} of {} is taken back: a copied image needs its packs", id_text(mark.id), to_.store().url());
    }
  }

  [[noreturn]] void refuse_swept() const {
    fail(Code::kBusy, format("a prune of {} is removing packs that it needs", to_.store().url()),
         "Finish that prune (lifeboat vault prune), then copy again.");
  }

  void copy_packs(const std::vector<Id>& packs) {
    std::atomic<std::size_t> next{0};
    std::optional<Error> error;
    std::mutex mutex;
    const auto work = [&] {
      for (std::size_t i = next++; i < packs.size(); i = next++) {
        try {
          const std::uint64_t size = copy_object(pack_name(packs[i]));
          if (options_.progress != nullptr) options_.progress->add(size);
        } catch (...) {
          const std::scoped_lock lock(mutex);
          error = current_error();
          next = packs.size();
        }
      }
    };
    {
      std::vector<std::jthread> helpers;
      for (int i = 1; i < kThreads; ++i) helpers.emplace_back(work);
      work();
    }
    if (error) throw Exception(*error);
    for (const Id& pack : packs) there_.emplace(pack_name(pack), 0);
    report_.packs += packs.size();
  }

  /// What lies under a prefix and is missing there. Returns what is wrong with those that are damaged.
  std::vector<std::string> copy_all(std::string_view prefix, const std::set<std::string>& but = {}) {
    std::vector<std::string> left_out;
    const auto there = sizes_of(to_, prefix);
    for (const auto& [name, size] : sizes_of(from_, prefix)) {
      if (there.contains(name) || but.contains(name)) continue;
      try {
        copy_object(name);
      } catch (const Exception& e) {
        if (!is_damaged_or_gone(e)) throw;
        if (e.code() != Code::kNotFound) left_out.push_back(e.error().text());
      }
    }
    return left_out;
  }

  /// Damage is not passed on. Returns its size.
  std::uint64_t copy_object(const std::string& name) {
    const Bytes object = from_.store().get(name, kObjectBytesMax);
    check_object(from_.keys(), name, object);
    try {
      to_.store().put(name, object);
    } catch (const Exception& e) {
      if (e.code() != Code::kExists) throw;
    }
    bytes_ += object.size();
    return object.size();
  }

  Vault& from_;
  Vault& to_;
  const CopyOptions& options_;
  Session reading_;
  std::optional<Session> writing_;
  std::optional<References> references_;
  std::unordered_map<std::string, std::uint64_t> there_;  ///< packs
  std::unordered_set<Id, IdHash> being_swept_;            ///< packs, at the target
  std::atomic<std::uint64_t> bytes_{0};
  CopyReport report_;
};

}  // namespace

CopyReport copy_vault(Vault& vault, std::unique_ptr<store::Store> target, const CopyOptions& options) {
  if (!options.dry_run) Vault::init_copy(*target, vault);
  const std::unique_ptr<Vault> to = Vault::open_copy(std::move(target), vault);
  return Copy(vault, *to, options).run();
}

}  // namespace lifeboat::vault
