"""The LCC problem on a few words, by descent along pairs of coordinates."""

from libc.math cimport fabs
from libc.stdint cimport int32_t, uint8_t
from libc.stdlib cimport calloc, free, malloc

cdef extern from *:
    """
    /* Eight running sums, whatever the compiler makes of them: the bits do not depend on the vector width. */
    static double bovw_dot8(const double *a, const double *b, long n) {
        double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        for (long t = 0; t < n; t += 8)
            for (int lane = 0; lane < 8; ++lane) s[lane] += a[t + lane] * b[t + lane];
        return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
    }
    """
    double bovw_dot8(const double *a, const double *b, long n) noexcept nogil


cdef double _step(
    double curvature, double slope, double gi, double qi, double gj, double qj
) noexcept nogil:
    # The t >= 0 that minimises curvature t^2 / 2 + slope t + qi |gi + t| + qj |gj - t|,
    # whose slope jumps up where gi + t and gj - t change sign.
    cdef double first = -gi if gi < 0 else -1.0, second = gj if gj > 0 else -1.0, t, swap
    cdef double low_i = -qi if gi < 0 else qi, low_j = -qj if gj > 0 else qj
    cdef double now = slope + low_i + low_j, jump_first = 2 * qi, jump_second = 2 * qj
    if first < 0 or (second >= 0 and second < first):
        swap = first
        first = second
        second = swap
        swap = jump_first
        jump_first = jump_second
        jump_second = swap
    # Now `first` is the earlier break (or -1: none), `second` the later one.
    if curvature > 0:
        t = -now / curvature
        if first < 0 or t <= first:
            return t
        if now + curvature * first + jump_first >= 0:
            return first
        t = -(now + jump_first) / curvature
        if second < 0 or t <= second:
            return t
        if now + jump_first + curvature * second + jump_second >= 0:
            return second
        return -(now + jump_first + jump_second) / curvature
    if first >= 0 and now + jump_first >= 0:
        return first
    return second if second >= 0 else 0.0


def solve_lcc(
    const double[:, ::1] descriptors, const double[:, ::1] words, const int32_t[:, ::1] work,
    double[:, ::1] gamma, double mu, double tolerance, Py_ssize_t max_iter, double[:, ::1] residuals,
    double[::1] multipliers, double[::1] scales, double[::1] violations,
):
    """Solve each descriptor's problem over the words in its row of ``work``.

    ``gamma`` starts at and becomes the solution. ``residuals`` becomes x - C gamma,
    ``multipliers`` that of the constraint, ``scales`` the squared distance to the
    nearest of the words, ``violations`` how far the optimality condition is from holding.

    Shapes: descriptors and residuals (m, d), words (K, d), work and gamma (m, w),
    multipliers, scales and violations (m,).
    """
    cdef Py_ssize_t m = work.shape[0], w = work.shape[1], d = words.shape[1], row, i, j, a, b, t, n
    cdef Py_ssize_t padded = (d + 7) // 8 * 8
    cdef double *z = <double *>calloc(w * padded, sizeof(double))
    cdef double *gram = <double *>malloc(w * w * sizeof(double))
    cdef double *gradient = <double *>malloc(w * sizeof(double))
    cdef double total, up, down, best_up, best_down, best_gain, curvature, q, step, scale
    if z == NULL or gram == NULL or gradient == NULL:
        free(z)
        free(gram)
        free(gradient)
        raise MemoryError()
    with nogil:
        for row in range(m):
            for i in range(w):
                for t in range(d):
                    z[i * padded + t] = descriptors[row, t] - words[work[row, i], t]
            for i in range(w):
                for j in range(i + 1):
                    total = bovw_dot8(z + i * padded, z + j * padded, padded)
                    gram[i * w + j] = total
                    gram[j * w + i] = total
            scale = gram[0]
            for i in range(w):
                scale = min(scale, gram[i * w + i])
                gradient[i] = 0.0
                for j in range(w):
                    gradient[i] += gram[i * w + j] * gamma[row, j]
            scales[row] = scale
            n = 0
            while True:
                a = 0
                best_up = 0.0
                best_down = 0.0
                for i in range(w):
                    q = mu * gram[i * w + i]
                    up = gradient[i] + (q if gamma[row, i] >= 0 else -q)
                    down = gradient[i] + (q if gamma[row, i] > 0 else -q)
                    if i == 0 or up < best_up:
                        best_up = up
                        a = i
                    if i == 0 or down > best_down:
                        best_down = down
                violations[row] = best_down - best_up
                if violations[row] <= tolerance * scale or n == max_iter:
                    break
                # Of the partners the one that promises the largest decrease (Fan, Chen and Lin 2005).
                b = -1
                best_gain = 0.0
                for i in range(w):
                    q = mu * gram[i * w + i]
                    down = gradient[i] + (q if gamma[row, i] > 0 else -q) - best_up
                    curvature = max(gram[a * w + a] - 2 * gram[a * w + i] + gram[i * w + i], 1e-12 * scale)
                    if i != a and down > 0 and down * down > best_gain * curvature:
                        best_gain = down * down / curvature
                        b = i
                if b < 0:
                    break
                n += 1
                step = _step(
                    gram[a * w + a] - 2 * gram[a * w + b] + gram[b * w + b], gradient[a] - gradient[b],
                    gamma[row, a], mu * gram[a * w + a], gamma[row, b], mu * gram[b * w + b],
                )
                gamma[row, a] += step
                gamma[row, b] -= step
                # A step onto a break is meant to land on zero exactly.
                if fabs(gamma[row, a]) < 1e-15:
                    gamma[row, a] = 0.0
                if fabs(gamma[row, b]) < 1e-15:
                    gamma[row, b] = 0.0
                for i in range(w):
                    gradient[i] += step * (gram[i * w + a] - gram[i * w + b])
            multipliers[row] = 0.5 * (best_up + best_down)
            for t in range(d):
                residuals[row, t] = 0.0
            for i in range(w):
                if gamma[row, i] != 0:
                    for t in range(d):
                        residuals[row, t] += gamma[row, i] * z[i * padded + t]
    free(z)
    free(gram)
    free(gradient)


