"""Kernels of the histograms of oriented gradients.

Two ways from gradient votes to spatial cells, both one pass over the image with
a few rows of working memory:

* :func:`cell_histograms`, bilinear votes into a grid of square cells. All pixels
  between four neighboring cell centers vote for those four cells, so one vote
  is four neighboring floats of such a box (eight with two orientations).
* :func:`patch_histograms`, any separable weights in overlapping patches. Rows of
  orientation energies are added, with their vertical weights, into the rows of
  cells that they touch; a finished row is filtered horizontally only where
  patches lie.
"""

from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

cdef extern from "hog_rows.h":
    ctypedef struct hog_bins:
        int per_half
        int n_bins
        float offset
        int bilinear
    void hog_load_floats(const float *row, int width, int channels, int stride, float *planes) nogil
    void hog_load_bytes(const unsigned char *row, int width, int channels, int stride, float *planes) nogil
    void hog_gradient(const float *up, const float *mid, const float *down, int channels, int stride, int width,
                      float *gx, float *gy, float *energy) nogil
    void hog_orientation(const float *gx, const float *gy, const float *energy, int width, hog_bins bins,
                         float *magnitude, int *bin, float *fraction) nogil
    void hog_vote(const float *magnitude, const int *bin, const float *fraction, int width, int cell_size,
                  int n_boxes, hog_bins bins, const float *weights, float *boxes) nogil
    void hog_fold(const float *boxes, int side, int n_cols, int n_bins, float *cells) nogil
    void hog_spread(const float *magnitude, const int *bin, const float *fraction, int width, hog_bins bins,
                    float *votes) nogil
    const int HOG_ROWS
    void hog_add_rows(const float *votes, const float *weights, int begins, size_t n, float *row) nogil
    void hog_filter(const float *row, const float *taps, int n_taps, int n_bins, float *cell) nogil
    void hog_uoctti_cell(const float *h, const float *norms, int half, float *out) nogil
    void hog_dalal_triggs_cell(const float *h, const float *norms, int half, float *out) nogil
    float hog_scale(float *v, int n, float scale, float limit) nogil
    float sqrtf(float) nogil

ctypedef fused pixel:
    float
    unsigned char


cdef struct Rows:
    # Working memory of one pass: the last three image rows as planes with one pixel more on either
    # side, and what the gradient stage makes of them.
    int width
    int channels
    int stride
    float *memory
    float *image[3]
    float *gx
    float *gy
    float *energy
    float *magnitude
    float *fraction
    int *bin


cdef int open_rows(Rows *rows, int width, int channels) except -1 nogil:
    cdef size_t n = (width + 7) // 8 * 8  # whole vectors
    cdef int slot
    rows.width = width
    rows.channels = channels
    rows.stride = n + 2
    rows.memory = <float *>calloc(3 * channels * (n + 2) + 6 * n, sizeof(float))
    if rows.memory == NULL:
        with gil:
            raise MemoryError()
    for slot in range(3):
        rows.image[slot] = rows.memory + slot * channels * (n + 2)
    rows.gx = rows.memory + 3 * channels * (n + 2)
    rows.gy = rows.gx + n
    rows.energy = rows.gy + n
    rows.magnitude = rows.energy + n
    rows.fraction = rows.magnitude + n
    rows.bin = <int *>(rows.fraction + n)
    return 0


cdef inline int mirrored(int y, int height) noexcept nogil:
    # The row that stands for y outside of the image, mirrored about the border pixel.
    if height == 1:
        return 0
    return 1 if y < 0 else (height - 2 if y >= height else y)


cdef inline void load_row(Rows *rows, const pixel[:, :, ::1] image, int y) noexcept nogil:
    cdef int _, width = rows.width
    cdef float *plane = rows.image[y % 3]
    if pixel is float:
        hog_load_floats(&image[y, 0, 0], width, rows.channels, rows.stride, plane + 1)
    else:
        hog_load_bytes(&image[y, 0, 0], width, rows.channels, rows.stride, plane + 1)
    for _ in range(rows.channels):
        plane[0] = plane[1 + mirrored(-1, width)]
        plane[width + 1] = plane[1 + mirrored(width, width)]
        plane += rows.stride


