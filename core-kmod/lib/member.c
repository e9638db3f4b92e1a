// SPDX-License-Identifier: MIT
/* A process's membership in a DC: joining, binding, buffers, its bell. */
#include "lib.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int device_join(const char *path, int dc, struct m3_member **out)
{
	struct m3_member *m = calloc(1, sizeof(*m));
	struct m3_request q = { .dc = dc };
	int e;

	if (!m)
		return -M3_ENOMEM;
	e = m3_device_open(path, M3_REQ_join, &q, &m->device);
	if (e) {
		free(m);
		return e;
	}
	/* It polls readable itself. */
	m->bell = m->device;
	*out = m;
	return 0;
}

int m3_join(const char *dir, int dc, struct m3_member **out)
{
	const char *path = m3_device_path(dir);

	return path ? device_join(path, dc, out) :
		      m3_embedded_join(dir, dc, out);
}

void m3_leave(struct m3_member *m)
{
	if (m->device < 0) {
		m3_embedded_leave(m);
		return;
	}
	close(m->device);
	free(m);
}

int m3_member_dcinfo(struct m3_member *m, struct m3_dc_info *info)
{
	struct m3_request q = { .data = m3_data(info) };

	return M3_ASK(m, member_dcinfo, &q);
}

int m3_member_procinfo(struct m3_member *m, int p_nr, struct m3_proc_info *info)
{
	struct m3_request q = { .ep = p_nr, .data = m3_data(info) };

	return M3_ASK(m, member_procinfo, &q);
}

int m3_bind(struct m3_member *m, int ep)
{
	struct m3_request q = { .ep = ep };

	return M3_ASK(m, bind, &q);
}

int m3_tbind(struct m3_member *m, int ep)
{
	struct m3_request q = { .ep = ep, .flags = M3_BIND_THREAD };

	return M3_ASK(m, bind, &q);
}

int m3_unbind(struct m3_member *m, int ep)
{
	struct m3_request q = { .ep = ep };

	return M3_ASK(m, unbind, &q);
}

int m3_wait4bind(struct m3_member *m, int *ep, int timeout)
{
	struct m3_request q = { .timeout = timeout };
	int e = M3_ASK(m, wait4bind, &q);

	if (!e)
		*ep = q.ep;
	return e;
}

int m3_getep(struct m3_member *m, int pid, int *ep)
{
	struct m3_request q = { .pid = pid };
	int e = M3_ASK(m, getep, &q);

	if (!e)
		*ep = q.ep;
	return e;
}

int m3_bell(struct m3_member *m)
{
	return m->bell;
}

int m3_bell_serve(struct m3_member *m, int32_t *eps, int max)
{
	struct m3_request q = {
		.size = max > 0 ? (uint32_t)max * sizeof(*eps) : 0,
		.data = m3_data(eps),
	};

	return M3_ASK(m, bell_serve, &q);
}

int m3_watch(struct m3_member *m, int ep, int on)
{
	struct m3_request q = { .ep = ep, .flags = on != 0 };

	return M3_ASK(m, watch, &q);
}

/* The buffer's memory in this process: its part of the device. */
static int map_buffer(struct m3_member *m, const struct m3_request *q,
		      struct m3_buffer *buffer)
{
	void *at = mmap(NULL, q->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			m->device, (off_t)q->value);

	if (at == MAP_FAILED)
		return -M3_ENOMEM;
	/* A forked child is no member. */
	madvise(at, q->bytes, MADV_DONTFORK);
	buffer->data = at;
	return 0;
}

int m3_alloc(struct m3_member *m, int self, uint64_t bytes,
	     struct m3_buffer *buffer)
{
	struct m3_request q = { .ep = self, .bytes = bytes };
	int e = M3_ASK(m, alloc, &q);

	if (e)
		return e;
	if (m->device < 0)
		buffer->data = m3_at(m->map->r, q.value);
	else
		e = map_buffer(m, &q, buffer);
	if (e) {
		M3_ASK(m, free, &q);
		return e;
	}
	buffer->address = q.address;
	buffer->bytes = bytes;
	return 0;
}

int m3_free(struct m3_member *m, int self, const struct m3_buffer *buffer)
{
	struct m3_request q = { .ep = self, .address = buffer->address };
	int e = M3_ASK(m, free, &q);

	if (!e && m->device >= 0)
		munmap(buffer->data, buffer->bytes);
	return e;
}

int m3_grant(struct m3_member *m, int self, int grantee, uint64_t address,
	     uint64_t bytes, uint32_t rights, uint64_t *granted)
{
	struct m3_request q = { .ep = self, .peer = grantee,
				.address = address, .bytes = bytes,
				.flags = rights };
	int e = M3_ASK(m, grant, &q);

	if (!e)
		*granted = q.value;
	return e;
}

int m3_revoke(struct m3_member *m, int self, uint64_t granted)
{
	struct m3_request q = { .ep = self, .value = granted };

	return M3_ASK(m, revoke, &q);
}

int m3_copy_mode(struct m3_member *m, enum m3_copy_mode mode)
{
	struct m3_request q = { .flags = mode };

	return M3_ASK(m, copy_mode, &q);
}

enum m3_copy_mode m3_copy_used(struct m3_member *m)
{
	struct m3_request q = { 0 };
	int used = M3_ASK(m, copy_used, &q);

	return used < 0 ? M3_COPY_AUTO : (enum m3_copy_mode)used;
}
