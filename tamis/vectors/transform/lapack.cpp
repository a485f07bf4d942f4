#include "tamis/vectors/transform/lapack.h"

#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

// BLAS and LAPACK as Fortran has them: everything by address, matrices column by column.
extern "C" {
void dsyrk_(const char* triangle, const char* transposed, const int* n, const int* k, const double* alpha,
            const double* a, const int* rows_a, const double* beta, double* c, const int* rows_c);
void dsyevd_(const char* job, const char* triangle, const int* n, double* a, const int* rows_a, double* values,
             double* work, const int* work_size, int* whole_work, const int* whole_size, int* failure);
}

namespace tamis::transform {

void add_gram(std::span<const double> rows, std::size_t C, std::span<double> products) {
  const OneThread here;
  const int n = static_cast<int>(C), k = static_cast<int>(rows.size() / C);
  const double one = 1;
  // Our rows are Fortran's columns, so its upper triangle is our lower one.
  dsyrk_("U", "N", &n, &k, &one, rows.data(), &n, &one, products.data(), &n);
}

Eigen eigen_of(std::span<const double> symmetric, std::size_t C) {
  const OneThread here;
  const int n = static_cast<int>(C);
  std::vector<double> matrix(symmetric.begin(), symmetric.end()), ascending(C), work(1);
  std::vector<int> whole(1);
  int failure = 0, size = -1, whole_size = -1;
  dsyevd_("V", "U", &n, matrix.data(), &n, ascending.data(), work.data(), &size, whole.data(), &whole_size, &failure);
  size = static_cast<int>(work[0]);
  whole_size = whole[0];
  work.resize(static_cast<std::size_t>(size));
  whole.resize(static_cast<std::size_t>(whole_size));
  dsyevd_("V", "U", &n, matrix.data(), &n, ascending.data(), work.data(), &size, whole.data(), &whole_size, &failure);
  if (failure != 0) fail_world("eigenvalues", "did not converge; are the vectors finite?");
  Eigen eigen{std::vector<double>(C), std::vector<double>(C * C)};
  for (std::size_t j = 0; j < C; ++j) {
    const double* vector = matrix.data() + (C - 1 - j) * C;
    eigen.values[j] = ascending[C - 1 - j];
    std::size_t largest = 0;
    for (std::size_t i = 1; i < C; ++i) {
      if (std::fabs(vector[i]) > std::fabs(vector[largest])) largest = i;
    }
    const double sign = vector[largest] < 0 ? -1 : 1;
    for (std::size_t i = 0; i < C; ++i) eigen.vectors[i * C + j] = sign * vector[i];
  }
  return eigen;
}

}  // namespace tamis::transform