cdef inline void gradient_row(Rows *rows, const pixel[:, :, ::1] image, int y, hog_bins bins) noexcept nogil:
    # Rows must be asked for in order from 0: each loads the one below it.
    cdef int height = image.shape[0]
    if y == 0:
        load_row(rows, image, 0)
    if y + 1 < height:
        load_row(rows, image, y + 1)
    hog_gradient(
        rows.image[mirrored(y - 1, height) % 3] + 1, rows.image[y % 3] + 1,
        rows.image[mirrored(y + 1, height) % 3] + 1, rows.channels, rows.stride, rows.width,
        rows.gx, rows.gy, rows.energy,
    )
    hog_orientation(
        rows.gx, rows.gy, rows.energy, rows.width, bins, rows.magnitude, rows.bin, rows.fraction
    )


cdef hog_bins make_bins(int n_bins, bint signed_, bint centered, bint bilinear) noexcept nogil:
    cdef hog_bins bins
    bins.n_bins = n_bins
    bins.per_half = n_bins // 2 if signed_ else n_bins
    bins.offset = 0.0 if centered else 0.5
    bins.bilinear = bilinear
    return bins


def cell_histograms(const pixel[:, :, ::1] image, int cell_size, bint bilinear, float[:, :, ::1] cells):
    """Signed orientation histograms of square cells with bilinear votes; border pixels do not vote.

    Parameters
    ----------
    image : (height, width, channels)
    cell_size : int, at least 1
    bilinear : bool
        Share each vote between the two nearest orientations.
    cells : ((height + cell_size // 2) // cell_size, likewise cols, 2 * orientations), zeros
        The result. Bin k is centered at 2 pi k / n_bins.
    """
    cdef int height = image.shape[0], width = image.shape[1]
    cdef int n_rows = cells.shape[0], n_cols = cells.shape[1], n_bins = cells.shape[2]
    cdef int before = cell_size - cell_size // 2
    cdef int n_boxes = n_cols + 1
    cdef size_t box_floats = <size_t>n_boxes * (n_bins + 1) * 4
    cdef hog_bins bins = make_bins(n_bins, True, True, bilinear)
    cdef Rows rows
    cdef float *boxes
    cdef float *weights
    cdef float wy, wx
    cdef int y, d, band, inside
    with nogil:
        open_rows(&rows, width, image.shape[2])
        boxes = <float *>malloc((box_floats + 4 * cell_size) * sizeof(float))
        if boxes == NULL:
            free(rows.memory)
            with gil:
                raise MemoryError()
        weights = boxes + box_floats
        memset(boxes, 0, box_floats * sizeof(float))
        for y in range(height):
            band = (y + before) // cell_size
            inside = (y + before) % cell_size
            gradient_row(&rows, image, y, bins)
            if 0 < y < height - 1:
                rows.magnitude[0] = 0.0
                rows.magnitude[width - 1] = 0.0
                wy = (inside - before + <float>0.5) / cell_size + <float>0.5
                for d in range(cell_size):
                    wx = (d - before + <float>0.5) / cell_size + <float>0.5
                    weights[4 * d] = (1 - wy) * (1 - wx)
                    weights[4 * d + 1] = (1 - wy) * wx
                    weights[4 * d + 2] = wy * (1 - wx)
                    weights[4 * d + 3] = wy * wx
                hog_vote(rows.magnitude, rows.bin, rows.fraction, width, cell_size, n_boxes, bins, weights, boxes)
            if inside == cell_size - 1 or y == height - 1:
                if band > 0:
                    hog_fold(boxes, 0, n_cols, n_bins, &cells[band - 1, 0, 0])
                if band < n_rows:
                    hog_fold(boxes, 2, n_cols, n_bins, &cells[band, 0, 0])
                memset(boxes, 0, box_floats * sizeof(float))
        free(boxes)
        free(rows.memory)


# One patch size of a call.
cdef struct Patches:
    int size, n_rows, n_cols
    int n_slots        # rows of patches that can be open at once
    const float *taps  # (n_cells, size)
    int *first         # (n_cells,): first and last pixel with a weight other than 0
    int *last
    float *slots       # (n_cells, n_slots): rows of sums that are not yet finished
    float *out         # (n_rows, n_cols, n_cells, n_cells, n_bins)


