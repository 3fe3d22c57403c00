/* What this processor, with this operating system, runs: AVX2, and AVX-512 with products of 8-bit integers (VNNI). */
#ifndef BOVW_CPU_H
#define BOVW_CPU_H

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
static inline int bovw_cpu_has_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}
#elif defined(_MSC_VER) && defined(_M_X64)
#include <immintrin.h>
#include <intrin.h>
static inline int bovw_cpu_has_avx2(void) {
    int r[4];
    __cpuidex(r, 0, 0);
    if (r[0] < 7) return 0;
    __cpuidex(r, 1, 0);
    if (!(r[2] & (1 << 27)) || (_xgetbv(0) & 6) != 6) return 0; /* the OS saves YMM */
    __cpuidex(r, 7, 0);
    return (r[1] & (1 << 5)) != 0;
}
#else
static inline int bovw_cpu_has_avx2(void) { return 0; }
#endif

/* Where this is defined, the compiler takes AVX-512 code, function by function, whatever its flags. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define BOVW_COMPILES_512
#endif

#ifdef BOVW_COMPILES_512
static inline int bovw_cpu_has_vnni(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}
#else
static inline int bovw_cpu_has_vnni(void) { return 0; }
#endif

#endif
