/* C's `restrict`, by the name that each compiler knows. */
#ifndef BOVW_RESTRICT_H
#define BOVW_RESTRICT_H

#if defined(_MSC_VER)
#define BOVW_RESTRICT __restrict
#else
#define BOVW_RESTRICT restrict
#endif

#endif
