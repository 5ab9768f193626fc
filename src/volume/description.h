/// What a volume's engine keeps of itself in `volume.json`. Layout: docs/internals/volume-format.md.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace lifeboat::volume {

struct Description {
  std::string id;
  std::string image;    ///< as created from
  std::string vault;    ///< cache name of the vault
  std::string created;  ///< for people
};

Bytes encode_description(const Description& description);
/// From untrusted bytes; throws kCorruption naming `what`, kUnsupported for a newer format.
Description decode_description(ByteView content, std::string_view what);

}  // namespace lifeboat::volume
