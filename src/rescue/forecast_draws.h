/// Draws of how long phases take that are carried out together, by a seeded generator: the same seed, the same
/// forecast.
///
/// Phases of one run share their surroundings (a busy disk makes all of them slow), so what moves their logarithms is
/// correlated: half of the variance is common to all. What the phases that are through tell of it counts for the
/// others.
///
/// Threads: one at a time. Errors: none.
#pragma once

#include <optional>
#include <random>
#include <vector>

#include "rescue/forecast_belief.h"

namespace lifeboat::rescue {

struct Quantiles {
  double p10 = 0;
  double p50 = 0;
  double p90 = 0;
};

inline constexpr std::size_t kForecastDraws = 4000;

/// Of as many values as there are, which get sorted.
Quantiles quantiles_of(std::vector<double>& values);
/// The logarithmic distances from the median, of what is left after `elapsed`, `times` as wide.
Quantiles widened(const Quantiles& quantiles, double times, double elapsed = 0);

class ForecastDraws {
 public:
  /// A phase is through: what it tells of the surroundings. Before any draw.
  void learn(const PhaseBelief& belief, double seconds);
  /// Begins another run: its surroundings.
  void next_run();
  /// Seconds of a phase in this run; the belief has parts.
  double seconds(const PhaseBelief& belief);
  /// Of a normal distribution, on its own.
  double normal();
  /// One of them, by their weights, which are 1 together.
  template <typename Part>
  const Part& one_of(const std::vector<Part>& parts) {
    double left = uniform();
    auto part = parts.begin();
    while (part + 1 != parts.end() && (left -= part->weight) > 0) ++part;
    return *part;
  }

 private:
  double uniform();

  std::mt19937_64 random_{5};
  std::normal_distribution<double> normal_;
  double learnt_sum_ = 0;  ///< of what phases were slower than believed, in standard deviations
  std::size_t learnt_ = 0;
  double surroundings_ = 0;
};

/// The normal distribution that has the same eight tenths in its middle as Student's t of `scale` and `freedom`: its
/// standard deviation.
double normal_scale(double scale, double freedom);

}  // namespace lifeboat::rescue
