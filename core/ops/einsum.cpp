#include <algorithm>
#include <array>
#include <string>

#include <pullback/core/autograd/record.h>
#include <pullback/core/ops/map.h>

// Sums of products over named dimensions.
namespace pullback {

namespace {

using Sizes = std::vector<std::int64_t>;

/// The letters of one operand, with an ellipsis as '.', which stands for as many dimensions as are
/// left.
std::vector<std::string> parse_terms(std::string_view text) {
  std::vector<std::string> terms(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if (c == ',') {
      terms.emplace_back();
    } else if (c == '.') {
      check(text.substr(i, 3) == "..." && terms.back().find('.') == std::string::npos,
            "einsum: found '.' for operand ", terms.size() - 1,
            " that is not part of a single ellipsis: ", text);
      terms.back() += '.';
      i += 2;
    } else {
      check((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'),
            "einsum: invalid subscript given at index ", i,
            " in the equation string, subscripts must be in [a-zA-Z]: ", text);
      terms.back() += c;
    }
  }
  return terms;
}

/// Σ over `summed` dimensions of a·b, operands of one number of dimensions with 1 where a label is
/// missing: a batched matrix product of [kept by both][only a][summed] and [kept by
/// both][summed][only b].
Tensor contract(Tensor a, Tensor b, const std::vector<int>& summed) {
  const int n = static_cast<int>(a.dim());
  std::vector<bool> is_summed(n);
  for (int d : summed) is_summed[d] = true;
  Sizes both, only_a, only_b, inner;
  for (int d = 0; d < n; ++d) {
    const bool in_a = a.size(d) != 1, in_b = b.size(d) != 1;
    if (is_summed[d]) {
      if (in_a && in_b)
        inner.push_back(d);
      else if (in_a)
        a = a.sum(d, true);
      else if (in_b)
        b = b.sum(d, true);
    } else if (in_a && !in_b) {
      only_a.push_back(d);
    } else if (in_b && !in_a) {
      only_b.push_back(d);
    } else {
      both.push_back(d);
    }
  }
  Sizes single;
  for (int d = 0; d < n; ++d)
    if (is_summed[d] && std::find(inner.begin(), inner.end(), d) == inner.end())
      single.push_back(d);
  auto joined = [](std::initializer_list<const Sizes*> parts) {
    Sizes all;
    for (const Sizes* p : parts) all.insert(all.end(), p->begin(), p->end());
    return all;
  };
  auto product = [](const Tensor& x, const Sizes& dims) {
    std::int64_t p = 1;
    for (std::int64_t d : dims) p *= x.size(d);
    return p;
  };
  const std::int64_t batch = product(a, both), rows = product(a, only_a),
                     columns = product(b, only_b), length = product(a, inner);
  // Numbers, and sums of few of them, are no work for a product of matrices.
  if (inner.empty()) return a * b;
  if (rows == 1 && columns == 1 && batch > 1) return (a * b).sum(inner, true);
  Sizes out_sizes;
  for (std::int64_t d : both) out_sizes.push_back(a.size(d));
  for (std::int64_t d : only_a) out_sizes.push_back(a.size(d));
  for (std::int64_t d : only_b) out_sizes.push_back(b.size(d));
  out_sizes.resize(n, 1);
  const Sizes order = joined({&both, &only_a, &only_b, &inner, &single});
  const Tensor x =
      a.permute(joined({&both, &only_a, &inner, &only_b, &single})).reshape({batch, rows, length});
  const Tensor y = b.permute(joined({&both, &inner, &only_b, &only_a, &single}))
                       .reshape({batch, length, columns});
  Sizes back(n);
  for (int d = 0; d < n; ++d) back[order[d]] = d;
  return bmm(x, y).view(out_sizes).permute(back);
}

}  // namespace

Tensor einsum(std::string_view equation, TensorList operands) {
  check(!operands.empty(), "einsum: must provide at least one operand");
  const std::size_t arrow = equation.find("->");
  const std::vector<std::string> terms = parse_terms(equation.substr(0, arrow));
  check(terms.size() == operands.size(), "einsum: the equation has ", terms.size(),
        " operands but ", operands.size(), " were given: ", equation);

  // How many dimensions the ellipsis stands for, how often each letter occurs, and the sizes they
  // have.
  std::int64_t dots = 0;
  std::array<int, 128> uses{};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    check_defined("einsum", operands[i]);
    const bool has_dots = terms[i].find('.') != std::string::npos;
    const std::int64_t letters = static_cast<std::int64_t>(terms[i].size()) - has_dots;
    check(has_dots ? letters <= operands[i].dim() : letters == operands[i].dim(),
          "einsum: the number of subscripts in the equation (", letters,
          ") does not match the number of dimensions (", operands[i].dim(), ") for operand ", i,
          has_dots ? "" : " and no ellipsis was given", ": ", equation);
    if (has_dots) dots = std::max(dots, operands[i].dim() - letters);
    for (char c : terms[i]) ++uses[static_cast<unsigned char>(c)];
  }

