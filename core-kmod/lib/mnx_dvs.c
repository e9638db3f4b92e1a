// SPDX-License-Identifier: MIT
/* The names of the paper: DVS, DCs, nodes and what they tell (1.2, 1.4). */
#include "mnx_self.h"
#include <stdio.h>
#include <string.h>

#define SET_BITS (8 * (uint32_t)sizeof(unsigned long))

int mnx_dvs_init(int nodeid, dvs_usr_t *dvs)
{
	struct m3_dvs_params params = {
		.node = (uint32_t)nodeid,
		.max_nodes = NR_NODES,
		.max_dcs = NR_DCS,
		.cluster = "dvs",
	};
	char dir[PATH_MAX];
	int e = nodeid < 0 ? -M3_EBADNODEID :
			     mnx_dir(dir, sizeof(dir), nodeid);

	if (e)
		return e;
	if (dvs && (dvs->d_nr_nodes < 0 || dvs->d_nr_dcs < 0))
		return -M3_EBADRANGE;
	if (dvs && dvs->d_nr_nodes)
		params.max_nodes = (uint32_t)dvs->d_nr_nodes;
	if (dvs && dvs->d_nr_dcs)
		params.max_dcs = (uint32_t)dvs->d_nr_dcs;
	if (dvs && dvs->d_name[0])
		memcpy(params.cluster, dvs->d_name, M3_NAME_BYTES);
	e = m3_dvs_init(dir, &params);
	return e ? mnx_error(e) : nodeid;
}

int mnx_dvs_end(void)
{
	char dir[PATH_MAX];
	int e = mnx_dir(dir, sizeof(dir), -1);

	return e ? e : mnx_error(m3_dvs_end(dir));
}

int mnx_getdvsinfo(dvs_usr_t *dvs)
{
	struct m3_dvs_info info;
	struct m3_node *node;

	if (mnx_node(&node) || m3_getdvsinfo(node, &info))
		return -1;
	memset(dvs, 0, sizeof(*dvs));
	memcpy(dvs->d_name, info.params.cluster, M3_NAME_BYTES);
	dvs->d_nr_dcs = (int)info.params.max_dcs;
	dvs->d_nr_nodes = (int)info.params.max_nodes;
	dvs->d_nr_tasks = M3_MAX_TASKS;
	dvs->d_nr_procs = M3_MAX_ENDPOINTS;
	dvs->d_nr_sysprocs = M3_MAX_ENDPOINTS;
	dvs->d_max_copybuf = MAXCOPYBUF;
	dvs->d_max_copylen = MAXCOPYLEN;
	dvs->d_version = (int)info.abi_version;
	dvs->d_size_proc = sizeof(struct m3_slot);
	return (int)info.params.node;
}

int mnx_dc_init(dc_usr_t *dc)
{
	struct m3_dc_params params = {
		.dc = (uint32_t)dc->dc_dcid,
		.tasks = dc->dc_nr_tasks ? (uint32_t)dc->dc_nr_tasks : NR_TASKS,
		.procs = dc->dc_nr_procs ? (uint32_t)dc->dc_nr_procs : NR_PROCS,
		.arena_bytes = 16u << 20,
		.gid = (uint32_t)-1,
		.warn2proc = dc->dc_warn2proc,
		.warnmsg = dc->dc_warn2proc == NONE ? 0 : dc->dc_warnmsg,
	};
	struct m3_node *node;
	int e = mnx_node(&node);

	if (e)
		return e;
	memcpy(params.cpus, dc->dc_cpumask, sizeof(params.cpus));
	memcpy(params.name, dc->dc_name, M3_NAME_BYTES);
	/* Who names none gets one: names tell DCs apart here. */
	if (!params.name[0])
		snprintf(params.name, sizeof(params.name), "DC%u",
			 params.dc % 10000);
	e = m3_dc_init(node, &params);
	return e ? mnx_error(e) : (int)mnx_about()->node;
}

int mnx_dc_end(int dcid)
{
	struct m3_node *node;
	int e = mnx_node(&node);

	return e ? e : m3_dc_end(node, dcid);
}

static unsigned long nodes_of(struct m3_node *node, int dcid, int *count)
{
	unsigned long set = 0;
	uint32_t id;

	*count = 0;
	for (id = 0; id < mnx_about()->max_nodes; id++) {
		if (m3_dc_spans(node, dcid, (int)id) != 1)
			continue;
		++*count;
		if (id < SET_BITS)
			set |= 1ul << id;
	}
	return set;
}

