// SPDX-License-Identifier: MIT
/* The names of the paper: pairs of proxies (reference 1.4). */
#include "mnx_self.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

int mnx_pair_row(struct m3_node *node, int pxid, struct m3_pair_row *row)
{
	struct m3_request q = { .id = pxid, .data = m3_data(row) };

	return M3_ASK(node, pair_info, &q);
}

int mnx_pair_for(struct m3_node *node, int nodeid)
{
	struct m3_request q = { .id = nodeid };

	return M3_ASK(node, pair_serves, &q) ? 0 : (int)q.value;
}

static int serve(struct m3_node *node, int nodeid, int pxid)
{
	struct m3_request q = { .id = nodeid, .flags = M3_PAIR_SET,
				.value = (uint64_t)(pxid + 1) };

	return M3_ASK(node, pair_serves, &q);
}

/* This thread's node, and the row of a pair there. EBADNODEID. */
static int find_row(int pxid, struct m3_node **node, struct m3_pair_row *row)
{
	int e = mnx_node(node);

	return e ? e : mnx_pair_row(*node, pxid, row);
}

/* The same of a pair in use. EPROXYFREE. */
static int find_pair(int pxid, struct m3_node **node, struct m3_pair_row *row)
{
	int e = find_row(pxid, node, row);

	return !e && !(row->flags & PROXIES_INUSE) ? -M3_EPROXYFREE : e;
}