  // The labels of the result, then those that are summed. The ellipsis' dimensions are labels below
  // 'A'.
  std::string out;
  auto dot_label = [](std::int64_t k) { return static_cast<char>(k + 1); };
  auto add_dots = [&] {
    for (std::int64_t k = 0; k < dots; ++k) out += dot_label(k);
  };
  if (arrow == std::string_view::npos) {
    add_dots();
    for (char c = 'A'; c <= 'z'; ++c)
      if (uses[static_cast<unsigned char>(c)] == 1) out += c;
  } else {
    const std::vector<std::string> result = parse_terms(equation.substr(arrow + 2));
    check(result.size() == 1, "einsum: more than one output term: ", equation);
    for (char c : result[0]) {
      if (c == '.') {
        add_dots();
        continue;
      }
      check(uses[static_cast<unsigned char>(c)] > 0, "einsum: output subscript ", std::string(1, c),
            " does not appear in the equation for any input operand: ", equation);
      check(out.find(c) == std::string::npos, "einsum: output subscript ", std::string(1, c),
            " appears more than once in the output: ", equation);
      out += c;
    }
  }
  std::string labels = out;
  for (const std::string& term : terms)
    for (char c : term) {
      if (c == '.') {
        for (std::int64_t k = 0; k < dots; ++k)
          if (labels.find(dot_label(k)) == std::string::npos) labels += dot_label(k);
      } else if (labels.find(c) == std::string::npos) {
        labels += c;
      }
    }
  check<ValueError>(labels.size() <= kMaxDims, "einsum: more than ", kMaxDims,
                    " different subscripts: ", equation);

  // Each operand with one dimension for each label, 1 where it lacks it; a repeated letter takes
  // the diagonal.
  std::vector<Tensor> aligned;
  std::vector<int> last_use(labels.size(), 0);
  Sizes sizes(labels.size(), 1);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    Tensor x = operands[i];
    std::string own;
    for (char c : terms[i]) {
      if (c == '.') {
        const std::int64_t here = x.dim() - (static_cast<std::int64_t>(terms[i].size()) - 1);
        for (std::int64_t k = dots - here; k < dots; ++k) own += dot_label(k);
      } else {
        own += c;
      }
    }
    for (std::size_t k = 0; k < own.size();) {
      const std::size_t first = own.find(own[k]);
      if (first == k) {
        ++k;
        continue;
      }
      check(x.size(first) == x.size(k), "einsum: subscript ", std::string(1, own[k]),
            " is repeated for operand ", i, " but the sizes don't match, ", x.size(k),
            " != ", x.size(first));
      // diagonal puts the shared dimension last: bring it back to the first place.
      x = x.diagonal(0, static_cast<std::int64_t>(first), static_cast<std::int64_t>(k))
              .movedim(-1, static_cast<std::int64_t>(first));
      own.erase(k, 1);
    }
    Sizes order;
    std::vector<int> missing;
    for (std::size_t l = 0; l < labels.size(); ++l) {
      const std::size_t at = own.find(labels[l]);
      if (at == std::string::npos) {
        missing.push_back(static_cast<int>(l));
        continue;
      }
      order.push_back(static_cast<std::int64_t>(at));
      const std::int64_t s = x.size(static_cast<std::int64_t>(at));
      check(s == 1 || sizes[l] == 1 || s == sizes[l],
            "einsum: operands do not broadcast with remapped shapes: subscript ",
            std::string(1, labels[l]), " has size ", s, " for operand ", i, " and ", sizes[l],
            " before");
      if (s != 1) sizes[l] = s;
      last_use[l] = static_cast<int>(i);
    }
    x = x.permute(order);
    for (int d : missing) x = x.unsqueeze(d);
    aligned.push_back(x);
  }

  auto summed_at = [&](int operand) {
    std::vector<int> dims;
    for (std::size_t l = out.size(); l < labels.size(); ++l)
      if (last_use[l] == operand) dims.push_back(static_cast<int>(l));
    return dims;
  };
  Tensor y = aligned[0];
  if (const std::vector<int> dims = summed_at(0); !dims.empty())
    y = y.sum(Sizes(dims.begin(), dims.end()), true);
  for (std::size_t i = 1; i < aligned.size(); ++i)
    y = contract(y, aligned[i], summed_at(static_cast<int>(i)));
  for (std::size_t l = labels.size(); l-- > out.size();)
    y = y.squeeze(static_cast<std::int64_t>(l));
  return y;
}

// kron(A, B)[i·p + k, j·q + l] = A[i, j]·B[k, l].
Tensor kron(const Tensor& a, const Tensor& b) {
  check_defined("kron", a);
  check_defined("kron", b);
  const std::int64_t n = std::max(a.dim(), b.dim());
  check<ValueError>(2 * n <= kMaxDims, "kron: more than ", kMaxDims / 2, " dimensions: ", a.sizes(),
                    " and ", b.sizes());
  Sizes left, right, whole;
  for (std::int64_t d = 0; d < n; ++d) {
    const std::int64_t p = d < n - a.dim() ? 1 : a.size(d - (n - a.dim()));
    const std::int64_t q = d < n - b.dim() ? 1 : b.size(d - (n - b.dim()));
    left.insert(left.end(), {p, 1});
    right.insert(right.end(), {1, q});
    whole.push_back(p * q);
  }
  Tensor x = a.reshape(left), y = b.reshape(right);
  // A loop over each short row of B costs more than copies of A and B with longer rows.
  constexpr std::int64_t kShortRow = 64;
  if (n > 1 && right.back() > 1 && right.back() < kShortRow) {
    left.back() = right.back();
    right[right.size() - 2] = left[left.size() - 2];
    x = x.expand(left).contiguous();
    y = y.expand(right).contiguous();
  }
  const Tensor product = x * y;
  return autograd::record("UnsafeViewBackward0", alias_of(product, Geometry(whole)),
                          autograd::wrt(product, [from = product.sizes().vec()](const Tensor& g) {
                            return g.reshape(from);
                          }));
}

Tensor TensorBase::kron(const Tensor& b) const {
  return pullback::kron(self(Tensor()), b);
}

}  // namespace pullback