int mnx_getdcinfo(int dcid, dc_usr_t *dc)
{
	struct m3_dc_info info;
	struct m3_node *node;
	int e = mnx_dcid(&dcid);

	if (!e)
		e = mnx_node(&node);
	if (!e)
		e = m3_getdcinfo(node, dcid, &info);
	if (e)
		return e;
	memset(dc, 0, sizeof(*dc));
	dc->dc_dcid = dcid;
	dc->dc_nr_procs = (int)info.params.procs;
	dc->dc_nr_tasks = (int)info.params.tasks;
	dc->dc_nr_sysprocs = (int)(info.params.procs + info.params.tasks);
	dc->dc_nodes = nodes_of(node, dcid, &dc->dc_nr_nodes);
	dc->dc_warn2proc = info.params.warn2proc;
	dc->dc_warnmsg = info.params.warnmsg;
	memcpy(dc->dc_name, info.params.name, M3_NAME_BYTES);
	memcpy(dc->dc_cpumask, info.params.cpus, sizeof(dc->dc_cpumask));
	return 0;
}

int mnx_add_node(int dcid, int nodeid)
{
	struct m3_node *node;
	int e = mnx_node(&node);

	return e ? e : m3_add_node(node, dcid, nodeid);
}

int mnx_del_node(int dcid, int nodeid)
{
	struct m3_node *node;
	int e = mnx_node(&node);

	return e ? e : m3_del_node(node, dcid, nodeid);
}

int mnx_getprocinfo(int dcid, int p_nr, proc_usr_t *proc)
{
	struct m3_proc_info info;
	struct m3_node *node;
	int e = mnx_dcid(&dcid);

	if (!e)
		e = mnx_node(&node);
	if (!e)
		e = m3_getprocinfo(node, dcid, p_nr, &info);
	if (e)
		return e;
	memset(proc, 0, sizeof(*proc));
	proc->p_nr = info.p_nr;
	proc->p_endpoint = info.endpoint;
	proc->p_dcid = dcid;
	proc->p_rts_flags = info.rts_flags;
	proc->p_lpid = info.pid ? info.pid : -1;
	proc->p_vpid = proc->p_lpid;
	proc->p_nodeid = info.node;
	if ((uint32_t)info.node < SET_BITS)
		proc->p_nodemap = 1ul << info.node;
	proc->p_misc_flags = info.misc_flags;
	proc->p_getfrom = info.getfrom;
	proc->p_sendto = info.sendto;
	proc->p_waitmigr = info.waitmigr;
	proc->p_waitunbind = info.rts_flags & M3_RTS_WAITUNBIND ?
				     info.sendto : NONE;
	proc->p_proxy = info.proxy;
	proc->p_lclsent = (long)info.local_sent;
	proc->p_rmtsent = (long)info.remote_sent;
	proc->p_lclcopy = (long)info.local_copies;
	proc->p_rmtcopy = (long)info.remote_copies;
	memcpy(proc->p_name, info.name, M3_NAME_BYTES);
	return 0;
}

static struct timespec time_of(uint64_t ns)
{
	struct timespec time = { (time_t)(ns / 1000000000u),
				 (long)(ns % 1000000000u) };

	return time;
}

int mnx_getnodeinfo(int nodeid, node_usr_t *out)
{
	struct m3_node_info info;
	struct m3_node *node;
	int e = mnx_node(&node);
	uint32_t dc;

	if (!e && nodeid == LOCALNODE)
		nodeid = (int)mnx_about()->node;
	if (!e)
		e = m3_getnodeinfo(node, nodeid, &info);
	if (e)
		return e;
	memset(out, 0, sizeof(*out));
	out->n_nodeid = nodeid;
	out->n_flags = info.flags;
	out->n_proxies = mnx_pair_for(node, nodeid) - 1;
	for (dc = 0; dc < mnx_about()->max_dcs && dc < SET_BITS; dc++)
		if (m3_dc_spans(node, (int)dc, nodeid) == 1)
			out->n_dcs |= 1ul << dc;
	out->n_stimestamp = time_of(info.send_time);
	out->n_rtimestamp = time_of(info.receive_time);
	out->n_pxsent = info.records_sent;
	out->n_pxrcvd = info.records_received;
	memcpy(out->n_name, info.name, M3_NAME_BYTES);
	return 0;
}
