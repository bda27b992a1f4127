/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_RELAX_H
#define BASE_RELAX_H

/* Waits for a moment, up to 50 ns, and leaves the processor's other thread more. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
