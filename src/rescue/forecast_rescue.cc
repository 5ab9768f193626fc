#include "rescue/forecast_rescue.h"

#include <algorithm>

#include "base/process.h"
#include "server/server_info.h"
#include "vault/proofs.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kDrillsMax = 200;

/// Of log between two positions.
double bytes_between(RescueLog& log, std::uint64_t behind_start, const RescueRecord& plan) {
  const std::uint64_t behind_end = log.bytes_after(binlog::GtidPosition::parse(plan.until));
  return static_cast<double>(behind_start - std::min(behind_start, behind_end));
}

std::vector<PhaseTask> tasks_of_standby(const RescueRecord& plan, RescueLog& log) {
  const double bytes = bytes_between(log, log.bytes_after(binlog::GtidPosition::parse(plan.start)), plan);
  std::vector<PhaseTask> tasks{{.phase = "take over", .work = {}, .unit = "bytes"}};
  if (!plan.skip.empty()) tasks.push_back({.phase = "skip", .work = {}, .unit = "bytes"});
  tasks.push_back({.phase = "catch up", .work = bytes, .unit = "bytes"});
  return tasks;
}

std::vector<PhaseTask> tasks_of_image(const ImageChoice& image, const RescueRecord& plan, RescueLog& log) {
  const auto redo = server::server_info_from_json(image.info.server).redo_to_apply;
  const std::uint64_t behind =
      image.position ? log.bytes_after(image.position->gtid) : log.bytes_since(image.info.time);
  PhaseTask boot{.phase = "boot", .work = {}, .unit = "bytes"};
  if (redo) boot.work = static_cast<double>(*redo);
  return {{.phase = "mount", .work = static_cast<double>(image.info.files), .unit = "files"},
          std::move(boot),
          {.phase = "replay", .work = bytes_between(log, behind, plan), .unit = "bytes"}};
}

}  // namespace

std::vector<PhaseTask> tasks_of(const RescuePicture& picture, RescueLog& log, const std::string& load) {
  const RescueRecord& plan = picture.record;
  std::vector<PhaseTask> tasks;
  if (plan.standby.empty()) {
    const auto image = std::ranges::find(picture.images, plan.images.front(),
                                         [](const ImageChoice& each) -> const std::string& { return each.info.name; });
    LIFEBOAT_CHECK(image != picture.images.end());  // the plan is the picture's
    tasks = tasks_of_image(*image, plan, log);
  } else {
    tasks = tasks_of_standby(plan, log);
  }
  tasks.push_back({.phase = "check", .work = static_cast<double>(plan.objects.size()), .unit = "objects"});
  for (PhaseTask& task : tasks) {
    task.load = load;
    task.host = host_name();
  }
  return tasks;
}

DrillSamples read_drill_samples(vault::Vault& vault) {
  DrillSamples read;
  std::vector<vault::ProofName> names = vault::list_proofs(vault);
  if (names.size() > kDrillsMax) names.erase(names.begin(), names.end() - static_cast<std::ptrdiff_t>(kDrillsMax));
  for (const vault::ProofName& name : names) {
    const auto proof = vault::find_proof(vault, name);
    if (!proof) ++read.damaged;
    if (!proof) continue;
    for (ForecastSample& each : samples_of_proof(proof->said)) read.samples.push_back(std::move(each));
  }
  return read;
}

}  // namespace lifeboat::rescue
