#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace tamis::reference {

/// Dense TF-IDF of lists of words: (1 + ln tf) * ln(1 + N / df), rows of length 1, words of one row only left out; N
/// counts the rows that are not empty.
inline std::vector<std::vector<double>> naive_tfidf(const std::vector<std::vector<std::string>>& rows) {
  std::map<std::string, std::size_t> vocabulary;
  double filled = 0;
  for (const auto& row : rows) {
    filled += row.empty() ? 0 : 1;
    for (const std::string& word : row) vocabulary.emplace(word, vocabulary.size());
  }
  std::vector<std::vector<double>> counts(rows.size(), std::vector<double>(vocabulary.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const std::string& word : rows[i]) ++counts[i][vocabulary.at(word)];
  }
  auto matrix = counts;
  for (std::size_t term = 0; term < vocabulary.size(); ++term) {
    double spread = 0;
    for (const auto& row : counts) spread += row[term] > 0 ? 1 : 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool kept = spread >= 2 && counts[i][term] > 0;
      matrix[i][term] = kept ? (1 + std::log(counts[i][term])) * std::log(1 + filled / spread) : 0;
    }
  }
  for (auto& row : matrix) {
    double square = 0;
    for (const double weight : row) square += weight * weight;
    for (double& weight : row) weight = square > 0 ? weight / std::sqrt(square) : 0;
  }
  return matrix;
}

/// The cosine of two vectors, 0 if one is all zero.
inline double naive_cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double dot = 0, left = 0, right = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += a[i] * b[i];
    left += a[i] * a[i];
    right += b[i] * b[i];
  }
  return left > 0 && right > 0 ? dot / std::sqrt(left * right) : 0;
}

}  // namespace tamis::reference