def renew_work(
    const double[:, ::1] gradients, const double[:, ::1] distances, const double[::1] multipliers,
    const double[::1] scales, const double[::1] violations, double mu, double tolerance, int32_t[:, ::1] work,
    double[:, ::1] gamma, uint8_t[::1] wrong,
):
    """Check all words; put the worst violators in the place of unused words of the working sets.

    ``wrong`` becomes 1 where the condition does not hold yet. A row of ``work`` keeps its words with
    weights, first, and ``gamma`` follows it. Returns how many words with weights the fullest set that is
    wrong has: when that leaves no room the sets must grow.

    Shapes: gradients and distances (m, K), multipliers, scales, violations and wrong (m,), work and gamma (m, w).
    """
    cdef Py_ssize_t m = work.shape[0], w = work.shape[1], K = gradients.shape[1], row, i, k, room, found, at
    cdef Py_ssize_t fullest = 0
    cdef double excess, limit
    cdef bint known, violated
    cdef int32_t *new_work = <int32_t *>malloc(w * sizeof(int32_t))
    cdef double *worst = <double *>malloc(w * sizeof(double))
    if new_work == NULL or worst == NULL:
        free(new_work)
        free(worst)
        raise MemoryError()
    with nogil:
        for row in range(m):
            at = 0
            for i in range(w):
                if gamma[row, i] != 0:
                    new_work[at] = work[row, i]
                    worst[at] = gamma[row, i]
                    at += 1
            room = w - at
            for i in range(at):
                gamma[row, i] = worst[i]
            for i in range(at, w):
                gamma[row, i] = 0.0
            limit = tolerance * scales[row]
            found = 0
            violated = violations[row] > limit
            if scales[row] > 0:
                for k in range(K):
                    excess = fabs(gradients[row, k] - multipliers[row]) - mu * max(distances[row, k], 0.0)
                    if excess <= limit or (violated and found == room and (room == 0 or excess <= worst[room - 1])):
                        continue
                    known = False
                    for i in range(w):
                        if work[row, i] == k:
                            known = True
                            break
                    if known:
                        continue
                    violated = True
                    if room == 0:
                        break
                    i = found if found < room else room - 1
                    while i > 0 and worst[i - 1] < excess:
                        worst[i] = worst[i - 1]
                        new_work[at + i] = new_work[at + i - 1]
                        i -= 1
                    worst[i] = excess
                    new_work[at + i] = k
                    if found < room:
                        found += 1
            wrong[row] = violated
            if violated:
                fullest = max(fullest, at)
            i = 0
            while found < room:
                known = False
                for k in range(at):
                    if new_work[k] == work[row, i]:
                        known = True
                        break
                if not known:
                    new_work[at + found] = work[row, i]
                    found += 1
                i += 1
            for i in range(w):
                work[row, i] = new_work[i]
    free(new_work)
    free(worst)
    return fullest
