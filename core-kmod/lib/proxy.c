// SPDX-License-Identifier: MIT
/* The proxy's side of the core (build decision 5). */
#include "lib.h"
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* The kernel's: a device of its own, readable through the node's epoll. */
static int device_attach(struct m3_proxy *p, struct m3_node *node, int id)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct m3_request q = { .id = id };
	int e;

	if (id < 0)
		return -M3_EBADNODEID;
	e = m3_device_open(node->platform.dir, M3_REQ_attach, &q, &p->device);
	if (e)
		return e;
	p->node = node;
	p->peer = (uint32_t)id;
	event.data.u64 = (uint64_t)p->peer << 32;
	if (epoll_ctl(node->platform.epoll, EPOLL_CTL_ADD, p->device, &event)) {
		close(p->device);
		return -M3_EIO;
	}
	return 0;
}

int m3_attach(struct m3_node *node, int id, struct m3_proxy **out)
{
	struct m3_proxy *p = calloc(1, sizeof(*p));
	int e;

	if (!p)
		return -M3_ENOMEM;
	p->device = -1;
	e = node->device < 0 ? m3_proxy_hold(p, node, id) :
			       device_attach(p, node, id);
	if (e) {
		free(p);
		return e;
	}
	p->next = node->platform.proxies[p->peer];
	node->platform.proxies[p->peer] = p;
	*out = p;
	return 0;
}

void m3_detach(struct m3_proxy *p)
{
	struct m3_proxy **at = &p->node->platform.proxies[p->peer];

	if (p->device < 0)
		m3_proxy_release(p);
	else
		close(p->device);
	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	free(p);
}

int m3_node_bell(struct m3_node *node)
{
	return node->platform.epoll;
}

/* Drains a bell that rang; m3_proxy_queues() arms it again. */
static int serve(struct m3_node *node, uint64_t which)
{
	uint32_t dc = (uint32_t)which, peer = (uint32_t)(which >> 32);
	struct m3_proxy *p = node->platform.proxies[peer];

	/* The kernel's is told of once for each ring. */
	if (!p || p->device >= 0)
		return p != NULL;
	if (p->holds[dc].bell < 0)
		return 0;
	m3_hold_serve(&p->holds[dc]);
	return 1;
}

int m3_node_serve(struct m3_node *node, int32_t *ids, int max)
{
	struct epoll_event events[64];
	int n, i, served = 0;

	n = epoll_wait(node->platform.epoll, events, max < 64 ? max : 64, 0);
	for (i = 0; i < n; i++)
		if (serve(node, events[i].data.u64))
			ids[served++] = (int32_t)(events[i].data.u64 >> 32);
	return served;
}

int m3_proxy_dcs(struct m3_proxy *p, uint16_t *dcs, int max)
{
	struct m3_request q = {
		.size = max > 0 ? (uint32_t)max * sizeof(*dcs) : 0,
		.data = m3_data(dcs),
	};

	return M3_ASK(p, proxy_dcs, &q);
}

int m3_proxy_open(struct m3_proxy *p, int dc, struct m3_dc_open *open)
{
	struct m3_request q = { .dc = dc, .data = m3_data(open) };

	return M3_ASK(p, proxy_open, &q);
}

int m3_proxy_opened(struct m3_proxy *p, const struct m3_dc_open *open)
{
	struct m3_request q = { .data = m3_data(open) };

	return M3_ASK(p, proxy_opened, &q);
}

int m3_proxy_disconnected(struct m3_proxy *p)
{
	struct m3_request q = { 0 };

	return M3_ASK(p, proxy_disconnected, &q);
}

int m3_proxy_give_up(struct m3_proxy *p, int error)
{
	struct m3_request q = { .flags = (uint32_t)error };

	return M3_ASK(p, proxy_give_up, &q);
}

int m3_proxy_chunk(struct m3_proxy *p, uint32_t bytes)
{
	struct m3_request q = { .flags = bytes };

	return M3_ASK(p, proxy_chunk, &q);
}

static int queues(struct m3_proxy *p, uint32_t *out, int max, uint32_t flags)
{
	struct m3_request q = {
		.size = max > 0 ? (uint32_t)max * sizeof(*out) : 0,
		.flags = flags,
		.data = m3_data(out),
	};

	return M3_ASK(p, proxy_queues, &q);
}

int m3_proxy_queues(struct m3_proxy *p, uint32_t *out, int max)
{
	return queues(p, out, max, 0);
}

int m3_proxy_rest(struct m3_proxy *p, uint32_t *out, int max)
{
	return queues(p, out, max, M3_QUEUES_REST);
}

int m3_proxy_take(struct m3_proxy *p, int dc, int lane, void *frame,
		  uint32_t size, uint32_t *count)
{
	struct m3_request q = { .dc = dc, .flags = (uint32_t)lane,
				.size = size, .data = m3_data(frame) };
	int e = M3_ASK(p, proxy_take, &q);

	*count = (uint32_t)q.value;
	return e;
}

int m3_proxy_acknowledge(struct m3_proxy *p, int dc, void *frame, uint32_t size)
{
	struct m3_request q = { .dc = dc, .size = size,
				.data = m3_data(frame) };

	return M3_ASK(p, proxy_acknowledge, &q);
}

int m3_proxy_put(struct m3_proxy *p, const void *frame, uint32_t size)
{
	struct m3_request q = { .size = size, .data = m3_data(frame) };

	return M3_ASK(p, proxy_put, &q);
}