static int is_alive(uint32_t pid)
{
	return pid && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

int mnx_pair_of(struct m3_node *node, int as_sender, int as_receiver)
{
	struct m3_request q = {
		.pid = getpid(), .id = gettid(),
		.flags = (as_sender ? M3_PAIR_SENDER : 0u) |
			 (as_receiver ? M3_PAIR_RECEIVER : 0u),
	};
	int pxid = M3_ASK(node, pair_of, &q);

	return pxid < 0 ? -1 : pxid;
}

int mnx_proxies_bind(const char *name, int pxid, int spid, int rpid,
		     int maxbytes)
{
	struct m3_request q = { .id = pxid };
	struct m3_pair_row row;
	struct m3_node *node;
	int e = find_row(pxid, &node, &row);

	if (e)
		return e;
	if (strlen(name) >= M3_NAME_BYTES)
		return -M3_ENAMESIZE;
	if (maxbytes < 0 || (uint32_t)maxbytes > MAXCOPYBUF)
		return -M3_E2BIG;
	if (spid <= 0 || rpid <= 0 || !is_alive((uint32_t)spid) ||
	    !is_alive((uint32_t)rpid))
		return -M3_EBADPID;
	if (row.flags & PROXIES_INUSE &&
	    (is_alive(row.sender) || is_alive(row.receiver)))
		return -M3_ERSCBUSY;
	row.sender = (uint32_t)spid;
	row.receiver = (uint32_t)rpid;
	row.max_bytes = (uint32_t)maxbytes;
	memset(row.name, 0, sizeof(row.name));
	memcpy(row.name, name, strlen(name));
	q.data = m3_data(&row);
	return M3_ASK(node, pair_bind, &q);
}

static void end_half(uint32_t pid)
{
	if (pid != (uint32_t)getpid() && is_alive(pid))
		kill((pid_t)pid, SIGTERM);
}

int mnx_proxies_unbind(int pxid)
{
	struct m3_request q = { .id = pxid };
	struct m3_pair_row row;
	struct m3_node *node;
	int e = find_pair(pxid, &node, &row);
	uint32_t id;

	if (!e)
		e = M3_ASK(node, pair_unbind, &q);
	if (!e)
		e = M3_ASK(node, pair_close, &q);
	if (e)
		return e;
	for (id = 0; id < mnx_about()->max_nodes; id++)
		if (mnx_pair_for(node, (int)id) == pxid + 1) {
			serve(node, (int)id, -1);
			m3_node_down(node, (int)id);
		}
	end_half(row.sender);
	if (row.receiver != row.sender)
		end_half(row.receiver);
	return 0;
}

static int connect_half(struct m3_node *node, int pxid, uint32_t half)
{
	struct m3_request q = { .id = pxid, .flags = half };

	return M3_ASK(node, pair_connect, &q);
}

static int disconnect_half(struct m3_node *node, int pxid, uint32_t half)
{
	struct m3_request q = { .id = pxid, .size = half };
	int e = M3_ASK(node, pair_connect, &q);

	return e ? e : M3_ASK(node, pair_close, &q);
}

int mnx_proxy_conn(int pxid, int status)
{
	struct m3_pair_row row;
	struct m3_node *node;
	int e = find_pair(pxid, &node, &row);

	if (e)
		return e;
	switch (status) {
	case CONNECT_SPROXY:
		return connect_half(node, pxid, PROXIES_SCONNECTED);
	case CONNECT_RPROXY:
		return connect_half(node, pxid, PROXIES_RCONNECTED);
	case DISCONNECT_SPROXY:
		return disconnect_half(node, pxid, PROXIES_SCONNECTED);
	case DISCONNECT_RPROXY:
		return disconnect_half(node, pxid, PROXIES_RCONNECTED);
	default:
		return -M3_EBADVALUE;
	}
}

int mnx_node_up(const char *name, int nodeid, int pxid)
{
	struct m3_pair_row row;
	struct m3_node *node;
	int e = find_pair(pxid, &node, &row);

	if (e)
		return e == -M3_EBADNODEID ? -M3_EPROXYFREE : e;
	e = m3_node_up(node, nodeid, name);
	return e ? e : serve(node, nodeid, pxid);
}

int mnx_node_down(int nodeid)
{
	struct m3_node *node;
	int e = mnx_node(&node);

	if (!e)
		e = m3_node_down(node, nodeid);
	return e ? e : serve(node, nodeid, -1);
}

static void half_of(struct m3_node *node, int pxid,
		    const struct m3_pair_row *row, int sender, proc_usr_t *proc)
{
	uint32_t connected = sender ? PROXIES_SCONNECTED : PROXIES_RCONNECTED;
	struct m3_node_info info;
	uint32_t id;

	memset(proc, 0, sizeof(*proc));
	proc->p_nr = pxid;
	proc->p_endpoint = NONE;
	proc->p_dcid = -1;
	proc->p_lpid = (int)(sender ? row->sender : row->receiver);
	proc->p_vpid = proc->p_lpid;
	proc->p_nodeid = (int)mnx_about()->node;
	proc->p_misc_flags = MF_PROXY |
			     (row->flags & connected ? MF_CONNECTED : 0);
	proc->p_getfrom = proc->p_sendto = NONE;
	proc->p_waitmigr = proc->p_waitunbind = proc->p_proxy = NONE;
	memcpy(proc->p_name, row->name, M3_NAME_BYTES);
	for (id = 0; id < mnx_about()->max_nodes; id++) {
		if (mnx_pair_for(node, (int)id) != pxid + 1 ||
		    m3_getnodeinfo(node, (int)id, &info))
			continue;
		if (id < 8 * sizeof(unsigned long))
			proc->p_nodemap |= 1ul << id;
		proc->p_rmtsent += (long)(sender ? info.records_sent :
						   info.records_received);
	}
}

int mnx_getproxyinfo(int pxid, proc_usr_t *sproc, proc_usr_t *rproc)
{
	struct m3_pair_row row;
	struct m3_node *node;
	int e = find_pair(pxid, &node, &row);

	if (e)
		return e;
	half_of(node, pxid, &row, 1, sproc);
	half_of(node, pxid, &row, 0, rproc);
	return 0;
}

int mnx_getproxiesinfo(int pxid, proxies_usr_t *px)
{
	struct m3_pair_row row;
	struct m3_node *node;
	int e = find_row(pxid, &node, &row);

	if (e)
		return e;
	memset(px, 0, sizeof(*px));
	px->px_id = pxid;
	px->px_flags = row.flags;
	px->px_maxbytes = (int)row.max_bytes;
	px->px_maxbcmds = 1;
	memcpy(px->px_name, row.name, M3_NAME_BYTES);
	return 0;
}
