// What people ask for by name: one image to go, one removal to be taken back. Declared in prune.h.

#include <algorithm>

#include "base/error.h"
#include "vault/format.h"
#include "vault/image_object.h"
#include "vault/pins.h"
#include "vault/proofs.h"
#include "vault/prune.h"
#include "vault/prune_session.h"
#include "vault/sweep.h"

namespace lifeboat::vault {
namespace {

/// Every visible image as retention sees it.
std::vector<RetentionImage> retention_images(Vault& vault) {
  std::vector<SessionInfo> live = list_sessions(vault);
  std::erase_if(live, [](const SessionInfo& session) { return !session.alive(); });
  const auto users = images_in_use(live);
  const auto pinned = pinned_images(vault);
  const auto hidden = hidden_images(vault);
  std::vector<RetentionImage> images;
  std::set<ImageName> names;
  vault.store().list(kImagesPrefix, [&](const store::ObjectInfo& object) {
    const ImageName name = object.name.substr(kImagesPrefix.size());
    if (hidden.contains(name)) return;
    names.insert(name);
    const auto user = users.find(name);
    images.push_back({.name = name,
                      .origin = "",
                      .time = object.modified,
                      .stored = object.modified,
                      .pinned = pinned.contains(name),
                      .in_use = user == users.end() ? "" : user->second});
  });
  const auto proven = proven_images(vault, names);
  for (RetentionImage& image : images) {
    image.proven = proven.contains(image.name);
    try {
      const ImageInfo info = load_image(vault, image.name).info;
      image.origin = info.origin;
      image.time = info.time;
    } catch (const Exception& e) {
      if (e.code() != Code::kCorruption) throw;
      image.damaged = true;
    }
  }
  return images;
}

bool is_named(const Mark& mark, std::string_view which) {
  return id_text(mark.id) == which || std::ranges::find(mark.images, which) != mark.images.end();
}

}  // namespace

void check_removable(Vault& vault, const ImageName& image, const RetentionPolicy& policy) {
  // Only the window, and never the last: what the policy would have kept for its hour, day or month may be removed.
  const RetentionPolicy window{policy.all, {}, {}, 0};
  for (const Verdict& verdict : judge(retention_images(vault), window, vault.store().clock())) {
    if (verdict.name != image) continue;
    if (!verdict.keep) return;
    fail(Code::kRefused, format("image {} stays: {}", image, verdict.reason),
         "What is inside the retention window (--keep), the last of its origin or the last of it that is proven, "
         "pinned (`lifeboat image unpin`) or in "
         "use is never removed.");
  }
  fail(Code::kNotFound, format("there is no image '{}'", image), "List them with: lifeboat image ls");
}

Mark remove_image(Vault& vault, const ImageName& image, const RetentionPolicy& policy, std::string_view reason) {
  PruneSession session(vault);
  check_removable(vault, image, policy);
  session.check();
  return put_mark(vault, {.images = {image}}, reason);
}

Mark undelete(Vault& vault, std::string_view which) {
  std::vector<std::string> damaged;
  for (Mark& mark : read_marks(vault, damaged)) {
    if (!mark.in_force() || !is_named(mark, which)) continue;
    if (mark.state == MarkState::kSweeping || settle_mark(vault, mark.id, MarkState::kUndone) != MarkState::kUndone) {
      fail(Code::kConflict, format("the removal of {} has begun", which),
           "Its grace period was over and a prune is removing it: it can't be taken back any more.");
    }
    mark.state = MarkState::kUndone;
    return std::move(mark);
  }
  fail(Code::kNotFound, format("nothing named '{}' is marked for removal", which),
       "List what can be taken back with: lifeboat vault undelete");
}

}  // namespace lifeboat::vault
