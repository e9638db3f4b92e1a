// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * /proc/m3ipc/<device>/: what the original showed in /proc/dvs (reference 6),
 * with its columns; root only. The views of all DCs are in one file each, whose
 * first column is the DC. README.md tells the columns that differ.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include "../calls/calls.h"

static struct proc_dir_entry *root;

static void show_info(struct seq_file *m, struct m3_node *node)
{
	struct m3_request q = { 0 };
	struct m3_dvs_info info;

	if (m3_do_getdvsinfo(node, &q, &info))
		return;
	seq_printf(m, "name=%s\nnodeid=%u\nnr_dcs=%u\nnr_nodes=%u\n",
		   info.params.cluster, info.params.node, info.dcs, info.nodes);
	seq_printf(m, "max_dcs=%u\nmax_nodes=%u\nmax_procs=%u\nmax_tasks=%u\n",
		   info.params.max_dcs, info.params.max_nodes,
		   M3_MAX_ENDPOINTS, M3_MAX_TASKS);
	seq_printf(m, "max_copy_buf=%u\nmax_copy_len=%u\nversion=%u\n",
		   M3_CHUNK_BYTES, M3_MAX_COPY, info.abi_version);
	seq_printf(m, "incarnation=%llx\nruntime_pid=%u\nlock=%s\n",
		   (unsigned long long)info.incarnation, info.runtime_pid,
		   M3_LOCK_NAME);
	seq_printf(m, "sizeof(proc)=%zu\nsizeof(dc)=%zu\nsizeof(node)=%zu\n",
		   sizeof(struct m3_slot), sizeof(struct m3_dc),
		   sizeof(struct m3_node_row));
}

static void show_nodes(struct seq_file *m, struct m3_node *node)
{
	struct m3_request q = { 0 };
	struct m3_node_info info;

	seq_puts(m, "  ID Flags Proxy  DCs -pxsent- -pxrcvd- Name\n");
	for (q.id = 0; q.id < (int)node->region->max_nodes; q.id++) {
		if (m3_do_getnodeinfo(node, &q, &info) || !info.flags)
			continue;
		seq_printf(m, "%4u %5x %5u %4u %8llu %8llu %s\n", info.node,
			   info.flags, info.proxy_pid, info.dcs,
			   info.records_sent, info.records_received, info.name);
	}
}

static void show_proxies(struct seq_file *m, struct m3_node *node)
{
	struct m3_request q = { 0 };
	struct m3_proxy_info info;

	seq_puts(m, "Proxies Flags  Sender Receiver --Proxies_Name-\n");
	for (q.id = 0; q.id < (int)node->region->max_nodes; q.id++) {
		if (m3_do_getproxyinfo(node, &q, &info))
			continue;
		seq_printf(m, "%7u %5x %7d %8d %s\n", info.id, info.flags,
			   info.sender, info.receiver, info.name);
	}
}

static void show_dcs(struct seq_file *m, struct m3_node *node)
{
	struct m3_request q = { 0 };
	struct m3_dc_info info;
	struct m3_map *map;

	for (q.dc = 0; q.dc < (int)node->region->max_dcs; q.dc++) {
		if (m3_do_getdcinfo(node, &q, &info) ||
		    m3_node_dc(node, q.dc, &map))
			continue;
		seq_printf(m, "dcid=%u flags=%x nr_procs=%u nr_tasks=%u ",
			   info.params.dc, info.params.flags,
			   info.params.procs, info.params.tasks);
		seq_printf(m, "bound=%u members=%u warn2proc=%d warnmsg=%d ",
			   info.bound, info.members, info.params.warn2proc,
			   info.params.warnmsg);
		seq_printf(m, "arena=%u used=%u moved=%lld mode=%o ",
			   info.params.arena_bytes, info.arena_used,
			   (long long)atomic64_read(&map->dc->moved),
			   info.params.mode);
		seq_printf(m, "cpumask=%llx name=%s\n",
			   (unsigned long long)info.params.cpus[0],
			   info.params.name);
	}
}

