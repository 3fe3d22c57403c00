"""Local coordinate coding: the problem over a few words of each descriptor, and the check over all words."""

from libc.math cimport INFINITY
from libc.stdint cimport int32_t, uint8_t
from libc.stdlib cimport free, malloc


cdef extern from "bovw_lcc.h":
    ctypedef struct bovw_lcc:
        pass
    int bovw_lcc_open(bovw_lcc *p, const float *words, Py_ssize_t n_words, Py_ssize_t d, double mu) noexcept nogil
    void bovw_lcc_close(bovw_lcc *p) noexcept nogil
    Py_ssize_t bovw_lcc_solve(
        bovw_lcc *p, const float *x, int32_t *work, double *gamma, Py_ssize_t n_used, double tolerance,
        Py_ssize_t max_steps, double *scale, double *residual, double *level, double *spread
    ) noexcept nogil

cdef extern from "bovw_lcc_check.h":
    ctypedef struct bovw_lcc_checker:
        const float *words
        const float *center
        Py_ssize_t n_words, d
        double mu, tolerance, reach
        double *x
    int bovw_lcc_check(
        const bovw_lcc_checker *c, const float *x, const float *scores, float *products, const double *residual,
        double nu, double spread, double scale, const int32_t *used, Py_ssize_t n_used
    ) noexcept nogil
    void bovw_lcc_rivals(const float *values, Py_ssize_t n, Py_ssize_t wanted, int32_t *index) noexcept nogil


def solve_lcc(
    const float[:, ::1] X, const float[:, ::1] words, int32_t[:, ::1] work, double[:, ::1] gamma, int32_t[::1] used,
    double mu, double tolerance, Py_ssize_t max_steps, double[::1] scales, double[:, ::1] residuals,
    double[::1] multipliers, double[::1] spreads,
):
    """Solve each descriptor's problem over the words in its row of ``work``.

    The first ``used[i]`` words of row i have the weights ``gamma[i]``, which sum to 1, at the start and again at
    the end. ``scales`` are the squared distances to the nearest words, 0 where they are not known yet;
    ``residuals`` become x - C gamma followed by zeros, ``multipliers`` that of the constraint, ``spreads`` how
    far the optimality condition of the words in use is from holding.

    Shapes: X (m, d), words (K, d), work and gamma (m, w), residuals (m, d rounded up to a multiple of 8), used,
    scales, multipliers and spreads (m,).
    """
    cdef Py_ssize_t row, m = work.shape[0], d = words.shape[1]
    cdef bovw_lcc problem
    if m == 0:
        return
    if not bovw_lcc_open(&problem, &words[0, 0], work.shape[1], d, mu):
        raise MemoryError()
    with nogil:
        for row in range(m):
            used[row] = <int32_t>bovw_lcc_solve(
                &problem, &X[row, 0], &work[row, 0], &gamma[row, 0], used[row], tolerance, max_steps,
                &scales[row], &residuals[row, 0], &multipliers[row], &spreads[row],
            )
        bovw_lcc_close(&problem)


def check_lcc(
    const float[:, ::1] X, const float[:, ::1] words, const float[::1] center, double reach,
    const float[:, ::1] scores, const int32_t[::1] rows, float[:, ::1] products, const double[:, ::1] residuals,
    const double[::1] multipliers, const double[::1] spreads, const double[::1] scales, double mu,
    double tolerance, int32_t[:, ::1] work, const int32_t[::1] used, uint8_t[::1] wrong,
):
    """Check all words; where some violates the condition put the worst into the places of ``work`` that are free.

    ``scores[rows[i]]`` and ``products[i]`` belong to descriptor i: products of x - center, less half of the square
    of the word, and of the residual, with the words less ``center``; ``products`` are overwritten. The first
    ``used[i]`` words of ``work[i]`` are those with weights; ``wrong`` becomes 1 where the condition does not hold.
    Returns False if float32 overflows.

    Shapes: X (m, d), words (K, d), center (d,), scores (any, K), products (m, K), residuals (m, d rounded
    up to a multiple of 8), rows, multipliers, spreads, scales, used and wrong (m,), work (m, w).
    """
    cdef Py_ssize_t row, i, m = work.shape[0], w = work.shape[1], d = words.shape[1], K = words.shape[0]
    cdef bovw_lcc_checker checker
    cdef int verdict = 1
    if m == 0:
        return True
    checker.words, checker.center, checker.n_words, checker.d = &words[0, 0], &center[0], K, d
    checker.mu, checker.tolerance, checker.reach = mu, tolerance, reach
    checker.x = <double *>malloc((d + 1) * sizeof(double))
    if checker.x == NULL:
        raise MemoryError()
    with nogil:
        for row in range(m):
            verdict = bovw_lcc_check(
                &checker, &X[row, 0], &scores[rows[row], 0], &products[row, 0], &residuals[row, 0],
                multipliers[row], spreads[row], scales[row], &work[row, 0], used[row],
            )
            if verdict < 0:
                break
            wrong[row] = verdict == 0
            if wrong[row] and used[row] < w:
                for i in range(used[row]):
                    products[row, work[row, i]] = -INFINITY
                bovw_lcc_rivals(&products[row, 0], K, w - used[row], &work[row, used[row]])
    free(checker.x)
    return verdict >= 0
