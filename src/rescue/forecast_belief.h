/// What drills make one believe of how long a phase will take: a distribution of the logarithm of its seconds.
///
/// The model: seconds = (work + offset) · pace, where the pace is log-normal. The offset, what the phase costs before
/// it works at all, in units of its work, is not known: each of a grid of offsets is one part of the answer, weighted
/// by how well it explains the samples. Inside a part the logarithm of the pace is regressed (normal-inverse-gamma, so
/// the prediction is Student's t) on a constant, on the logarithm of the work, and on the conditions. With few drills
/// the answer is wide, and it gets wider the farther the work lies from what was measured.
///
/// Threads: free functions. Errors: none; of what there are no samples for, nothing is believed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rescue/forecast_sample.h"

namespace lifeboat::rescue {

/// A phase that is to be forecast.
struct PhaseTask {
  std::string phase;
  std::optional<double> work;  ///< as in ForecastSample; nothing: not known
  std::string unit;
  std::string load = {};  ///< empty: any
  std::string host = {};  ///< empty: any
};

/// From the strongest to the weakest.
enum class Basis {
  kMeasured,      ///< drills of that size, under these conditions
  kExtrapolated,  ///< drills, but smaller or larger ones, or under others
  kGuess,         ///< no drill yet: nothing is known
};
std::string_view basis_name(Basis basis);  ///< "measured", "extrapolated", "guess"

/// Student's t of the logarithm of the seconds.
struct BeliefPart {
  double weight = 0;  ///< all parts' together are 1
  double offset = 0;  ///< in units of the work
  double pace = 0;    ///< location of the logarithm of the seconds for each unit of work and offset
  double scale = 0;
  double freedom = 0;
};

struct PhaseBelief {
  PhaseTask task;
  Basis basis = Basis::kGuess;
  std::string why;                  ///< it is no more than that; empty: measured
  std::size_t drills = 0;           ///< samples that count
  SystemTime first, last;           ///< of those
  double work = 0;                  ///< of the task, as the parts count it: 0 if theirs is not known
  double work_min = 0;              ///< of those
  double work_max = 0;              ///< of those
  std::vector<SystemTime> of_size;  ///< times of those that had at least half as much work
  double mean_seconds = 0;          ///< of those, whatever their work: what a naive forecast says
  double longest_seconds = 0;       ///< of those
  std::vector<BeliefPart> parts;    ///< empty: nothing is known
};

PhaseBelief believe(const PhaseTask& task, std::span<const ForecastSample> samples);

/// "from 12 drills between 2026-11-01T03:00:00Z and 2026-11-28T03:00:00Z", "guess: no drill yet".
std::string evidence_text(const PhaseBelief& belief);

}  // namespace lifeboat::rescue
