#include "vault/confirm_image.h"

#include "base/error.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/marks.h"
#include "vault/references.h"

namespace lifeboat::vault {
namespace {

/// Any sweep that begins after the marks were read sees the image; one that began before has its mark still there.
bool all_there(Vault& vault, const ImageName& image) {
  const Hidden hidden = read_hidden(vault);
  References references(vault);
  try {
    references.add(image);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kNotFound) throw;
    return false;
  }
  for (const Id& pack : references.packs()) {
    if (hidden.packs.contains(pack) || !vault.store().find(pack_name(pack))) return false;
  }
  return true;
}

}  // namespace

void confirm_image(Vault& vault, const ImageName& image) {
  log::warn("image {}: this session was taken for dead; looking whether a prune removed what the image builds on",
            image);
  if (all_there(vault, image)) return;
  put_mark(vault, {.images = {image}}, "its writer was taken for dead");
  fail(Code::kConflict, format("image {} was withdrawn: a prune removed what it builds on", image),
       "The store could not be reached for minutes, or this process was stopped, and a prune ran meanwhile. Run the "
       "command again.");
}

}  // namespace lifeboat::vault
