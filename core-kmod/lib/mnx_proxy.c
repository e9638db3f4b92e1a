// SPDX-License-Identifier: MIT
/*
 * The names of the paper: what a proxy sends and gets (reference 3).
 *
 * A payload is a whole frame of the core; the header in front of it is for the
 * proxies. What one half of a pair has to tell the other goes through the core:
 * calls/pair.c.
 */
#include "mnx_self.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OPEN_BYTES (sizeof(struct m3_frame_header) + sizeof(struct m3_dc_open))
#define ASKS 0x10000u /* c_flags: the connection is new, open the DC too */
#define SLICE_MS 100 /* a sender looks for new nodes and DCs */

void mnx_drop_links(struct mnx_thread *t)
{
	struct mnx_link *link;

	while ((link = t->links)) {
		t->links = link->next;
		m3_detach(link->proxy);
		free(link);
	}
}

static int add_link(struct mnx_thread *t, int peer)
{
	struct mnx_link *link;
	int e;

	for (link = t->links; link; link = link->next)
		if (link->peer == peer)
			return 0;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -M3_ENOMEM;
	e = m3_attach(t->node, peer, &link->proxy);
	if (e) {
		free(link);
		return e;
	}
	link->peer = peer;
	link->next = t->links;
	t->links = link;
	return 0;
}

/* Links to all nodes of the pair; fresh ones on a fresh connection. */
static int refresh_links(struct mnx_thread *t, int pxid, uint32_t connects)
{
	uint32_t id;
	int e = 0;

	if (connects != t->connects)
		mnx_drop_links(t);
	t->connects = connects;
	for (id = 0; !e && id < t->about.params.max_nodes; id++)
		if (mnx_pair_for(t->node, (int)id) == pxid + 1)
			e = add_link(t, (int)id);
	return e;
}

static uint32_t hellos_of(const struct mnx_link *link)
{
	struct m3_request q = { 0 };

	M3_ASK(link->proxy, proxy_hellos, &q);
	return (uint32_t)q.value;
}

/* ------------------------------------------------------------- headers */

static int command_of(const struct m3_record *rec)
{
	switch (rec->kind) {
	case M3_REC_SEND:
		return CMD_SEND_MSG;
	case M3_REC_SENDREC:
		return CMD_SNDREC_MSG;
	case M3_REC_REPLY:
		return CMD_REPLY_MSG;
	case M3_REC_NOTIFY:
		return CMD_NTFY_MSG;
	case M3_REC_SEND_ACK:
		return CMD_SEND_ACK;
	case M3_REC_ERROR:
		return CMD_SNDREC_ACK;
	case M3_REC_COPY_PULL:
		return CMD_COPYOUT_RQST;
	case M3_REC_COPY_DATA:
		return rec->flags & M3_RF_PULL ? CMD_COPYOUT_DATA :
						 CMD_COPYIN_DATA;
	case M3_REC_COPY_ACK:
		return CMD_COPYIN_ACK;
	default:
		return CMD_CONTROL;
	}
}

static int carries_message(const struct m3_record *rec)
{
	return rec->kind >= M3_REC_SEND && rec->kind <= M3_REC_NOTIFY &&
	       rec->length >= sizeof(*rec) + sizeof(struct m3_message);
}

static void tell_copy(proxy_hdr_t *h, const struct m3_record *rec,
		      const char *body)
{
	struct m3_copy_body copy;

	memcpy(&copy, body, sizeof(copy));
	h->c_vcopy.v_src = rec->src;
	h->c_vcopy.v_dst = rec->dst;
	h->c_vcopy.v_rqtr = rec->flags & M3_RF_PULL ? rec->dst : rec->src;
	h->c_vcopy.v_saddr = copy.address;
	h->c_vcopy.v_daddr = copy.address;
	h->c_vcopy.v_bytes = (int)copy.bytes;
}

