#include "rescue/standby_begin.h"

#include "base/error.h"
#include "base/log.h"
#include "rescue/image_position.h"
#include "vault/image_reader.h"
#include "volume/control_client.h"

namespace lifeboat::rescue {
namespace {

/// A binary log in the image tells the server, as it recovers, how far the image is.
bool has_binary_log(const vault::ImageInfo& image) {
  return !server::server_info_from_json(image.server).binlog_base.empty();
}

void check_position_known(const vault::ImageInfo& image) {
  if (position_of(image) || has_binary_log(image)) return;
  fail(Code::kRefused, format("image {} does not say where in its source's history it lies", image.name),
       "Seed one that does: lifeboat seed. Images of data directories need their binary logs inside.");
}

vault::ImageInfo image_held_by(const server::BranchRecord& branch, const server::BranchRequest& boot) {
  const json::object status = volume::control_call(branch.volume.value().state_dir, "status");
  const auto vault = boot.open_vault();
  return vault::ImageReader(*vault, json_string(status, "image")).info();
}

}  // namespace

void check_can_begin(const server::BranchRequest& boot, const std::string& image) {
  if (image.empty()) return;  // start_branch says which branches there are
  const auto vault = boot.open_vault();
  check_position_known(vault::ImageReader(*vault, vault::resolve_image(*vault, image)).info());
}

binlog::GtidPosition later_of(const binlog::GtidPosition& one, const binlog::GtidPosition& other) {
  binlog::GtidPosition later = one;
  for (const binlog::Gtid& gtid : other.gtids()) {
    if (!later.reached(gtid)) later.update(gtid);
  }
  return later;
}

StandbyOrigin begin_standby(const server::BranchRecord& branch, const server::BranchRequest& boot,
                            StandbyServer& server, const std::string& source) {
  if (auto origin = find_standby_origin(branch.directory)) return *origin;
  const vault::ImageInfo image = image_held_by(branch, boot);
  check_position_known(image);
  const auto said = position_of(image);
  const binlog::GtidPosition position = said ? said->gtid : later_of(server.applied(), server.logged());
  StandbyOrigin origin{.gtid = position.format(), .source = source};
  if (origin.source.empty() && said) origin.source = said->source;
  server.begin_at(position);
  save_standby_origin(branch.directory, origin);
  log::info("standby {}: begins at {}, as image {} says", branch.name, origin.gtid, image.name);
  return origin;
}

}  // namespace lifeboat::rescue
