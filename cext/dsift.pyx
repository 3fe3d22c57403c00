"""Dense SIFT in one pass over the image.

Definition (Lowe 2004; Vedaldi & Fulkerson 2010, dense variant). At every pixel
the gradient, by central differences (one-sided at the border), has a modulus m
and an orientation position t in [0, T); m is split linearly between the two
orientations nearest to t, which gives T orientation energies E_k(x, y). Bin
(i, j, k) of the frame whose first bin center is (x_f, y_f) is

    h(i, j, k) = sum_{u,v} K_i(u) K_j(v) E_k(x_f + i b + u, y_f + j b + v),   |u|, |v| < b,

    Gaussian window:  K_i(u) = (1 - |u|/b) exp(-(u + d_i)^2 / (2 s^2)),   d_i = b (i - (N-1)/2)
    flat window:      K_i(u) = (1 - |u|/b) * mean over |u'| < b of exp(-(u' + d_i)^2 / (2 s^2))

with replicated borders. The N*N*T bins, k fastest, then i, then j, are scaled
to unit length, clipped at 0.2 and scaled again.

How it is computed. The energies of a pixel are neighboring floats (one vector
of eight lanes for T = 8) and exist for one row at a time.

*Flat window.* Let g divide the step and the bin size, b = n g. The triangle of
half-width b is a sum of hats of half-width g,

    tri_b(x) = sum_{|k| < n} (1 - |k|/n) tri_g(x - k g),

exactly, because both sides are piecewise linear with the same knots. So each
pixel is added to the hats around it, which leaves 1/g^2 of the image, and all
wider filtering happens on that grid. Bin sizes that share g and phase share
the hats, all share the gradient.

*Gaussian window.* N horizontal and N vertical kernels. The line under a frame is
cut into N+1 segments of b pixels; a pixel of segment s belongs to bins s-1 and
s, so each is loaded once for two sums.

*Smoothing*, if asked for, makes the rows of the image one by one before their
gradient is taken: a Gaussian of radius r, normalized, first down the 2r + 1
rows around, then across, with replicated borders.

Rows that are still needed wait in rings, so memory is O(width * bin size).
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

cdef extern from "bovw_blur.h" nogil:
    void blur_down(const float **rows, Py_ssize_t radius, Py_ssize_t width, const float *taps, float *out)
    void blur_across(const float *row, Py_ssize_t radius, Py_ssize_t width, const float *taps, float *out)

cdef extern from "dsift_rows.h" nogil:
    void dsift_gradient_row(
        const float *up, const float *row, const float *down, Py_ssize_t width, float vertical, float orientations,
        int exact, float *modulus, float *position, float *gx, float *gy)
    void dsift_energy_row(
        const float *modulus, const float *position, Py_ssize_t width, float orientations, Py_ssize_t stride,
        float *energy)
    void dsift_replicate(float *row, Py_ssize_t width, Py_ssize_t pad, Py_ssize_t stride)
    void dsift_hat_row(
        const float *pixels, Py_ssize_t columns, Py_ssize_t g, Py_ssize_t stride, const float *taps, float w0,
        float *row0, float w1, float *row1)
    void dsift_across(
        const float *row, const int *columns, Py_ssize_t count, Py_ssize_t n, Py_ssize_t stride, const float *taps,
        float *out)
    void dsift_down(const float **rows, Py_ssize_t n, Py_ssize_t length, const float *taps, float *out)
    void dsift_window_row(
        const float *row, Py_ssize_t first, Py_ssize_t step, Py_ssize_t count, Py_ssize_t n_bins, Py_ssize_t b,
        Py_ssize_t stride, const float *taps, float *out)
    void dsift_window_column(
        const float **rows, Py_ssize_t offset, Py_ssize_t length, Py_ssize_t n_bins, Py_ssize_t b, const float *taps,
        float *out)
    void dsift_gather(
        const float **rows, const int *slots, Py_ssize_t n, Py_ssize_t n_bins, Py_ssize_t stride,
        const float *weights, float *bins)
    float dsift_finish(float *bins, Py_ssize_t length, float *out)
    void dsift_bytes(const float *descriptor, Py_ssize_t length, unsigned char *bytes)
    void dsift_root(float *bins, Py_ssize_t length)


# One bin size of a call: its frames, and the rows it keeps.
cdef struct Scale:
    Py_ssize_t b, step, x0, y0, nx, ny  # bin size, step, first bin center, frames across and down
    Py_ssize_t first_out                # row of the output where its frames begin
    Py_ssize_t g, n, grid_step          # flat: grid spacing, b / g, step / g
    Py_ssize_t layer                    # flat: index of the hat layer it reads
    Py_ssize_t n_columns                # flat: how many grid columns hold a bin center
    int *columns                  # flat: those columns, counted from the layer's first
    int *slot                     # flat: grid column relative to the first bin center -> index into columns
    const float *window           # flat: one factor a spatial bin; Gaussian: the taps
    float *taps                   # flat: 1 - k / n
    float *filtered               # ring of horizontally filtered rows
    float *bins                   # flat: ring of finished bin rows
    Py_ssize_t filtered_rows, bin_rows, row_length
    const float **rows            # scratch: the rows of one vertical filter, or of one row of frames


# Hats of half-width g, every g pixels.
cdef struct Layer:
    Py_ssize_t g, phase_x, phase_y, first_column, last_column, first_row, last_row
    float *taps
    float *row[2]


# The smoothed image, three neighboring rows of it at a time.
cdef struct Smooth:
    Py_ssize_t radius, stride, ready  # taps to either side; floats from row to row; rows made so far, up to here
    const float *taps                 # of the middle and of one side
    const float **around              # scratch: the rows of one vertical filter
    float *column                     # scratch: one row filtered vertically, `radius` pixels more on either side
    float *rows                       # ring of three


# Where finished descriptors go.
cdef struct Output:
    float *descriptors
    unsigned char *bytes
    float *norms
    float *bins       # scratch of one descriptor
    float threshold
    int root
    Py_ssize_t n_bins, stride, orientations


cdef inline Py_ssize_t floor_div(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return a // b if a >= 0 else -((-a + b - 1) // b)


cdef void *_allocate(size_t count, size_t size) except NULL:
    cdef void *memory = calloc(count + 8, size)
    if memory == NULL:
        raise MemoryError("dense SIFT could not allocate its row buffers")
    return memory


cdef int open_smooth(Smooth *s, const float[::1] taps, Py_ssize_t width) except -1:
    """Make room for the rows of a smoothed image; ``taps`` without an element stands for no smoothing."""
    s.radius = taps.shape[0] - 1
    s.ready = -1
    if s.radius < 0:
        return 0
    s.taps = &taps[0]
    s.stride = (width + 15) // 16 * 16
    s.around = <const float **>_allocate(2 * s.radius + 1, sizeof(float *))
    s.column = <float *>_allocate(s.stride + 2 * s.radius, sizeof(float))
    s.rows = <float *>_allocate(3 * s.stride, sizeof(float))
    return 0


cdef const float *image_row(Smooth *s, const float[:, ::1] image, Py_ssize_t y) noexcept nogil:
    """Row ``y`` of the image, smoothed if so wanted; a smoothed one stays valid until row y + 3 is made.

    Rows are asked for in rising order, give or take two.
    """
    cdef Py_ssize_t height = image.shape[0], width = image.shape[1], k
    if s.radius < 0:
        return &image[y, 0]
    if s.ready < y:
        s.ready = y
        for k in range(-s.radius, s.radius + 1):
            s.around[s.radius + k] = &image[min(max(y + k, 0), height - 1), 0]
        blur_down(s.around, s.radius, width, s.taps, s.column + s.radius)
        dsift_replicate(s.column + s.radius, width, s.radius, 1)
        blur_across(s.column + s.radius, s.radius, width, s.taps, s.rows + (y % 3) * s.stride)
    return s.rows + (y % 3) * s.stride


cdef void emit(Output *out, Py_ssize_t row, float inverse_area) noexcept nogil:
    """Normalize the bins in the scratch buffer and write descriptor ``row``."""
    cdef Py_ssize_t cells = out.n_bins * out.n_bins
    cdef Py_ssize_t size = cells * out.orientations
    cdef bint compact = out.stride == out.orientations
    cdef float *target = out.bins
    cdef Py_ssize_t c
    cdef float norm
    if compact and out.descriptors != NULL:
        target = out.descriptors + row * size
    norm = dsift_finish(out.bins, cells * out.stride, target) * inverse_area
    out.norms[row] = norm
    if norm < out.threshold:
        memset(target, 0, <size_t>(cells * out.stride) * sizeof(float))
    elif out.root:
        dsift_root(target, cells * out.stride)
    if out.bytes != NULL:
        if compact:
            dsift_bytes(target, size, out.bytes + row * size)
        for c in range(cells if not compact else 0):
            dsift_bytes(target + c * out.stride, out.orientations, out.bytes + row * size + c * out.orientations)
    elif not compact:
        for c in range(cells):
            memcpy(out.descriptors + row * size + c * out.orientations, target + c * out.stride,
                   <size_t>out.orientations * sizeof(float))


cdef void flat_row(Scale *s, const float *layer_row, Py_ssize_t r, Output *out) noexcept nogil:
    """Take in grid row ``r`` (0 is the first row of bin centers) and emit the frames it completes."""
    cdef Py_ssize_t stride = out.stride, n_bins = out.n_bins
    cdef Py_ssize_t last = (s.ny - 1) * s.grid_step + (n_bins - 1) * s.n
    cdef Py_ssize_t ring = s.filtered_rows, bin_row = r - (s.n - 1)
    cdef Py_ssize_t j, k, p, frame_row
    cdef bint needed = False
    cdef float inverse_area = 1.0 / (((n_bins - 1) * s.b + 1) ** 2)
    if r < 1 - s.n or r > last + s.n - 1:
        return
    dsift_across(layer_row, s.columns, s.n_columns, s.n, stride, s.taps,
                 s.filtered + ((r + s.n - 1) % ring) * s.row_length)
    if bin_row < 0:
        return
    for j in range(n_bins):
        k = bin_row - j * s.n
        if k >= 0 and k % s.grid_step == 0 and k // s.grid_step < s.ny:
            needed = True
    if not needed:
        return
    for k in range(2 * s.n - 1):  # grid rows bin_row - n + 1 ... bin_row + n - 1
        s.rows[k] = s.filtered + ((bin_row + k) % ring) * s.row_length
    dsift_down(s.rows, s.n, s.row_length, s.taps, s.bins + (bin_row % s.bin_rows) * s.row_length)
    k = bin_row - (n_bins - 1) * s.n
    if k < 0 or k % s.grid_step != 0 or k // s.grid_step >= s.ny:
        return
    frame_row = k // s.grid_step
    for j in range(n_bins):
        s.rows[j] = s.bins + ((k + j * s.n) % s.bin_rows) * s.row_length
    for p in range(s.nx):
        dsift_gather(s.rows, s.slot + p * s.grid_step, s.n, n_bins, stride, s.window, out.bins)
        emit(out, s.first_out + frame_row * s.nx + p, inverse_area)


cdef void window_row(Scale *s, const float *energy, Py_ssize_t r, Output *out) noexcept nogil:
    """Take in pixel row ``r`` (0 is b rows above the first bin centers) and emit the frames it completes."""
    cdef Py_ssize_t stride = out.stride, n_bins = out.n_bins, ring = s.filtered_rows
    cdef Py_ssize_t frame_row, k, p, frame = n_bins * stride
    cdef float inverse_area = 1.0 / (((n_bins - 1) * s.b + 1) ** 2)
    if r < 0 or r >= (s.ny - 1) * s.step + ring:
        return
    frame_row = r // s.step if r // s.step < s.ny else s.ny - 1
    if r - frame_row * s.step >= ring:
        return  # between two rows of frames that do not touch
    dsift_window_row(energy, s.x0, s.step, s.nx, n_bins, s.b, stride, s.window,
                     s.filtered + (r % ring) * s.row_length)
    k = r - (ring - 1)
    if k < 0 or k % s.step != 0:
        return
    for p in range(ring):
        s.rows[p] = s.filtered + ((k + p) % ring) * s.row_length
    for p in range(s.nx):
        dsift_window_column(s.rows, p * frame, frame, n_bins, s.b, s.window, out.bins)
        emit(out, s.first_out + (k // s.step) * s.nx + p, inverse_area)


cdef Py_ssize_t plan_flat_scale(
        Scale *s, Layer *layers, Py_ssize_t n_layers, Py_ssize_t n_bins, Py_ssize_t stride) except -1:
    """Choose the grid of a bin size, join or add its hat layer, list its columns; returns the layers in use."""
    cdef Py_ssize_t a = s.b, c = s.step, p, i, k, top_x, top_y
    while c:
        a, c = c, a % c
    s.g, s.n, s.grid_step = a, s.b // a, s.step // a
    k = 0
    while k < n_layers and not (layers[k].g == s.g and layers[k].phase_x == s.x0 % s.g
                                and layers[k].phase_y == s.y0 % s.g):
        k += 1
    s.layer = k
    top_x = (s.nx - 1) * s.grid_step + (n_bins - 1) * s.n
    top_y = (s.ny - 1) * s.grid_step + (n_bins - 1) * s.n
    cdef Layer *layer = layers + k
    cdef Py_ssize_t first_column = s.x0 // s.g - (s.n - 1), first_row = s.y0 // s.g - (s.n - 1)
    cdef Py_ssize_t last_column = s.x0 // s.g + top_x + s.n - 1, last_row = s.y0 // s.g + top_y + s.n - 1
    if k == n_layers:
        layer.g, layer.phase_x, layer.phase_y = s.g, s.x0 % s.g, s.y0 % s.g
        layer.first_column, layer.last_column = first_column, last_column
        layer.first_row, layer.last_row = first_row, last_row
        n_layers += 1
    layer.first_column, layer.last_column = min(layer.first_column, first_column), max(layer.last_column, last_column)
    layer.first_row, layer.last_row = min(layer.first_row, first_row), max(layer.last_row, last_row)

    s.slot = <int *>_allocate(top_x + 1, sizeof(int))
    s.columns = <int *>_allocate(top_x + 1, sizeof(int))
    s.taps = <float *>_allocate(s.n, sizeof(float))
    for k in range(s.n):
        s.taps[k] = 1.0 - <float>k / s.n
    for p in range(s.nx):
        for i in range(n_bins):
            s.slot[p * s.grid_step + i * s.n] = 1
    s.n_columns = 0
    for k in range(top_x + 1):
        if s.slot[k]:
            s.columns[s.n_columns] = s.x0 // s.g + k
            s.slot[k] = s.n_columns
            s.n_columns += 1
    s.row_length = s.n_columns * stride
    s.filtered_rows = 2 * s.n - 1
    s.bin_rows = (n_bins - 1) * s.n + 1
    return n_layers


def dense_sift(const float[:, ::1] image, const long long[:, ::1] scales, list weights, *,
               const float[::1] smoothing, bint gaussian, Py_ssize_t n_bins, Py_ssize_t orientations, bint exact,
               float contrast_threshold, bint root, float[:, ::1] out_float, unsigned char[:, ::1] out_bytes,
               float[::1] norms):
    """Fill the output with the descriptors of every scale, rows of frames outer, columns inner.

    Parameters
    ----------
    image : (height, width) float32
    scales : (n_scales, 6) int64
        Bin size, step, x and y of the first bin center, frames across, frames down; every bin
        center inside the image.
    weights : list of 1-d float32 arrays
        Flat window: n_bins**2 factors. Gaussian window: 2 * (n_bins + 1) * bin_size taps, as
        ``dsift_window_row`` wants them; the window is separable and the same along both axes.
    smoothing : 1-d float32
        The middle tap and those of one side of the filter that smooths the image; empty for none.
    out_float, out_bytes : (n, n_bins**2 * orientations)
        One of them has no row and is not written.
    norms : (n,) float32
        Mean raw bin mass, sum / ((n_bins - 1) * bin_size + 1)**2.
    """
    cdef Py_ssize_t height = image.shape[0], width = image.shape[1], n_scales = scales.shape[0]
    cdef Py_ssize_t stride = (orientations + 7) // 8 * 8, padded_width = (width + 7) // 8 * 8
    cdef Py_ssize_t pad = 0, y, y_first = height, y_last = -1, clamped, current = -1, total = 0
    cdef Py_ssize_t i, k, n_layers = 0, up, down, grid_row, rem, c
    cdef Scale *s
    cdef Layer *layer
    cdef Output out
    cdef const float[::1] view
    cdef float *modulus = NULL
    cdef float *position
    cdef float *gx
    cdef float *gy
    cdef float *energy_buffer = NULL
    cdef float *energy
    cdef const float *layer_row
    cdef const float *above
    cdef const float *here
    cdef const float *below
    cdef Smooth smooth
    if out_float.shape[0] + out_bytes.shape[0] != norms.shape[0] or len(weights) != n_scales:
        raise ValueError("outputs do not fit the scales")
    for i in range(n_scales):
        total += scales[i, 4] * scales[i, 5]
        if (scales[i, 0] < 1 or scales[i, 1] < 1 or scales[i, 4] < 1 or scales[i, 5] < 1 or scales[i, 2] < 0
                or scales[i, 3] < 0
                or scales[i, 2] + (scales[i, 4] - 1) * scales[i, 1] + (n_bins - 1) * scales[i, 0] >= width
                or scales[i, 3] + (scales[i, 5] - 1) * scales[i, 1] + (n_bins - 1) * scales[i, 0] >= height):
            raise ValueError(f"scale {i} has bin centers outside the image")
        if len(weights[i]) != (2 * (n_bins + 1) * scales[i, 0] if gaussian else n_bins * n_bins):
            raise ValueError(f"scale {i} has {len(weights[i])} window weights")
    if total != norms.shape[0]:
        raise ValueError(f"the output has {norms.shape[0]} rows for {total} frames")
    if total == 0:
        return
    if (out_float.shape[0] and out_float.shape[1] != n_bins * n_bins * orientations) or (
            out_bytes.shape[0] and out_bytes.shape[1] != n_bins * n_bins * orientations):
        raise ValueError("the output has the wrong number of columns")

    cdef Scale *plan = NULL
    cdef Layer *layers = NULL
    out.bins = NULL
    memset(&smooth, 0, sizeof(Smooth))
    try:
        plan = <Scale *>_allocate(n_scales, sizeof(Scale))
        layers = <Layer *>_allocate(n_scales, sizeof(Layer))
        total = 0
        for i in range(n_scales):
            s = plan + i
            s.b, s.step, s.x0, s.y0 = scales[i, 0], scales[i, 1], scales[i, 2], scales[i, 3]
            s.nx, s.ny = scales[i, 4], scales[i, 5]
            s.first_out = total
            total += s.nx * s.ny
            view = weights[i]
            s.window = &view[0]
            pad = max(pad, s.b)
            if gaussian:
                s.filtered_rows = (n_bins + 1) * s.b
                s.row_length = s.nx * n_bins * stride
                y_first = min(y_first, s.y0 - s.b)
                y_last = max(y_last, s.y0 - s.b + (s.ny - 1) * s.step + s.filtered_rows - 1)
            else:
                n_layers = plan_flat_scale(s, layers, n_layers, n_bins, stride)
                s.bins = <float *>_allocate(s.bin_rows * s.row_length, sizeof(float))
            s.filtered = <float *>_allocate(s.filtered_rows * s.row_length, sizeof(float))
            s.rows = <const float **>_allocate(max(s.filtered_rows, n_bins), sizeof(float *))
        for i in range(n_layers):
            layer = layers + i
            layer.taps = <float *>_allocate(layer.g, sizeof(float))
            for k in range(layer.g):
                layer.taps[k] = 1.0 - <float>k / layer.g
            c = (layer.last_column - layer.first_column + 1) * stride
            for k in range(2):
                layer.row[k] = <float *>_allocate(c if layer.g > 1 else 0, sizeof(float))
            y_first = min(y_first, layer.phase_y + layer.first_row * layer.g - (layer.g - 1))
            y_last = max(y_last, layer.phase_y + layer.last_row * layer.g + layer.g - 1)
        for i in range(n_scales if not gaussian else 0):
            s = plan + i
            for k in range(s.n_columns):
                s.columns[k] -= layers[s.layer].first_column
        energy_buffer = <float *>_allocate((width + 2 * pad) * stride, sizeof(float))
        energy = energy_buffer + pad * stride
        modulus = <float *>_allocate(4 * padded_width, sizeof(float))
        position, gx, gy = modulus + padded_width, modulus + 2 * padded_width, modulus + 3 * padded_width
        open_smooth(&smooth, smoothing, width)
        out.bins = <float *>_allocate(n_bins * n_bins * stride, sizeof(float))
        out.descriptors = &out_float[0, 0] if out_float.shape[0] else NULL
        out.bytes = &out_bytes[0, 0] if out_bytes.shape[0] else NULL
        out.norms = &norms[0]
        out.threshold, out.root = contrast_threshold, root
        out.n_bins, out.stride, out.orientations = n_bins, stride, orientations
        with nogil:
            for y in range(y_first, y_last + 1):
                clamped = min(max(y, 0), height - 1)
                if clamped != current:
                    current = clamped
                    up, down = max(clamped - 1, 0), min(clamped + 1, height - 1)
                    above = image_row(&smooth, image, up)  # in this order, from the top
                    here = image_row(&smooth, image, clamped)
                    below = image_row(&smooth, image, down)
                    dsift_gradient_row(above, here, below, width, 0.5 if down - up == 2 else 1.0, orientations,
                                       exact, modulus, position, gx, gy)
                    dsift_energy_row(modulus, position, width, orientations, stride, energy)
                    dsift_replicate(energy, width, pad, stride)
                if gaussian:
                    for i in range(n_scales):
                        window_row(plan + i, energy, y - (plan[i].y0 - plan[i].b), &out)
                    continue
                for k in range(n_layers):
                    layer = layers + k
                    grid_row = floor_div(y - layer.phase_y, layer.g)
                    rem = y - layer.phase_y - grid_row * layer.g
                    if grid_row + 1 < layer.first_row or grid_row > layer.last_row:
                        continue
                    layer_row = energy + (layer.phase_x + layer.first_column * layer.g) * stride
                    if layer.g > 1:
                        dsift_hat_row(layer_row, layer.last_column - layer.first_column + 1, layer.g, stride,
                                      layer.taps, 1.0 - <float>rem / layer.g, layer.row[grid_row & 1],
                                      <float>rem / layer.g, layer.row[(grid_row + 1) & 1])
                        if rem != layer.g - 1:
                            continue
                        layer_row = layer.row[grid_row & 1]
                    for i in range(n_scales):
                        s = plan + i
                        if s.layer == k:
                            flat_row(s, layer_row, grid_row - (s.y0 - layer.phase_y) // layer.g, &out)
                    if layer.g > 1:
                        memset(layer.row[grid_row & 1], 0,
                               <size_t>((layer.last_column - layer.first_column + 1) * stride) * sizeof(float))
    finally:
        free(energy_buffer)
        free(modulus)
        free(out.bins)
        free(<void *>smooth.around)
        free(smooth.column)
        free(smooth.rows)
        if plan != NULL:
            for i in range(n_scales):
                free(plan[i].filtered)
                free(plan[i].bins)
                free(plan[i].columns)
                free(plan[i].slot)
                free(plan[i].taps)
                free(<void *>plan[i].rows)
        if layers != NULL:
            for i in range(n_layers):
                free(layers[i].taps)
                free(layers[i].row[0])
                free(layers[i].row[1])
        free(plan)
        free(layers)
