/// What a forecast of a rescue is made of: its phases with how much there is to do in each, and the drills on record.
///
/// Threads: one at a time. Errors: the vault's; a proof that is damaged is no evidence, and counted.
#pragma once

#include <string>
#include <vector>

#include "rescue/forecast_belief.h"
#include "rescue/rescue_plan.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

/// Of the plan, in the order in which they are carried out, up to a server that was looked at; the work as a drill
/// measures it (docs/guide/drill.md); on this host, which is under `load` (empty: any).
std::vector<PhaseTask> tasks_of(const RescuePicture& picture, RescueLog& log, const std::string& load);

struct DrillSamples {
  std::vector<ForecastSample> samples;
  std::size_t damaged = 0;  ///< proofs that could not be read
};
/// Of the newest drills, as many as are worth reading.
DrillSamples read_drill_samples(vault::Vault& vault);

}  // namespace lifeboat::rescue
