// SPDX-License-Identifier: MIT
/* The names of the paper: pairs of proxies (reference 1.4). */
#include "mnx_self.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct m3_pair_row *pair_row(struct m3_node *node, int pxid)
{
	return pxid < 0 || (uint32_t)pxid >= node->region->max_nodes ?
		       NULL : &node->region->pairs[pxid];
}

/* This thread's node, and the row of a pair there. EBADNODEID. */
static int find_row(int pxid, struct m3_node **node, struct m3_pair_row **row)
{
	int e = mnx_node(node);

	if (e)
		return e;
	*row = pair_row(*node, pxid);
	return *row ? 0 : -M3_EBADNODEID;
}

/* The same of a pair in use. EPROXYFREE. */
static int find_pair(int pxid, struct m3_node **node, struct m3_pair_row **row)
{
	int e = find_row(pxid, node, row);

	if (!e && !((*row)->flags & PROXIES_INUSE))
		return -M3_EPROXYFREE;
	return e;
}

static int is_alive(uint32_t pid)
{
	return pid && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

static int is_me(uint32_t id)
{
	return id == (uint32_t)gettid() || id == (uint32_t)getpid();
}

int mnx_pair_of(struct m3_node *node, int as_sender, int as_receiver)
{
	const struct m3_pair_row *row = node->region->pairs;
	uint32_t i;

	for (i = 0; i < node->region->max_nodes; i++, row++)
		if (row->flags & PROXIES_INUSE &&
		    ((as_sender && is_me(row->sender)) ||
		     (as_receiver && is_me(row->receiver))))
			return (int)i;
	return -1;
}

int mnx_proxies_bind(const char *name, int pxid, int spid, int rpid,
		     int maxbytes)
{
	struct m3_pair_row *row;
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
	if (row->flags & PROXIES_INUSE &&
	    (is_alive(row->sender) || is_alive(row->receiver)))
		return -M3_ERSCBUSY;
	row->sender = (uint32_t)spid;
	row->receiver = (uint32_t)rpid;
	row->max_bytes = (uint32_t)maxbytes;
	memset(row->name, 0, sizeof(row->name));
	memcpy(row->name, name, strlen(name));
	/* Last: a proxy that looks for itself sees the whole row. */
	__atomic_store_n(&row->flags, PROXIES_INUSE, __ATOMIC_RELEASE);
	return 0;
}

/* Closes the DCs to every node of a pair: nothing is taken or put. */
static void disconnect_nodes(struct m3_node *node, int pxid)
{
	struct m3_section s;
	uint32_t id, dc;

	for (id = 0; id < node->region->max_nodes; id++) {
		if (node->region->nodes[id].pair != (uint32_t)pxid + 1)
			continue;
		for (dc = 0; dc < node->region->max_dcs; dc++) {
			if (!node->region->dcs[dc].running ||
			    m3_dc_begin(node, (int)dc, &s))
				continue;
			if (*m3_spans(s.t.r, id))
				m3_peer_disconnect(&s.t, id);
			m3_end(&s);
		}
	}
}

static void end_half(uint32_t pid)
{
	if (pid != (uint32_t)getpid() && is_alive(pid))
		kill((pid_t)pid, SIGTERM);
}

int mnx_proxies_unbind(int pxid)
{
	struct m3_pair_row *row;
	struct m3_node *node;
	int e = find_pair(pxid, &node, &row);
	uint32_t id;

	if (e)
		return e;
	row->flags = PROXIES_FREE;
	disconnect_nodes(node, pxid);
	for (id = 0; id < node->region->max_nodes; id++)
		if (node->region->nodes[id].pair == (uint32_t)pxid + 1) {
			node->region->nodes[id].pair = 0;
			m3_node_down(node, (int)id);
		}
	end_half(row->sender);
	if (row->receiver != row->sender)
		end_half(row->receiver);
	return 0;
}

int mnx_proxy_conn(int pxid, int status)
{
	struct m3_pair_row *row;
	struct m3_node *node;
	int e = find_pair(pxid, &node, &row);

	if (e)
		return e;
	switch (status) {
	case CONNECT_SPROXY:
		__atomic_fetch_add(&row->connects, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_or(&row->flags, PROXIES_SCONNECTED,
				  __ATOMIC_SEQ_CST);
		return 0;
	case CONNECT_RPROXY:
		__atomic_fetch_or(&row->flags, PROXIES_RCONNECTED,
				  __ATOMIC_SEQ_CST);
		return 0;
	case DISCONNECT_SPROXY:
	case DISCONNECT_RPROXY:
		__atomic_fetch_and(&row->flags,
				   status == DISCONNECT_SPROXY ?
					   ~(uint32_t)PROXIES_SCONNECTED :
					   ~(uint32_t)PROXIES_RCONNECTED,
				   __ATOMIC_SEQ_CST);
		disconnect_nodes(node, pxid);
		return 0;
	default:
		return -M3_EBADVALUE;
	}
}

int mnx_node_up(const char *name, int nodeid, int pxid)
{
	struct m3_pair_row *row;
	struct m3_node *node;
	int e = mnx_node(&node);

	if (e)
		return e;
	row = pair_row(node, pxid);
	if (!row || !(row->flags & PROXIES_INUSE))
		return -M3_EPROXYFREE;
	e = m3_node_up(node, nodeid, name);
	if (!e)
		node->region->nodes[nodeid].pair = (uint32_t)pxid + 1;
	return e;
}

int mnx_node_down(int nodeid)
{
	struct m3_node *node;
	int e = mnx_node(&node);

	if (!e)
		e = m3_node_down(node, nodeid);
	if (!e)
		node->region->nodes[nodeid].pair = 0;
	return e;
}

static void half_of(struct m3_node *node, int pxid, int sender,
		    proc_usr_t *proc)
{
	const struct m3_pair_row *row = &node->region->pairs[pxid];
	uint32_t connected = sender ? PROXIES_SCONNECTED : PROXIES_RCONNECTED;
	struct m3_node_info info;
	uint32_t id;

	memset(proc, 0, sizeof(*proc));
	proc->p_nr = pxid;
	proc->p_endpoint = NONE;
	proc->p_dcid = -1;
	proc->p_lpid = (int)(sender ? row->sender : row->receiver);
	proc->p_vpid = proc->p_lpid;
	proc->p_nodeid = (int)node->region->node;
	proc->p_misc_flags = MF_PROXY |
			     (row->flags & connected ? MF_CONNECTED : 0);
	proc->p_getfrom = proc->p_sendto = NONE;
	proc->p_waitmigr = proc->p_waitunbind = proc->p_proxy = NONE;
	memcpy(proc->p_name, row->name, M3_NAME_BYTES);
	for (id = 0; id < node->region->max_nodes; id++) {
		if (node->region->nodes[id].pair != (uint32_t)pxid + 1 ||
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
	struct m3_pair_row *row;
	struct m3_node *node;
	int e = find_pair(pxid, &node, &row);

	if (e)
		return e;
	half_of(node, pxid, 1, sproc);
	half_of(node, pxid, 0, rproc);
	return 0;
}

int mnx_getproxiesinfo(int pxid, proxies_usr_t *px)
{
	struct m3_pair_row *row;
	struct m3_node *node;
	int e = find_row(pxid, &node, &row);

	if (e)
		return e;
	memset(px, 0, sizeof(*px));
	px->px_id = pxid;
	px->px_flags = row->flags;
	px->px_maxbytes = (int)row->max_bytes;
	px->px_maxbcmds = 1;
	memcpy(px->px_name, row->name, M3_NAME_BYTES);
	return 0;
}
