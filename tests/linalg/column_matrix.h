#pragma once

#include "catch.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace {

// A dense column-major matrix.
template <class T>
struct Matrix {
  int rows, columns;
  std::vector<T> values;

  Matrix(int m, int n) : rows(m), columns(n), values(static_cast<std::size_t>(m) * n) {}
  T& operator()(int i, int j) { return values[i + static_cast<std::size_t>(j) * rows]; }
  T operator()(int i, int j) const { return values[i + static_cast<std::size_t>(j) * rows]; }
  T* data() { return values.data(); }
};

template <class T>
Matrix<T> random_matrix(int m, int n, unsigned seed) {
  Matrix<T> a(m, n);
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  for (T& value : a.values) value = static_cast<T>(normal(engine));
  return a;
}

template <class T>
Matrix<T> transpose(const Matrix<T>& a) {
  Matrix<T> result(a.columns, a.rows);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.columns; ++j) result(j, i) = a(i, j);
  return result;
}

template <class T>
Matrix<T> product(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<T> result(a.rows, b.columns);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < b.columns; ++j) {
      double sum = 0;
      for (int k = 0; k < a.columns; ++k) sum += double(a(i, k)) * double(b(k, j));
      result(i, j) = static_cast<T>(sum);
    }
  return result;
}

template <class T>
double distance(const Matrix<T>& a, const Matrix<T>& b) {
  REQUIRE(a.rows == b.rows);
  REQUIRE(a.columns == b.columns);
  double largest = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    largest = std::fmax(largest, std::abs(double(a.values[i]) - double(b.values[i])));
  return largest;
}

template <class T>
Matrix<T> identity(int n) {
  Matrix<T> result(n, n);
  for (int i = 0; i < n; ++i) result(i, i) = 1;
  return result;
}

// Backward errors of these algorithms are a small multiple of n eps ‖A‖.
template <class T>
double tolerance(int n) {
  return 60.0 * (n + 1) * std::numeric_limits<T>::epsilon();
}

}  // namespace
