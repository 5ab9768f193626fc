#include "rescue/forecast_belief.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/error.h"
#include "rescue/forecast_regression.h"

namespace lifeboat::rescue {
namespace {

// The prior, which one or two drills outweigh. Of the noise: a quarter, worth one sample.
constexpr double kNoise = 0.25;
constexpr double kNoiseFreedom = 1;
/// Of the coefficients, in units of the noise: almost nothing is known of the pace itself; that it does not depend on
/// the work but by the offset; that another load changes it by a factor, another host by less.
constexpr double kPacePrecision = 0.01;
constexpr double kWorkPrecision = 4;
constexpr double kLoadPrecision = 0.04;
constexpr double kHostPrecision = 0.25;

/// Offsets, in units of the samples' typical work: from a phase that costs its work alone to one that does not depend
/// on it.
constexpr std::array kOffsets{0.001, 0.004, 0.016, 0.06, 0.25, 1.0, 4.0, 16.0, 64.0};

/// So many times beyond the measured works are still like them.
constexpr double kLikeMeasured = 2;
/// What is added to the logarithm's scale for each doubling beyond what was measured, and for conditions under which
/// nothing was.
constexpr double kBeyondScale = 0.03;
constexpr double kElsewhereScale = 0.4;

void add_reason(PhaseBelief& belief, const std::string& reason) {
  belief.basis = Basis::kExtrapolated;
  belief.why += (belief.why.empty() ? "" : "; ") + reason;
}

class Believer {
 public:
  Believer(const PhaseTask& task, std::span<const ForecastSample> samples) {
    belief_.task = task;
    for (const ForecastSample& each : samples) {
      if (each.phase == task.phase && each.unit == task.unit) samples_.push_back(&each);
    }
  }

  PhaseBelief believe() {
    if (samples_.empty()) return std::move(belief_);
    belief_.basis = Basis::kMeasured;
    summarise();
    judge_work();
    find_typical_work();
    const bool load_known = is_known(belief_.task.load, &ForecastSample::load, "labelled");
    const bool host_known = is_known(belief_.task.host, &ForecastSample::host, "on");
    if (load_known) find_other_loads();
    by_host_ = host_known && std::ranges::any_of(
                                 samples_, [&](const ForecastSample* each) { return each->host != belief_.task.host; });
    for (const double offset : kOffsets) add_part(offset * typical_work_);
    weigh_parts();
    return std::move(belief_);
  }

 private:
  void summarise() {
    const auto [first, last] = std::ranges::minmax(samples_, {}, &ForecastSample::time);
    // Where the work of some is not known, that of all is left out of it.
    const auto known = [](const ForecastSample* each) { return each->work.has_value(); };
    by_work_ = std::ranges::all_of(samples_, known) && belief_.task.work.has_value();
    if (by_work_) belief_.work = *belief_.task.work;
    const auto [least, most] =
        std::ranges::minmax(samples_, {}, [this](const ForecastSample* each) { return work_of(*each); });
    belief_.drills = samples_.size();
    belief_.first = first->time;
    belief_.last = last->time;
    belief_.work_min = work_of(*least);
    belief_.work_max = work_of(*most);
    for (const ForecastSample* each : samples_) {
      if (work_of(*each) * kLikeMeasured >= belief_.work) belief_.of_size.push_back(each->time);
      belief_.mean_seconds += each->seconds / static_cast<double>(samples_.size());
      belief_.longest_seconds = std::max(belief_.longest_seconds, each->seconds);
    }
  }

  double work_of(const ForecastSample& sample) const { return by_work_ ? *sample.work : 0; }

  void judge_work() {
    if (!by_work_) add_reason(belief_, "how much there is to do is not known");
    const double work = belief_.work;
    const bool beyond = work > belief_.work_max * kLikeMeasured;
    if (!beyond && work * kLikeMeasured >= belief_.work_min) return;
    add_reason(belief_, beyond ? "larger than any drill" : "smaller than any drill");
    const double times = beyond ? work / std::max(belief_.work_max, 1.0) : belief_.work_min / std::max(work, 1.0);
    const double widening = kBeyondScale * std::log2(std::max(times, kLikeMeasured));
    added_variance_ += widening * widening;
    if (belief_.work_max == 0) belief_.work = 0;  // what it scales with was never there to be measured
  }

