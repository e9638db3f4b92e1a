// SPDX-License-Identifier: MIT
/* A node's core in a directory: made, opened, ended. */
#include "../calls/calls.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1: made it; 0: it is there. */
static int dir_ready(const char *dir)
{
	if (mkdir(dir, 0755) == 0)
		return 1;
	return errno == EEXIST ? 0 : m3_errno(errno);
}

static int node_fill(int fd, const struct m3_dvs_params *params)
{
	struct m3_node_region *n = mmap(NULL, sizeof(*n),
					PROT_READ | PROT_WRITE, MAP_SHARED,
					fd, 0);

	if (n == MAP_FAILED)
		return m3_errno(errno);
	m3_node_fill(n, params);
	n->incarnation = m3_new_incarnation();
	n->pid_namespace = m3_pid_namespace();
	n->spin_ns = m3_calibrate();
	n->magic = M3_REGION_MAGIC;
	munmap(n, sizeof(*n));
	return 0;
}

static int node_create(const char *dir, const struct m3_dvs_params *params)
{
	char path[M3_PATH_BYTES], temporary[M3_PATH_BYTES];
	int fd, e;

	snprintf(path, sizeof(path), "%s/node", dir);
	snprintf(temporary, sizeof(temporary), "%s/node.new", dir);
	if (access(path, F_OK) == 0)
		return -M3_EDVSBUSY;
	e = m3_file_create(temporary, sizeof(struct m3_node_region),
			   sizeof(struct m3_node_region), 0644, (uint32_t)-1,
			   &fd);
	if (e)
		return e;
	e = node_fill(fd, params);
	close(fd);
	/* link, not rename: the first of two creators wins. */
	if (!e && link(temporary, path))
		e = errno == EEXIST ? -M3_EDVSBUSY : m3_errno(errno);
	unlink(temporary);
	return e;
}

int m3_embedded_init(const char *dir, const struct m3_dvs_params *params)
{
	int made, e;

	e = m3_dvs_verify(params);
	if (e)
		return e;
	made = dir_ready(dir);
	if (made < 0)
		return made;
	e = node_create(dir, params);
	if (e && made)
		rmdir(dir);
	return e;
}

int m3_embedded_end(const char *dir)
{
	struct m3_node *node;
	char path[M3_PATH_BYTES];
	struct m3_request q = { 0 };
	uint32_t i;
	int e = m3_embedded_open(dir, &node);

	if (e)
		return e;
	for (i = 0; i < node->region->max_dcs; i++) {
		q.dc = (int32_t)i;
		if (node->region->dcs[i].running)
			m3_do_dc_end(node, &q, NULL);
		/*
		 * What could not be ended in order, say a ruined file, goes
		 * too, and what is left by who was killed while ending a DC.
		 */
		m3_dc_remove(dir, i);
	}
	m3_embedded_close(node);
	snprintf(path, sizeof(path), "%s/node", dir);
	if (unlink(path))
		return m3_errno(errno);
	rmdir(dir);
	return 0;
}

int m3_embedded_open(const char *dir, struct m3_node **out)
{
	struct m3_node *node = calloc(1, sizeof(*node));
	int e;

	if (!node)
		return -M3_ENOMEM;
	if (strlen(dir) >= sizeof(node->platform.dir)) {
		free(node);
		return -M3_ENOENT;
	}
	strcpy(node->platform.dir, dir);
	node->device = -1;
	e = m3_node_file_open(dir, 1, &node->platform.fd, &node->region);
	if (e) {
		free(node);
		return e;
	}
	node->platform.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (node->platform.epoll < 0) {
		m3_node_file_close(node->platform.fd, node->region);
		free(node);
		return -M3_EIO;
	}
	*out = node;
	return 0;
}

void m3_embedded_close(struct m3_node *node)
{
	uint32_t i;

	for (i = 0; i < M3_MAX_DCS; i++)
		if (node->maps[i])
			m3_node_dc_close(node, (int)i);
	close(node->platform.epoll);
	m3_node_file_close(node->platform.fd, node->region);
	free(node);
}

/* The DC's file was made for this node: the same ids are in range. */
static int same_node(const struct m3_node *node, const struct m3_region *r)
{
	return r->node == node->region->node &&
	       r->nodes == node->region->max_nodes ? 0 : -M3_EIO;
}

void m3_node_dc_close(struct m3_node *node, int dc)
{
	struct m3_proxy *p;
	uint32_t peer;

	/* The words of their bells are in it. */
	for (peer = 0; peer < M3_MAX_NODES; peer++)
		for (p = node->platform.proxies[peer]; p; p = p->next)
			p->holds[dc].quiet = 0;
	m3_map_close(node->maps[dc]);
	node->maps[dc] = NULL;
}

int m3_node_dc(struct m3_node *node, int dc, struct m3_map **map)
{
	int e;

	if (dc < 0 || (uint32_t)dc >= node->region->max_dcs)
		return -M3_EBADDCID;
	if (node->maps[dc] && m3_map_forked(node->maps[dc]))
		return -M3_EFORKED;
	/* Ended and started again by somebody: the old map is a dead file. */
	if (node->maps[dc] && !node->maps[dc]->r->running)
		m3_node_dc_close(node, dc);
	if (!node->maps[dc]) {
		if (!node->region->dcs[dc].running)
			return -M3_EDCNOTRUN;
		e = m3_map_open(node->platform.dir, (uint32_t)dc, node->region->spin_ns,
				&node->maps[dc]);
		if (e)
			return e;
		e = same_node(node, node->maps[dc]->r);
		if (e) {
			m3_node_dc_close(node, dc);
			return e;
		}
	}
	*map = node->maps[dc];
	return 0;
}

void m3_node_lock(struct m3_node *node)
{
	while (flock(node->platform.fd, LOCK_EX) && errno == EINTR)
		;
}

void m3_node_unlock(struct m3_node *node)
{
	flock(node->platform.fd, LOCK_UN);
}

int m3_dc_make(struct m3_node *node, const struct m3_dc_params *params)
{
	if (params->flags & M3_DC_CGROUP)
		return -M3_ENOSYS;
	return m3_dc_create(node->platform.dir, node->region, params);
}

void m3_dc_unmake(struct m3_node *node, uint32_t dc)
{
	m3_dc_remove(node->platform.dir, dc);
}