cdef void add_votes(
    Patches *p, const float *votes, int top, int reached, int x0, int step, int n_cells, int n_bins, size_t row_floats,
) noexcept nogil:
    """Add the HOG_ROWS rows of votes from ``top`` on, of which ``reached`` is the last, and filter finished cells."""
    cdef float[4] weights
    cdef float *row
    cdef int i, j, a, b, r, begin
    cdef size_t cell
    for i in range(max(0, (top - p.size + step) // step), min(p.n_rows - 1, reached // step) + 1):
        for a in range(n_cells):
            begin = i * step + p.first[a] - top
            if begin >= HOG_ROWS or i * step + p.last[a] < top:
                continue
            for r in range(HOG_ROWS):
                j = top + r - i * step
                weights[r] = p.taps[a * p.size + j] if p.first[a] <= j <= p.last[a] else 0
            row = p.slots + (a * p.n_slots + i % p.n_slots) * row_floats
            hog_add_rows(votes, weights, begin >= 0, row_floats, row)
            if i * step + p.last[a] < top + HOG_ROWS:
                for j in range(p.n_cols):
                    for b in range(n_cells):
                        cell = ((<size_t>i * p.n_cols + j) * n_cells + a) * n_cells + b
                        hog_filter(
                            row + <size_t>(x0 + j * step + p.first[b]) * n_bins, p.taps + b * p.size + p.first[b],
                            p.last[b] - p.first[b] + 1, n_bins, p.out + cell * n_bins,
                        )


cdef int open_patches(
    Patches *p, const float[:, ::1] taps, float[:, :, :, :, ::1] out, int step, size_t row_floats,
) except -1:
    cdef int a, n_cells = taps.shape[0]
    p.size, p.n_rows, p.n_cols = taps.shape[1], out.shape[0], out.shape[1]
    if p.n_rows == 0 or p.n_cols == 0:
        p.n_rows = p.n_cols = 0
        return 0
    p.n_slots = min(p.n_rows, (p.size - 1) // step + 1)
    p.taps, p.out = &taps[0, 0], &out[0, 0, 0, 0, 0]
    p.first = <int *>malloc(2 * n_cells * sizeof(int))
    p.slots = <float *>malloc((row_floats * n_cells * p.n_slots + 8) * sizeof(float))
    if p.first == NULL or p.slots == NULL:
        raise MemoryError(f"{n_cells * p.n_slots} rows of {row_floats} sums")
    memset(p.slots + row_floats * n_cells * p.n_slots, 0, 8 * sizeof(float))
    p.last = p.first + n_cells
    for a in range(n_cells):
        p.first[a] = 0
        p.last[a] = p.size - 1
        while p.first[a] < p.last[a] and taps[a, p.first[a]] == 0:
            p.first[a] += 1
        while p.last[a] > p.first[a] and taps[a, p.last[a]] == 0:
            p.last[a] -= 1
    return 0


def patch_histograms(
    const pixel[:, :, ::1] image, int x0, int y0, int step, list taps, bint signed_, bint bilinear, list patches,
):
    """Orientation histograms of the cells of square patches on grids, one patch size or several.

    Parameters
    ----------
    image : (height, width, channels)
        The derivative across its border is zero.
    x0, y0, step : int
        Patch (i, j) begins at pixel (y0 + i * step, x0 + j * step); all patches lie inside the image.
    taps : list of (cells, patch_size) float32
        For each patch size, the weight of each pixel row (and column) of the patch in each row (column) of cells.
    signed_ : bool
        Bins over a whole turn, else opposite gradients are equal.
    bilinear : bool
        Share each vote between the two nearest orientations.
    patches : list of (rows, cols, cells, cells, n_bins) float32
        The result, overwritten. Bin k is centered at (k + 1/2) * turn / n_bins.
    """
    cdef int width = image.shape[1], n_sizes = len(patches)
    cdef int n_cells = taps[0].shape[0], n_bins = patches[0].shape[4]
    cdef size_t row_floats = <size_t>width * n_bins
    cdef hog_bins bins = make_bins(n_bins, signed_, False, bilinear)
    cdef Patches *plan = <Patches *>calloc(n_sizes, sizeof(Patches))
    cdef float *votes = <float *>calloc(row_floats * HOG_ROWS, sizeof(float))  # rows never reached have weight 0
    cdef Rows rows
    cdef int y, k, r, y_end = 0
    rows.memory = NULL
    try:
        if plan == NULL or votes == NULL:
            raise MemoryError(f"{HOG_ROWS} rows of {row_floats} votes")
        for k in range(n_sizes):
            open_patches(plan + k, taps[k], patches[k], step, row_floats)
            if plan[k].n_rows:
                y_end = max(y_end, y0 + (plan[k].n_rows - 1) * step + plan[k].size)
        if y_end == 0:
            return
        with nogil:
            open_rows(&rows, width, image.shape[2])
            for y in range(y_end):
                gradient_row(&rows, image, y, bins)
                if y < y0:
                    continue
                r = (y - y0) % HOG_ROWS
                hog_spread(rows.magnitude, rows.bin, rows.fraction, width, bins, votes + r * row_floats)
                if r == HOG_ROWS - 1 or y == y_end - 1:
                    for k in range(n_sizes):
                        add_votes(
                            plan + k, votes, y - y0 - r, y - y0, x0, step, n_cells, n_bins, row_floats
                        )
    finally:
        if plan != NULL:
            for k in range(n_sizes):
                free(plan[k].first)
                free(plan[k].slots)
        free(plan)
        free(votes)
        free(rows.memory)


def normalize_cells(const float[:, :, ::1] cells, bint uoctti, float epsilon, float[:, :, ::1] features):
    """Block-normalized features of signed cell histograms.

    Parameters
    ----------
    cells : (rows, cols, 2 * orientations)
    uoctti : bool
        3 * orientations + 4 features a cell, else 4 * orientations.
    epsilon : float
        Added to the squared norm of each block.
    features : (rows, cols, n_features)
        The result.
    """
    cdef int n_rows = cells.shape[0], n_cols = cells.shape[1], half = cells.shape[2] // 2
    cdef int row, col, k, left, right
    cdef float *energy
    cdef float *upper
    cdef float *middle
    cdef float *lower
    cdef float[4] norms
    cdef float u, e
    with nogil:
        energy = <float *>malloc(<size_t>n_rows * n_cols * sizeof(float))
        if energy == NULL:
            with gil:
                raise MemoryError()
        for row in range(n_rows):
            for col in range(n_cols):
                e = 0
                for k in range(half):
                    u = cells[row, col, k] + cells[row, col, half + k]
                    e += u * u
                energy[<size_t>row * n_cols + col] = e
        for row in range(n_rows):
            middle = energy + <size_t>row * n_cols
            upper = middle - n_cols if row > 0 else middle
            lower = middle + n_cols if row < n_rows - 1 else middle
            for col in range(n_cols):
                left = col - 1 if col > 0 else 0
                right = col + 1 if col < n_cols - 1 else col
                norms[0] = 1 / sqrtf(upper[left] + upper[col] + middle[left] + middle[col] + epsilon)
                norms[1] = 1 / sqrtf(upper[col] + upper[right] + middle[col] + middle[right] + epsilon)
                norms[2] = 1 / sqrtf(middle[left] + middle[col] + lower[left] + lower[col] + epsilon)
                norms[3] = 1 / sqrtf(middle[col] + middle[right] + lower[col] + lower[right] + epsilon)
                if uoctti:
                    hog_uoctti_cell(&cells[row, col, 0], norms, half, &features[row, col, 0])
                else:
                    hog_dalal_triggs_cell(&cells[row, col, 0], norms, half, &features[row, col, 0])
        free(energy)


def normalize_l2_hys(float[:, ::1] blocks, float epsilon, float clip):
    """Scale each row v in place to v / sqrt(|v|^2 + epsilon^2); with ``clip`` > 0 then clip it and do so again."""
    cdef Py_ssize_t i
    cdef int n = blocks.shape[1]
    cdef float squares
    with nogil:
        for i in range(blocks.shape[0]):
            squares = hog_scale(&blocks[i, 0], n, 1, 0)
            squares = hog_scale(&blocks[i, 0], n, 1 / sqrtf(squares + epsilon * epsilon), clip)
            if clip > 0:
                hog_scale(&blocks[i, 0], n, 1 / sqrtf(squares + epsilon * epsilon), 0)
