"""Kernels of the dual coordinate descent in ``bovw.classify.dual_svm``.

Notation as there. One row of every ``(n_problems, n)`` array is one binary
problem; ``scores`` holds sum_j beta_j k(x_j, x_i) and ``offset`` the bias b, so
that f(x_i) = scores_i + offset. Labels are the ``signs`` +1 and -1, and a sample
of ``cost`` 0 takes no part.
"""

cdef extern from *:
    """
    /* Elementwise and two roundings each, so any vector width gives the same bits. */
    static void bovw_add_scaled(double step, const float *restrict row, double *restrict target, Py_ssize_t n)
    {
        for (Py_ssize_t j = 0; j < n; ++j) target[j] += step * row[j];
    }
    """
    void bovw_add_scaled(double step, const float *row, double *target, Py_ssize_t n) noexcept nogil


cdef inline unsigned int next_random(unsigned long long *state) noexcept nogil:
    """32 bits of Marsaglia's xorshift64* generator."""
    state[0] ^= state[0] >> 12
    state[0] ^= state[0] << 25
    state[0] ^= state[0] >> 27
    return <unsigned int> ((state[0] * 2685821657736338717ULL) >> 32)


cdef inline void shuffle(int[::1] order, unsigned long long *state) noexcept nogil:
    """Fisher-Yates."""
    cdef Py_ssize_t i, j
    for i in range(order.shape[0] - 1, 0, -1):
        j = <Py_ssize_t> ((<unsigned long long> next_random(state) * <unsigned long long> (i + 1)) >> 32)
        order[i], order[j] = order[j], order[i]


cdef inline double gap_term(double alpha, double margin, double cost, bint squared) noexcept nogil:
    """What one sample adds to the duality gap; never negative."""
    cdef double miss = max(1 - margin, 0)
    if squared:
        return cost * miss * miss + alpha * alpha / (4 * cost) - alpha * (1 - margin)
    return cost * miss - alpha * (1 - margin)


def gather_square(const float[:, ::1] gram, const int[::1] index, float[:, ::1] out):
    """``out = gram[index][:, index]``."""
    cdef Py_ssize_t i, j, m = index.shape[0]
    with nogil:
        for i in range(m):
            for j in range(m):
                out[i, j] = gram[index[i], index[j]]


def descend(
    const float[:, ::1] gram,
    const int[::1] index,
    const int[::1] problems,
    const signed char[:, ::1] signs,
    const double[:, ::1] cost,
    bint squared,
    double bias_square,
    const double[:, ::1] scores,
    double[:, ::1] alpha,
    double[::1] offset,
    double gap_target,
    int max_sweeps,
    unsigned long long seed,
    int[::1] order,
    double[::1] local,
    float[:, ::1] delta,
):
    """Coordinate descent over the samples ``index``, for each of ``problems`` on its own.

    ``alpha`` and ``offset`` are updated; ``scores`` are not, the caller adds
    ``delta @ gram rows``.

    Parameters
    ----------
    gram : (m, m)
        Kernel values among the samples ``index``.
    index : (m,)
    problems : (n_active,)
    signs, cost, scores, alpha : (n_problems, n)
    offset : (n_problems,)
    gap_target : float
        A problem stops after the sweep in which its samples' share of the
        duality gap was at most this.
    max_sweeps : int
    seed : int, not 0
        Of the random order of each sweep.
    order, local : (m,)
        Scratch.
    delta : (n_active, m)
        Written: the change of beta = sign * alpha.
    """
    cdef Py_ssize_t m = index.shape[0], a, p, i, j, t
    cdef unsigned long long state = seed
    cdef int _sweep
    cdef double c, s, old, new, margin, gradient, curvature, shift, step, gap
    with nogil:
        for j in range(m):
            order[j] = <int> j
        for a in range(problems.shape[0]):
            p = problems[a]
            shift = offset[p]
            for j in range(m):
                local[j] = scores[p, index[j]]
                delta[a, j] = 0
            for _sweep in range(max_sweeps):
                shuffle(order, &state)
                gap = 0
                for t in range(m):
                    j = order[t]
                    i = index[j]
                    c = cost[p, i]
                    if c == 0:
                        continue
                    s = signs[p, i]
                    old = alpha[p, i]
                    margin = s * (local[j] + shift)
                    gradient = margin - 1
                    gap += gap_term(old, margin, c, squared)
                    curvature = gram[j, j] + bias_square
                    if squared:
                        gradient += old / (2 * c)
                        curvature += 1 / (2 * c)
                    new = max(old - gradient / max(curvature, 1e-12), 0)
                    if not squared:
                        new = min(new, c)
                    if new == old:
                        continue
                    alpha[p, i] = new
                    step = s * (new - old)
                    delta[a, j] += <float> step
                    shift += bias_square * step
                    bovw_add_scaled(step, &gram[j, 0], &local[0], m)
                if gap <= gap_target:
                    break
            offset[p] = shift


def add_rows(const float[:, ::1] update, const int[::1] problems, double[:, ::1] scores):
    """``scores[problems] += update``, float32 into float64."""
    cdef Py_ssize_t a, n = scores.shape[1]
    with nogil:
        for a in range(problems.shape[0]):
            bovw_add_scaled(1, &update[a, 0], &scores[problems[a], 0], n)


def objectives(
    const signed char[:, ::1] signs,
    const double[:, ::1] cost,
    bint squared,
    const int[::1] problems,
    const double[:, ::1] scores,
    const double[:, ::1] alpha,
    const double[::1] offset,
    double[::1] primal,
    double[::1] gap,
):
    """Write the primal objective and the duality gap of each of ``problems``."""
    cdef Py_ssize_t a, p, i, n = scores.shape[1]
    cdef double c, margin, miss, norm, loss, total
    with nogil:
        for a in range(problems.shape[0]):
            p = problems[a]
            norm = loss = total = 0
            for i in range(n):
                c = cost[p, i]
                if c == 0:
                    continue
                margin = signs[p, i] * (scores[p, i] + offset[p])
                miss = max(1 - margin, 0)
                norm += alpha[p, i] * margin
                loss += c * miss * miss if squared else c * miss
                total += gap_term(alpha[p, i], margin, c, squared)
            primal[p] = 0.5 * norm + loss
            gap[p] = total
