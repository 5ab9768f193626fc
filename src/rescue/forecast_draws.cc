#include "rescue/forecast_draws.h"

#include <algorithm>
#include <cmath>

namespace lifeboat::rescue {
namespace {

/// Share of the variance that the phases of one run have in common.
constexpr double kCommon = 0.5;
/// What one phase tells of the surroundings at most, in standard deviations.
constexpr double kLearntMost = 3;

double work_in(const PhaseBelief& belief, const BeliefPart& part) {
  return std::log(belief.work + part.offset);
}

/// The one at a share of the way through the sorted values.
double at_share(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

}  // namespace

Quantiles quantiles_of(std::vector<double>& values) {
  std::ranges::sort(values);
  return {.p10 = at_share(values, 0.1), .p50 = at_share(values, 0.5), .p90 = at_share(values, 0.9)};
}

Quantiles widened(const Quantiles& quantiles, double times, double elapsed) {
  const double median = quantiles.p50 - elapsed;
  if (median <= 0) return quantiles;
  const auto stretch = [&](double value) {
    return elapsed + median * std::pow(std::max(value - elapsed, 0.0) / median, times);
  };
  return {.p10 = stretch(quantiles.p10), .p50 = quantiles.p50, .p90 = stretch(quantiles.p90)};
}

double normal_scale(double scale, double freedom) {
  constexpr double kOneTenth = 1.2815515655446004;
  // The first terms of Student's quantile by the inverse of its freedom (Cornish-Fisher): within 2 % from 2 on.
  const double z = kOneTenth;
  const double z3 = z * z * z;
  const double z5 = z3 * z * z;
  const double quantile = z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom);
  return scale * quantile / kOneTenth;
}

void ForecastDraws::learn(const PhaseBelief& belief, double seconds) {
  if (belief.parts.empty() || seconds <= 0) return;
  double slower = 0;
  for (const BeliefPart& part : belief.parts) {
    const double distance = std::log(seconds) - part.pace - work_in(belief, part);
    slower += part.weight * distance / normal_scale(part.scale, part.freedom);
  }
  learnt_sum_ += std::clamp(slower, -kLearntMost, kLearntMost);
  ++learnt_;
}

void ForecastDraws::next_run() {
  // Each phase that is through has seen the common part, and noise of its own.
  const double precision = 1 + static_cast<double>(learnt_) * kCommon / (1 - kCommon);
  const double mean = std::sqrt(kCommon) / (1 - kCommon) * learnt_sum_ / precision;
  surroundings_ = mean + normal() / std::sqrt(precision);
}

double ForecastDraws::seconds(const PhaseBelief& belief) {
  const BeliefPart& part = one_of(belief.parts);
  const double z = std::sqrt(kCommon) * surroundings_ + std::sqrt(1 - kCommon) * normal();
  std::gamma_distribution<double> chi_square(part.freedom / 2, 2);
  const double t = z / std::sqrt(chi_square(random_) / part.freedom);
  return std::exp(part.pace + work_in(belief, part) + part.scale * t);
}

double ForecastDraws::normal() {
  return normal_(random_);
}

double ForecastDraws::uniform() {
  return std::uniform_real_distribution<double>()(random_);
}

}  // namespace lifeboat::rescue
