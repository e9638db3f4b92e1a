// SPDX-License-Identifier: MIT
#include "../include/m3ipc/m3ipc.h"

static const struct {
	int number;
	const char *name, *cause;
} errors[] = {
#define ROW(name, number, cause, remedy) { number, #name, cause },
	M3_ERRORS(ROW)
#undef ROW
};

static unsigned int find(int error)
{
	unsigned int i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].number == -error || errors[i].number == error)
			return i;
	return ~0u;
}

const char *m3_strerror(int error)
{
	unsigned int i = find(error);

	return i == ~0u ? (error ? "EGENERIC" : "OK") : errors[i].name;
}

const char *m3_cause(int error)
{
	unsigned int i = find(error);

	return i == ~0u ? (error ? "unknown error" : "success") :
			  errors[i].cause;
}
