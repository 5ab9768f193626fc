#include "rescue/forecast_regression.h"

#include <cmath>

namespace lifeboat::rescue {
namespace {

using Matrix = std::vector<std::vector<double>>;

/// Lower triangle of a positive definite matrix's root.
Matrix cholesky(Matrix matrix) {
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i][k] * matrix[j][k];
      matrix[i][j] = i == j ? std::sqrt(sum) : sum / matrix[j][j];
    }
  }
  return matrix;
}

/// Solves factor · x = right.
std::vector<double> solve_lower(const Matrix& factor, std::vector<double> right) {
  for (std::size_t i = 0; i < right.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) right[i] -= factor[i][k] * right[k];
    right[i] /= factor[i][i];
  }
  return right;
}

/// Solves factorᵀ · x = right.
std::vector<double> solve_upper(const Matrix& factor, std::vector<double> right) {
  for (std::size_t i = right.size(); i-- > 0;) {
    for (std::size_t k = i + 1; k < right.size(); ++k) right[i] -= factor[k][i] * right[k];
    right[i] /= factor[i][i];
  }
  return right;
}

double square_sum(const std::vector<double>& values) {
  double sum = 0;
  for (const double each : values) sum += each * each;
  return sum;
}

}  // namespace

Regression::Regression(const RegressionPrior& prior, const Matrix& rows, const std::vector<double>& answers) {
  const std::size_t features = prior.precision.size();
  Matrix precision(features, std::vector<double>(features));
  std::vector<double> moment(features);
  for (std::size_t i = 0; i < features; ++i) precision[i][i] = prior.precision[i];
  for (std::size_t sample = 0; sample < rows.size(); ++sample) {
    const std::vector<double>& row = rows[sample];
    for (std::size_t i = 0; i < features; ++i) {
      moment[i] += row[i] * answers[sample];
      for (std::size_t j = 0; j < features; ++j) precision[i][j] += row[i] * row[j];
    }
  }
  factor_ = cholesky(std::move(precision));
  const std::vector<double> half = solve_lower(factor_, moment);
  mean_ = solve_upper(factor_, half);
  freedom_ = prior.freedom + static_cast<double>(answers.size());
  const double rest = std::fmax(0, square_sum(answers) - square_sum(half));
  variance_ = (prior.freedom * prior.noise * prior.noise + rest) / freedom_;
  double log_root = 0;
  for (std::size_t i = 0; i < features; ++i) log_root += std::log(factor_[i][i]);
  log_likelihood_ = -log_root - freedom_ / 2 * std::log(variance_);
}

Prediction Regression::predict(const std::vector<double>& row) const {
  double location = 0;
  for (std::size_t i = 0; i < row.size(); ++i) location += row[i] * mean_[i];
  return {.location = location,
          .scale = std::sqrt(variance_ * (1 + square_sum(solve_lower(factor_, row)))),
          .freedom = freedom_};
}

}  // namespace lifeboat::rescue