  /// Whether there are samples of that condition; nothing asked is met by all.
  bool is_known(const std::string& asked, std::string ForecastSample::* condition, std::string_view how) {
    if (asked.empty()) return false;
    if (std::ranges::any_of(samples_, [&](const ForecastSample* each) { return each->*condition == asked; }))
      return true;
    add_reason(belief_, format("no drill {} {}", how, asked));
    added_variance_ += kElsewhereScale * kElsewhereScale;
    return false;
  }

  void find_other_loads() {
    for (const ForecastSample* each : samples_) {
      if (each->load != belief_.task.load) other_loads_.insert(each->load);
    }
  }

  void find_typical_work() {
    double sum = 0;
    std::size_t count = 0;
    for (const ForecastSample* each : samples_) {
      if (work_of(*each) <= 0) continue;
      sum += std::log(work_of(*each));
      ++count;
    }
    if (count > 0) typical_work_ = std::max(std::exp(sum / static_cast<double>(count)), 1.0);
  }

  std::vector<double> features_of(double work, const std::string& load, bool elsewhere, double offset) const {
    std::vector<double> row{1, std::log((work + offset) / (typical_work_ + offset))};
    for (const std::string& other : other_loads_) row.push_back(load == other ? 1 : 0);
    if (by_host_) row.push_back(elsewhere ? 1 : 0);
    return row;
  }

  RegressionPrior prior() const {
    RegressionPrior prior{.precision = {kPacePrecision, kWorkPrecision}, .noise = kNoise, .freedom = kNoiseFreedom};
    prior.precision.insert(prior.precision.end(), other_loads_.size(), kLoadPrecision);
    if (by_host_) prior.precision.push_back(kHostPrecision);
    return prior;
  }

  void add_part(double offset) {
    const PhaseTask& task = belief_.task;
    std::vector<std::vector<double>> rows;
    std::vector<double> paces;
    double mean = 0;
    for (const ForecastSample* each : samples_) {
      rows.push_back(features_of(work_of(*each), each->load, each->host != task.host, offset));
      paces.push_back(std::log(each->seconds) - std::log(work_of(*each) + offset));
      mean += paces.back() / static_cast<double>(samples_.size());
    }
    for (double& each : paces) each -= mean;
    const Regression regression(prior(), rows, paces);
    const Prediction predicted = regression.predict(features_of(belief_.work, task.load, false, offset));
    belief_.parts.push_back({.weight = regression.log_likelihood(),
                             .offset = offset,
                             .pace = mean + predicted.location,
                             .scale = std::sqrt(predicted.scale * predicted.scale + added_variance_),
                             .freedom = predicted.freedom});
  }

  /// From logarithms.
  void weigh_parts() {
    const double most = std::ranges::max(belief_.parts, {}, &BeliefPart::weight).weight;
    double sum = 0;
    for (BeliefPart& part : belief_.parts) sum += part.weight = std::exp(part.weight - most);
    for (BeliefPart& part : belief_.parts) part.weight /= sum;
  }

  PhaseBelief belief_;
  std::vector<const ForecastSample*> samples_;
  bool by_work_ = false;
  double typical_work_ = 1;
  double added_variance_ = 0;
  std::set<std::string> other_loads_;  ///< than the task's, which has samples; empty: the load is left out of it
  bool by_host_ = false;
};

}  // namespace

std::string_view basis_name(Basis basis) {
  switch (basis) {
    case Basis::kMeasured:
      return "measured";
    case Basis::kExtrapolated:
      return "extrapolated";
    case Basis::kGuess:
      break;
  }
  return "guess";
}

PhaseBelief believe(const PhaseTask& task, std::span<const ForecastSample> samples) {
  return Believer(task, samples).believe();
}

std::string evidence_text(const PhaseBelief& belief) {
  if (belief.drills == 0) return "guess: no drill yet";
  std::string text = belief.drills == 1 ? format("from 1 drill of {}", format_time(belief.first))
                                        : format("from {} drills between {} and {}", belief.drills,
                                                 format_time(belief.first), format_time(belief.last));
  return belief.why.empty() ? text : format("{} ({}: {})", text, basis_name(belief.basis), belief.why);
}

}  // namespace lifeboat::rescue
