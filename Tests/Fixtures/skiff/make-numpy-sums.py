"""Writes numpy-sums.txt: NumPy's sums along a contiguous axis, for PairwiseSum. Made with NumPy 2.4.6 on x86-64.

Line: width count sum-bits. The numbers are those of SplitMix64 with seed = count, each (next >> 11) * 2^-53, in float32 rounded.
"""

import numpy as np

MASK = 2**64 - 1


def numbers(count):
    state = count
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        word = state
        word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & MASK
        word = ((word ^ word >> 27) * 0x94D049BB133111EB) & MASK
        yield ((word ^ word >> 31) >> 11) * 2.0**-53


for width, bits in ((np.float64, np.uint64), (np.float32, np.uint32)):
    for count in (1, 2, 3, 7, 8, 9, 15, 16, 17, 64, 100, 127, 128, 129, 136, 144, 200, 257, 1000, 4096):
        rows = np.array([list(numbers(count))] * 2, dtype=width)
        total = rows.sum(axis=1)[0]
        print(width.__name__, count, hex(int(total.view(bits))))
