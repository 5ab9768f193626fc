/// Images by name: listing, describing, finding. An image exists if and only if its object exists and no removal mark
/// hides it. Metadata is small; the tree behind it is opened by ImageReader.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/units.h"
#include "vault/types.h"
#include "vault/vault.h"

namespace lifeboat::vault {

/// "20261122-185434-3f9a2c": UTC time of making and 24 random bits. Sorts by time; a unique prefix names it too.
using ImageName = std::string;

/// What the directory itself is like that the image's entries lie in: it has no entry of its own.
struct TopDirectory {
  std::uint32_t mode = 0700;  ///< permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool operator==(const TopDirectory&) const = default;
};

struct ImageInfo {
  ImageName name;
  SystemTime time;              ///< when its content was current (snapshot or import start)
  ImageName parent;             ///< the image it was made against; may be empty
  std::string origin;           ///< "import /var/lib/mysql on host h", "commit of volume v"
  std::uint64_t bytes = 0;      ///< logical size of all files
  std::uint64_t new_bytes = 0;  ///< bytes added to the vault for it
  std::uint64_t files = 0;
  std::optional<TopDirectory> top;  ///< empty: made before it was kept
  json::object server;              ///< what server::inspect found: version, page size, options; see docs
  json::object
      attachments;  ///< small sealed files needed to boot (encryption keys, my.cnf), name → base64; never shown
};

/// Newest last. Damaged ones are reported through `damaged` (if given), else thrown as kCorruption.
std::vector<ImageInfo> list_images(Vault& vault, std::vector<std::string>* damaged = nullptr);
/// When each image object was put, by the store's clock; what is damaged or hidden, too.
std::map<ImageName, SystemTime> stored_images(Vault& vault);
std::set<ImageName> names_of(const std::vector<ImageInfo>& images);
/// "latest", a full name, or a unique prefix. Throws kNotFound (naming the newest) or kUsage (ambiguous).
ImageName resolve_image(Vault& vault, std::string_view text);
json::object image_to_json(const ImageInfo& info);  ///< without attachments

}  // namespace lifeboat::vault
