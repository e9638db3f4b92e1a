// SPDX-License-Identifier: MIT
/* Management of a node's core. */
#include "lib.h"
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* One request of a device that is opened for it only. */
static int device_once(const char *path, uint32_t number,
		       struct m3_request *q)
{
	int fd, e = m3_device_open(path, number, q, &fd);

	if (!e)
		close(fd);
	return e;
}

int m3_dvs_init(const char *dir, const struct m3_dvs_params *params)
{
	const char *path = m3_device_path(dir);
	struct m3_request q = { .data = m3_data(params) };

	return path ? device_once(path, M3_REQ_dvs_init, &q) :
		      m3_embedded_init(dir, params);
}

int m3_dvs_end(const char *dir)
{
	const char *path = m3_device_path(dir);
	struct m3_request q = { 0 };

	return path ? device_once(path, M3_REQ_dvs_end, &q) :
		      m3_embedded_end(dir);
}

static int device_node(const char *path, struct m3_node **out)
{
	struct m3_node *node = calloc(1, sizeof(*node));
	struct m3_request q = { 0 };
	int e;

	if (!node)
		return -M3_ENOMEM;
	/* Its proxies open it too. */
	if (strlen(path) >= sizeof(node->platform.dir))
		e = -M3_ENOENT;
	else
		e = m3_device_open(path, M3_REQ_open, &q, &node->device);
	if (e) {
		free(node);
		return e;
	}
	strcpy(node->platform.dir, path);
	node->platform.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (node->platform.epoll < 0) {
		close(node->device);
		free(node);
		return -M3_EIO;
	}
	*out = node;
	return 0;
}

int m3_node_open(const char *dir, struct m3_node **node)
{
	const char *path = m3_device_path(dir);

	return path ? device_node(path, node) : m3_embedded_open(dir, node);
}

void m3_node_close(struct m3_node *node)
{
	uint32_t peer;

	for (peer = 0; peer < M3_MAX_NODES; peer++)
		while (node->platform.proxies[peer])
			m3_detach(node->platform.proxies[peer]);
	if (node->device < 0) {
		m3_embedded_close(node);
		return;
	}
	close(node->platform.epoll);
	close(node->device);
	free(node);
}

int m3_getdvsinfo(struct m3_node *node, struct m3_dvs_info *info)
{
	struct m3_request q = { .data = m3_data(info) };

	return M3_ASK(node, getdvsinfo, &q);
}

int m3_dc_init(struct m3_node *node, const struct m3_dc_params *params)
{
	struct m3_request q = { .data = m3_data(params) };

	return M3_ASK(node, dc_init, &q);
}

int m3_dc_end(struct m3_node *node, int dc)
{
	struct m3_request q = { .dc = dc };

	return M3_ASK(node, dc_end, &q);
}

int m3_getdcinfo(struct m3_node *node, int dc, struct m3_dc_info *info)
{
	struct m3_request q = { .dc = dc, .data = m3_data(info) };

	return M3_ASK(node, getdcinfo, &q);
}

int m3_dc_counters(struct m3_node *node, int dc,
		   struct m3_dc_counters *counters)
{
	struct m3_request q = { .dc = dc, .data = m3_data(counters) };

	return M3_ASK(node, dc_counters, &q);
}

int m3_getprocinfo(struct m3_node *node, int dc, int p_nr,
		   struct m3_proc_info *info)
{
	struct m3_request q = { .dc = dc, .ep = p_nr, .data = m3_data(info) };

	return M3_ASK(node, getprocinfo, &q);
}

int m3_node_up(struct m3_node *node, int id, const char *name)
{
	struct m3_request q = { .id = id };
	int e = m3_request_name(&q, name);

	return e ? e : M3_ASK(node, node_up, &q);
}

int m3_node_down(struct m3_node *node, int id)
{
	struct m3_request q = { .id = id };

	return M3_ASK(node, node_down, &q);
}

int m3_getnodeinfo(struct m3_node *node, int id, struct m3_node_info *info)
{
	struct m3_request q = { .id = id, .data = m3_data(info) };

	return M3_ASK(node, getnodeinfo, &q);
}

int m3_getlaneinfo(struct m3_node *node, int dc, int id, int lane,
		   struct m3_lane_info *info)
{
	struct m3_request q = { .dc = dc, .id = id, .flags = (uint32_t)lane,
				.data = m3_data(info) };

	return M3_ASK(node, getlaneinfo, &q);
}

int m3_getproxyinfo(struct m3_node *node, int id, struct m3_proxy_info *info)
{
	struct m3_request q = { .id = id, .data = m3_data(info) };

	return M3_ASK(node, getproxyinfo, &q);
}

int m3_add_node(struct m3_node *node, int dc, int id)
{
	struct m3_request q = { .dc = dc, .id = id };

	return M3_ASK(node, add_node, &q);
}

int m3_del_node(struct m3_node *node, int dc, int id)
{
	struct m3_request q = { .dc = dc, .id = id };

	return M3_ASK(node, del_node, &q);
}

int m3_dc_spans(struct m3_node *node, int dc, int id)
{
	struct m3_request q = { .dc = dc, .id = id };

	return M3_ASK(node, dc_spans, &q);
}

int m3_check(struct m3_node *node, int dc)
{
	struct m3_request q = { .dc = dc };

	return M3_ASK(node, check, &q);
}

int m3_sweep(struct m3_node *node)
{
	struct m3_request q = { 0 };

	return M3_ASK(node, sweep, &q);
}
