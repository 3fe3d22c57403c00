"""The kernel of the averaged SGD in ``bovw.classify.averaged_descent``: one pass over a tile of weights."""

cdef extern from *:
    """
    /* Elementwise, so any vector width gives the same bits. */
    static void bovw_step(
        float *restrict weights, const float *restrict change, float decay, Py_ssize_t n)
    {
        for (Py_ssize_t j = 0; j < n; ++j) weights[j] = decay * weights[j] + change[j];
    }
    static void bovw_step_and_average(
        float *restrict weights, float *restrict average, const float *restrict change, float decay, float share,
        Py_ssize_t n)
    {
        for (Py_ssize_t j = 0; j < n; ++j) {
            float stepped = decay * weights[j] + change[j];
            weights[j] = stepped;
            average[j] += share * (stepped - average[j]);
        }
    }
    """
    void bovw_step(float *weights, const float *change, float decay, Py_ssize_t n) noexcept nogil
    void bovw_step_and_average(
        float *weights, float *average, const float *change, float decay, float share, Py_ssize_t n) noexcept nogil


def step(float[:, ::1] weights, float[:, ::1] average, const float[:, ::1] change, Py_ssize_t row, Py_ssize_t column,
         float decay, float share):
    """``W = decay W + change; average += share (W - average)`` on the tile that begins at (row, column).

    Parameters
    ----------
    weights, average : (n_problems, d)
        Changed where ``change`` lies. With ``share`` 0 the average is not touched.
    change : (m, n)
        Step size times the negative gradient.
    row, column : int
        Place of its first element.
    decay : float
        Shrinkage by the regularizer, 1 - lambda eta.
    share : float
        Part of the new weights in the average.
    """
    cdef Py_ssize_t i, m = change.shape[0], n = change.shape[1]
    if row < 0 or column < 0 or row + m > weights.shape[0] or column + n > weights.shape[1]:
        raise ValueError("the tile lies outside the weights")
    if average.shape[0] != weights.shape[0] or average.shape[1] != weights.shape[1]:
        raise ValueError("weights and average differ in shape")
    if m == 0 or n == 0:
        return
    with nogil:
        for i in range(m):
            if share == 0:
                bovw_step(&weights[row + i, column], &change[i, 0], decay, n)
            else:
                bovw_step_and_average(
                    &weights[row + i, column], &average[row + i, column], &change[i, 0], decay, share, n)
