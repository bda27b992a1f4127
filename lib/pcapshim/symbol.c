/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlsym(3): programs that load libpcap for themselves and ask for its calls by name (Python's
 * ctypes, and so Scapy) are given ours. Everything else is the C library's business, and that
 * goes by who has called it (RTLD_NEXT, RTLD_DEFAULT): so it has to be jumped to, with
 * arguments and return address as they were, which C cannot say.
 */
#include <dlfcn.h>
#include <string.h>

#include "pcapshim/calls.h"
#include "pcapshim/real.h"
#include "pcapshim/symbol.h"

struct symbol_answer symbol_look_up(void *library, const char *name)
{
	struct symbol_answer answer = { .next = real_dlsym_address() };
	void *real, *ours;

	if (library == RTLD_DEFAULT || library == RTLD_NEXT ||
	    strncmp(name, "pcap_", strlen("pcap_")) != 0)
		return answer;
	ours = calls_find(name, &real);
	/* Only instead of the very function that ours passes on to: a copy of libpcap within
	 * another library has handles of its own. */
	if (ours && real && real_dlsym(library, name) == real)
		answer.found = ours;
	return answer;
}

#if defined(__x86_64__)
__asm__(".text\n"
	".globl dlsym\n"
	".type dlsym, @function\n"
	"dlsym:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	push %rdi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	push %rsi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	sub $8, %rsp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	call symbol_look_up\n"
	"	add $8, %rsp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	pop %rsi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	pop %rdi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	test %rax, %rax\n"
	"	jne 1f\n"
	"	jmp *%rdx\n"
	"1:	ret\n"
	"	.cfi_endproc\n"
	".size dlsym, . - dlsym\n");
#elif defined(__aarch64__)
__asm__(".text\n"
	".globl dlsym\n"
	".type dlsym, %function\n"
	"dlsym:\n"
	"	.cfi_startproc\n"
	"	hint #34\n" /* bti c */
	"	stp x29, x30, [sp, #-32]!\n"
	"	.cfi_adjust_cfa_offset 32\n"
	"	.cfi_offset 29, -32\n"
	"	.cfi_offset 30, -24\n"
	"	stp x0, x1, [sp, #16]\n"
	"	mov x29, sp\n"
	"	bl symbol_look_up\n"
	"	mov x16, x1\n"
	"	mov x17, x0\n"
	"	ldp x0, x1, [sp, #16]\n"
	"	ldp x29, x30, [sp], #32\n"
	"	.cfi_adjust_cfa_offset -32\n"
	"	.cfi_restore 29\n"
	"	.cfi_restore 30\n"
	"	cbnz x17, 1f\n"
	"	br x16\n"
	"1:	mov x0, x17\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size dlsym, . - dlsym\n");
#endif
