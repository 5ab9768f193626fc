#include "vault/pins.h"

#include "base/error.h"
#include "vault/format.h"
#include "vault/marks.h"
#include "vault/token.h"

namespace lifeboat::vault {
namespace {

constexpr std::string_view kPinnedWord = "pinned";

std::string pin_name(const ImageName& image) {
  return format("{}{}", kPinsPrefix, image);
}

}  // namespace

std::set<ImageName> pinned_images(Vault& vault) {
  std::set<ImageName> images;
  vault.store().list(kPinsPrefix,
                     [&](const store::ObjectInfo& object) { images.insert(object.name.substr(kPinsPrefix.size())); });
  return images;
}

void pin_image(Vault& vault, const ImageName& image) {
  const std::string name = pin_name(image);
  try {
    vault.store().put(name, make_token(vault.keys(), ObjectKind::kPin, name, kPinnedWord));
  } catch (const Exception& e) {
    if (e.code() != Code::kExists) throw;
  }
  // Put first, then read: a prune does it in the same order, so one of the two sees the other.
  if (!hidden_images(vault).contains(image)) return;
  vault.store().remove(name);
  fail(Code::kConflict, format("image {} has just been marked for removal", image),
       "Take that back with `lifeboat vault undelete`, then pin it.");
}

bool unpin_image(Vault& vault, const ImageName& image) {
  const std::string name = pin_name(image);
  if (!vault.store().find(name)) return false;
  vault.store().remove(name);
  return true;
}

}  // namespace lifeboat::vault
