// SPDX-License-Identifier: MIT
/* Explicit grants. */
#include "lib.h"

int m3_grant(struct m3_member *member, int self, int grantee,
		    uint64_t address, uint64_t bytes, uint32_t rights,
		    uint64_t *granted)
{
	(void)member;
	(void)self;
	(void)grantee;
	(void)address;
	(void)bytes;
	(void)rights;
	(void)granted;
	return -M3_ENOSYS;
}

int m3_revoke(struct m3_member *member, int self, uint64_t granted)
{
	(void)member;
	(void)self;
	(void)granted;
	return -M3_ENOSYS;
}