static void proc_row(struct seq_file *m, int dc, const struct m3_proc_info *p)
{
	seq_printf(m, "%4d %5d %7d %7d %4d %5x %4x ", dc, p->p_nr, p->endpoint,
		   p->pid ? p->pid : -1, p->node, p->rts_flags, p->misc_flags);
	seq_printf(m, "%7d %7d %7d %7d %s\n", p->getfrom, p->sendto,
		   p->waitmigr, p->proxy, p->name);
}

static void stats_row(struct seq_file *m, int dc, const struct m3_proc_info *p)
{
	seq_printf(m, "%4d %5d %7d %7d %4d ", dc, p->p_nr, p->endpoint,
		   p->pid ? p->pid : -1, p->node);
	seq_printf(m, "%8llu %8llu %8llu %8llu %s\n", p->local_sent,
		   p->remote_sent, p->local_copies, p->remote_copies, p->name);
}

typedef void row_fn(struct seq_file *m, int dc, const struct m3_proc_info *p);

static void each_endpoint(struct seq_file *m, struct m3_node *node,
			  row_fn *row)
{
	struct m3_request q = { 0 };
	struct m3_proc_info info;
	struct m3_map *map;
	uint32_t i;

	for (q.dc = 0; q.dc < (int)node->region->max_dcs; q.dc++) {
		if (m3_node_dc(node, q.dc, &map))
			continue;
		for (i = 0; i < m3_high(map->r); i++) {
			q.ep = m3_endpoint_of(map->r, i);
			if (m3_do_getprocinfo(node, &q, &info) ||
			    info.rts_flags & M3_RTS_SLOT_FREE)
				continue;
			row(m, q.dc, &info);
		}
	}
}

static void show_procs(struct seq_file *m, struct m3_node *node)
{
	seq_puts(m, "  DC  p_nr  -endp-  -lpid- node  flag misc  -getf-  "
		    "-sndt-  -wmig-  -prxy- name\n");
	each_endpoint(m, node, proc_row);
}

static void show_stats(struct seq_file *m, struct m3_node *node)
{
	seq_puts(m, "  DC  p_nr  -endp-  -lpid- node --lsnt-- --rsnt-- "
		    "-lcopy-- -rcopy-- name\n");
	each_endpoint(m, node, stats_row);
}

static const struct view {
	const char *name;
	void (*show)(struct seq_file *m, struct m3_node *node);
} views[] = {
	{ "info", show_info },
	{ "nodes", show_nodes },
	{ "proxies", show_proxies },
	{ "dcs", show_dcs },
	{ "procs", show_procs },
	{ "stats", show_stats },
};

/* Empty where the device has no core. */
static int show(struct seq_file *m, const char *name)
{
	struct m3_core *core = m3_core_get(m->private);
	struct m3_node *node = core ? m3_node_new(core) : NULL;
	size_t i;

	for (i = 0; node && i < ARRAY_SIZE(views); i++) {
		if (strcmp(views[i].name, name))
			continue;
		mutex_lock(&core->manage);
		views[i].show(m, node);
		mutex_unlock(&core->manage);
	}
	m3_node_free(node);
	if (core)
		m3_core_put(core);
	return 0;
}

static int show_file(struct seq_file *m, void *unused)
{
	(void)unused;
	return show(m, m->file->f_path.dentry->d_name.name);
}

int m3_proc_add(struct m3_device *device)
{
	struct proc_dir_entry *dir;
	size_t i;

	dir = proc_mkdir_data(device->name + strlen("m3ipc"), 0500, root, NULL);
	if (!dir)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(views); i++)
		if (!proc_create_single_data(views[i].name, 0400, dir,
					     show_file, device))
			return -ENOMEM;
	return 0;
}

int m3_proc_begin(void)
{
	root = proc_mkdir("m3ipc", NULL);
	return root ? 0 : -ENOMEM;
}

void m3_proc_end(void)
{
	proc_remove(root);
}
