#pragma once

// Included before hwy/foreach_target.h: which instruction sets a Highway source is compiled for. Between the portable
// baseline and AVX2 lie only old machines, beyond plain AVX-512 only instructions that these loops do not use.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
