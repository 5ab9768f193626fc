/// The launch list: which chunks a boot touched, in order, kept in the vault beside the image so that the next boot of
/// it, or of an image made from it, fetches them first in few large reads. Layout: docs/internals/vault-format.md,
/// "launch/<name>-<id>". A hint only: a list that is wrong costs bandwidth.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::volume {

struct LaunchRun {
  std::string path;
  std::uint64_t first = 0;  ///< chunk
  std::uint64_t count = 0;
  bool operator==(const LaunchRun&) const = default;
};

struct LaunchList {
  vault::ImageName image;
  std::vector<LaunchRun> runs;
};

Bytes encode_launch_list(const std::vector<LaunchRun>& runs);
/// kCorruption unless it is one.
std::vector<LaunchRun> decode_launch_list(ByteView payload);

/// Stores a list for `image`.
void store_launch_list(vault::Vault& vault, const vault::ImageName& image, const std::vector<LaunchRun>& runs);
/// The newest list of `image`, or else of its nearest ancestor that has one; empty if there is none.
std::vector<LaunchRun> load_launch_list(vault::Vault& vault, const vault::ImageName& image);

}  // namespace lifeboat::volume