/* What the first record of a frame of this node is. */
static void tell_record(struct m3_node *node, proxy_hdr_t *h,
			const char *frame)
{
	struct m3_record rec;
	struct m3_proc_info info;
	const char *body = frame + sizeof(struct m3_frame_header) + sizeof(rec);

	memcpy(&rec, frame + sizeof(struct m3_frame_header), sizeof(rec));
	h->c_cmd = command_of(&rec);
	h->c_src = rec.src;
	h->c_dst = rec.dst;
	h->c_rcode = rec.status;
	if (carries_message(&rec))
		memcpy(&h->c_msg, body, sizeof(h->c_msg));
	else if (rec.kind == M3_REC_COPY_PULL || rec.kind == M3_REC_COPY_DATA)
		tell_copy(h, &rec, body);
	if (!m3_getprocinfo(node, h->c_dcid, rec.src, &info))
		h->c_pid = info.pid;
}

static void tell(struct m3_node *node, const struct mnx_link *link,
		 proxy_hdr_t *h, const char *frame, int size)
{
	struct m3_frame_header header;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	memset(h, 0, sizeof(*h));
	memcpy(&header, frame, sizeof(header));
	h->c_cmd = CMD_HELLO;
	h->c_dcid = header.dc;
	h->c_src = h->c_dst = NONE;
	h->c_snode = (int)mnx_about()->node;
	h->c_dnode = link->peer;
	h->c_len = size;
	h->c_timestamp = now;
	if (header.type == M3_FRAME_DATA && header.count)
		tell_record(node, h, frame);
}

/* -------------------------------------------------------------- sender */

static int open_dc(struct m3_node *node, struct mnx_link *link, uint32_t dc,
		   proxy_hdr_t *h, char *frame)
{
	uint32_t hellos = hellos_of(link);
	struct m3_frame_header header = { .type = M3_FRAME_OPEN };
	struct m3_dc_info info;
	struct m3_dc_open open;
	int e = m3_getdcinfo(node, (int)dc, &info), asks;

	if (e)
		return e;
	asks = link->opened[dc] != info.incarnation;
	if (!asks && link->answered[dc] == hellos)
		return 0;
	e = m3_proxy_open(link->proxy, (int)dc, &open);
	if (e)
		return e;
	header.dc = (uint16_t)dc;
	memcpy(frame, &header, sizeof(header));
	memcpy(frame + sizeof(header), &open, sizeof(open));
	link->opened[dc] = info.incarnation;
	link->answered[dc] = hellos;
	tell(node, link, h, frame, OPEN_BYTES);
	h->c_flags = asks ? ASKS : 0;
	return OPEN_BYTES;
}

/* 0 also if the peer has asked for an OPEN meanwhile: that goes first. */
static int take(struct m3_node *node, struct mnx_link *link, uint32_t queue,
		proxy_hdr_t *h, char *frame)
{
	struct m3_request q = { .dc = (int32_t)(queue >> 8),
				.flags = queue & 0xff, .size = MAXCOPYBUF,
				.value = link->answered[queue >> 8],
				.data = m3_data(frame) };
	int e = M3_ASK(link->proxy, proxy_take_since, &q);

	if (e > 0)
		tell(node, link, h, frame, e);
	return e;
}

/* A DC that ends, or leaves the node, ends no link. */
static int survives(int e)
{
	return e == -M3_EDCNOTRUN || e == -M3_ENODCNODE;
}

/*
 * The next frame to one node: bytes, or 0. Records go before bare
 * acknowledgements, which ride on them; looking for records arms the bell.
 */
static int next_frame(struct m3_node *node, struct mnx_link *link,
		      proxy_hdr_t *h, char *frame)
{
	uint16_t dcs[M3_MAX_DCS];
	uint32_t queues[4 * M3_LANES];
	int n = m3_proxy_dcs(link->proxy, dcs, M3_MAX_DCS), i, e = 0, m;

	for (i = 0; i < n; i++) {
		e = open_dc(node, link, dcs[i], h, frame);
		if (e && !survives(e))
			return e;
	}
	m = m3_proxy_queues(link->proxy, queues, 4 * M3_LANES);
	for (i = 0; i < m; i++) {
		e = take(node, link, queues[i], h, frame);
		if (e && !survives(e))
			return e;
	}
	for (i = 0; i < n; i++) {
		e = m3_proxy_acknowledge(link->proxy, dcs[i], frame,
					 MAXCOPYBUF);
		if (e > 0)
			tell(node, link, h, frame, e);
		if (e && !survives(e))
			return e;
	}
	return n < 0 ? n : m < 0 ? m : 0;
}

