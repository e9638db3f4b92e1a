// SPDX-License-Identifier: MIT
/* CRC-32C, eight bytes an instruction where there is one, else four bits. */
#include <string.h>
#include "crc32c.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

/* What four bits do to the remainder: the reflected polynomial, divided. */
static const uint32_t nibbles[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
	0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t by_nibbles(uint32_t crc, const uint8_t *at, size_t length)
{
	for (; length; length--) {
		crc ^= *at++;
		crc = crc >> 4 ^ nibbles[crc & 15];
		crc = crc >> 4 ^ nibbles[crc & 15];
	}
	return crc;
}

#if defined(__x86_64__)

static int has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *at, size_t length)
{
	uint64_t wide = crc, word;

	for (; length >= 8; length -= 8, at += 8) {
		memcpy(&word, at, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	return by_nibbles((uint32_t)wide, at, length);
}

#elif defined(__aarch64__)

static int has_instruction(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

static uint32_t by_instruction(uint32_t crc, const uint8_t *at, size_t length)
{
	uint64_t word;

	for (; length >= 8; length -= 8, at += 8) {
		memcpy(&word, at, 8);
		__asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1"
			: "+r"(crc)
			: "r"(word));
	}
	return by_nibbles(crc, at, length);
}

#else

static int has_instruction(void)
{
	return 0;
}

#define by_instruction by_nibbles

#endif

uint32_t m3_crc32c(const void *data, size_t length)
{
	return ~(has_instruction() ? by_instruction(~0u, data, length) :
				     by_nibbles(~0u, data, length));
}
