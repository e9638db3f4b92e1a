/* SPDX-License-Identifier: MIT */
#ifndef M3IPC_CRC32C_H
#define M3IPC_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-32C (Castagnoli) as RFC 3720 appendix B.4 has it: polynomial 0x1edc6f41,
 * reflected, all ones before and after.
 */
uint32_t m3_crc32c(const void *data, size_t length);

#endif
