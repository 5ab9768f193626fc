/// The payload of an image object: metadata as JSON, then the root of the tree of entries.
/// Layout: docs/internals/vault-format.md, "images/<name>". Pure; the decoder takes untrusted bytes and throws
/// kCorruption naming the image.
#pragma once

#include "vault/directory_nodes.h"
#include "vault/image.h"

namespace lifeboat::vault {

/// A root node that encodes to more gets another level.
inline constexpr std::size_t kRootNodeBytesMax = std::size_t{64} << 10U;

struct ImageObject {
  ImageInfo info;
  DirectoryNode root;
};

/// `info.name` is not in it: it is the object's name.
Bytes encode_image(const ImageInfo& info, const DirectoryNode& root);
ImageObject decode_image(const ImageName& name, ByteView payload);

/// Reads and decodes `images/<name>`. kNotFound if there is none.
ImageObject load_image(Vault& vault, const ImageName& name);

/// `YYYYMMDD-HHMMSS-xxxxxx` with random bits.
ImageName make_image_name(SystemTime time);
/// The second a valid name tells; its digits may be anyone's, so a 99th month is taken as eight years and three.
SystemTime image_name_time(const ImageName& name);
bool valid_image_name(std::string_view name);

}  // namespace lifeboat::vault
