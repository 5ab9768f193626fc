/// A world whose truth is known, for the tests of forecasts: runs of three phases whose times depend on their size and
/// load, with noise of which half is common to the run. Threads: one at a time. Errors: none.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "rescue/forecast_sample.h"

namespace lifeboat::rescue {

struct SyntheticRun {
  double image = 0;  ///< bytes
  double log = 0;    ///< bytes
  std::string load = "idle";
};

class SyntheticWorld {
 public:
  SyntheticWorld(std::uint64_t seed, double noise) : random_(seed), noise_(noise) {}

  /// Its phases, in their order, as samples of it.
  std::vector<ForecastSample> carry_out(const SyntheticRun& run) {
    ++runs_;
    const double slower = run.load == "idle" ? 1 : run.load == "loaded" ? 1.6 : 3;
    const double surroundings = normal_(random_);
    std::vector<ForecastSample> samples;
    const auto add = [&](const std::string& phase, double work, double seconds) {
      const double noise = noise_ * std::sqrt(0.5) * (surroundings + normal_(random_));
      samples.push_back({.phase = phase,
                         .time = from_unix_ms(1'700'000'000'000 + std::int64_t{86'400'000} * runs_),
                         .work = work,
                         .unit = "bytes",
                         .seconds = seconds * slower * std::exp(noise),
                         .load = run.load,
                         .host = "vm1"});
    };
    add("mount", run.image, 0.3);
    add("boot", run.image, 2 + run.image / 5e8);
    add("replay", run.log, 0.5 + run.log / 2e7);
    return samples;
  }

  /// One of them, evenly.
  template <typename T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(random_)];
  }

  double normal() { return normal_(random_); }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  double noise_;
  std::int64_t runs_ = 0;
};

inline double total_seconds(const std::vector<ForecastSample>& samples) {
  double sum = 0;
  for (const ForecastSample& each : samples) sum += each.seconds;
  return sum;
}

}  // namespace lifeboat::rescue