/* What may leave now: bytes, 0, or an error. */
static int look(int pxid, proxy_hdr_t *h, char *frame)
{
	struct mnx_thread *t = mnx_thread();
	struct m3_pair_row row;
	struct mnx_link *link;
	int32_t ids[64];
	int e = mnx_pair_row(t->node, pxid, &row);

	if (e || !(row.flags & PROXIES_INUSE))
		return -M3_ENOPROXY;
	if (!(row.flags & PROXIES_SCONNECTED))
		return -M3_ENOTCONN;
	e = refresh_links(t, pxid, row.connects);
	if (e)
		return e;
	while (m3_node_serve(t->node, ids, 64) == 64)
		;
	for (link = t->links; link; link = link->next) {
		e = next_frame(t->node, link, h, frame);
		if (e)
			return e;
	}
	return 0;
}

/* How long to sleep at most, ms; -1: the deadline has passed. */
static int left_ms(uint64_t start, int timeout)
{
	uint64_t past = (m3_clock_ns() - start) / 1000000u;

	if (timeout < 0)
		return SLICE_MS;
	if (past >= (uint64_t)timeout)
		return -1;
	past = (uint64_t)timeout - past;
	return past < SLICE_MS ? (int)past : SLICE_MS;
}

int mnx_get2rmt_T(proxy_hdr_t *hdr, proxy_payload_t *payload, long to_ms)
{
	uint64_t start = m3_clock_ns();
	struct pollfd bell = { .events = POLLIN };
	struct m3_node *node;
	int e = mnx_node(&node), pxid, ms;

	if (e)
		return e;
	pxid = mnx_pair_of(node, 1, 0);
	if (pxid < 0)
		return -M3_ENOPROXY;
	bell.fd = m3_node_bell(node);
	while ((e = look(pxid, hdr, payload->pay_data)) == 0) {
		ms = left_ms(start, mnx_ms(to_ms));
		if (ms < 0)
			return -M3_ETIMEDOUT;
		if (poll(&bell, 1, ms) < 0 && errno == EINTR)
			return -M3_EINTR;
	}
	return e < 0 ? e : 0;
}

int mnx_get2rmt(proxy_hdr_t *hdr, proxy_payload_t *payload)
{
	return mnx_get2rmt_T(hdr, payload, HELLO_PERIOD);
}

/* ------------------------------------------------------------ receiver */

/* The receiver's pair, once the header is for this node. */
static int check_header(struct m3_node *node, const proxy_hdr_t *h)
{
	int pxid = mnx_pair_of(node, 0, 1), serves;
	struct m3_pair_row row;

	if (pxid < 0 || mnx_pair_row(node, pxid, &row))
		return -M3_ENOPROXY;
	if (!(row.flags & PROXIES_RCONNECTED))
		return -M3_ENOTCONN;
	if (h->c_dnode != (int)mnx_about()->node || h->c_snode < 0 ||
	    (uint32_t)h->c_snode >= mnx_about()->max_nodes)
		return -M3_EBADNODEID;
	serves = mnx_pair_for(node, h->c_snode);
	/* Not up yet: like a DC that does not span it yet. */
	if (!serves)
		return -M3_ENODCNODE;
	if (serves != pxid + 1)
		return -M3_ENONODE;
	return (uint32_t)h->c_len < sizeof(struct m3_frame_header) ||
			       (uint32_t)h->c_len > MAXCOPYBUF ?
		       -M3_EMSGSIZE : 0;
}

int mnx_put2lcl(proxy_hdr_t *hdr, proxy_payload_t *payload)
{
	struct m3_request q = { .data = m3_data(payload->pay_data) };
	struct m3_node *node;
	int e = mnx_node(&node);

	if (e || hdr->c_cmd == CMD_NONE)
		return e;
	e = check_header(node, hdr);
	if (e)
		return e;
	q.id = hdr->c_snode;
	q.size = (uint32_t)hdr->c_len;
	q.flags = hdr->c_flags & ASKS ? M3_PAIR_ASKS : 0;
	return M3_ASK(node, pair_put, &q);
}
