/// What forecasts are made of: how long one phase of one drill, or of one rescue, took. Nothing else is evidence.
///
/// Threads: free functions. Errors: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/units.h"

namespace lifeboat::rescue {

struct ForecastSample {
  std::string phase;  ///< as in RescuePhase: "mount", "boot", "replay", …
  SystemTime time;    ///< when the phase began
  /// What its time scales with, in `unit`: "replay": bytes of log; "mount": files of the image; … Nothing: not known.
  std::optional<double> work;
  std::string unit;    ///< samples of another unit are no evidence
  double seconds = 0;  ///< without waiting for people; above 0
  std::string load;    ///< what people say that the host was under: "idle"; empty: not known
  std::string host;    ///< host_name() of the one that it ran on; empty: not known
};

/// Those in what the proof of a drill says (untrusted JSON): of the phases that a rescue has, too, and that ended.
std::vector<ForecastSample> samples_of_proof(const json::object& proof);

}  // namespace lifeboat::rescue
