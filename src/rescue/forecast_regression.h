/// Bayesian linear regression of a few numbers on fewer: normal-inverse-gamma, in closed form.
/// Threads: free functions. Errors: none; the prior keeps every system solvable.
#pragma once

#include <vector>

namespace lifeboat::rescue {

struct RegressionPrior {
  std::vector<double> precision;  ///< of each coefficient, about 0, in units of the noise's
  double noise = 0;               ///< standard deviation
  double freedom = 0;             ///< how many samples that is worth
};

/// Student's t.
struct Prediction {
  double location = 0;
  double scale = 0;
  double freedom = 0;
};

class Regression {
 public:
  /// `rows` hold as many features each as the prior has precisions, and as many rows as there are `answers`.
  Regression(const RegressionPrior& prior, const std::vector<std::vector<double>>& rows,
             const std::vector<double>& answers);

  Prediction predict(const std::vector<double>& row) const;
  /// Logarithm of how likely the answers were, but for a constant that does not depend on the features.
  double log_likelihood() const { return log_likelihood_; }

 private:
  std::vector<std::vector<double>> factor_;  ///< Cholesky's, of the posterior precision
  std::vector<double> mean_;                 ///< of the coefficients
  double variance_ = 0;                      ///< of the noise
  double freedom_ = 0;
  double log_likelihood_ = 0;
};

}  // namespace lifeboat::rescue
