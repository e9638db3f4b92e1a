// SPDX-License-Identifier: MIT
/*
 * DVS, DCs, nodes and proxies in the paper's names, on a core of their own.
 */
#include "mnx_check.h"
#include <sys/stat.h>

enum { FAR = 3 };

static void start(void)
{
	dvs_usr_t dvs = { .d_name = "cluster", .d_nr_nodes = 8, .d_nr_dcs = 4 };
	dc_usr_t dc = {
		.dc_dcid = 2,
		.dc_nr_tasks = 4,
		.dc_nr_procs = 20,
		.dc_warn2proc = NONE,
		.dc_name = "shop",
	};

	IS(mnx_getdvsinfo(&dvs), -1);
	IS(mnx_dc_init(&dc), EMOLDVSINIT);
	IS(mnx_dvs_init(8, &dvs), EMOLBADNODEID);
	IS(mnx_dvs_init(3, &dvs), 3);
	IS(mnx_dvs_init(3, &dvs), EMOLDVSBUSY);
	memset(&dvs, 0, sizeof(dvs));
	IS(mnx_getdvsinfo(&dvs), 3);
	IS(strcmp(dvs.d_name, "cluster"), 0);
	IS(dvs.d_nr_nodes, 8);
	IS(dvs.d_nr_dcs, 4);
	IS(mnx_getdcinfo(2, &dc), EMOLDCNOTRUN);
	IS(mnx_dc_init(&dc), 3);
	IS(mnx_dc_init(&dc), EMOLRSCBUSY);
	memset(&dc, 0, sizeof(dc));
	IS(mnx_getdcinfo(2, &dc), OK);
	IS(dc.dc_nr_tasks, 4);
	IS(dc.dc_nr_procs, 20);
	IS(dc.dc_nr_nodes, 1);
	IS(dc.dc_nodes, 1 << 3);
	IS(dc.dc_warn2proc, NONE);
	IS(strcmp(dc.dc_name, "shop"), 0);
	dcid = 2;
}

static void nodes(void)
{
	proc_usr_t sproc, rproc;
	proxies_usr_t px;
	node_usr_t node;

	IS(mnx_node_up("far", 1, 1), EMOLPROXYFREE);
	IS(mnx_proxies_bind("far", 1, getpid(), getpid(), MAXCOPYBUF), OK);
	IS(mnx_proxies_bind("far", 1, getpid(), getpid(), 1), EMOLRSCBUSY);
	IS(mnx_proxies_bind("big", 2, getpid(), getpid(), MAXCOPYBUF + 1),
	   EMOL2BIG);
	IS(mnx_add_node(dcid, 1), EMOLNODEFREE);
	IS(mnx_node_up("far", 1, 1), OK);
	IS(mnx_add_node(dcid, 1), OK);
	IS(mnx_add_node(dcid, 1), EMOLDCNODE);
	IS(mnx_getnodeinfo(1, &node), OK);
	IS(node.n_flags, NODE_ATTACHED);
	IS(node.n_proxies, 1);
	IS(node.n_dcs, 1 << dcid);
	IS(mnx_getnodeinfo(LOCALNODE, &node), OK);
	IS(node.n_nodeid, 3);
	IS(node.n_flags, NODE_ATTACHED | NODE_SCONNECTED);
	IS(mnx_proxy_conn(1, 9), EMOLBADVALUE);
	IS(mnx_proxy_conn(1, CONNECT_RPROXY), OK);
	IS(mnx_getproxyinfo(1, &sproc, &rproc), OK);
	IS(sproc.p_lpid, getpid());
	IS(sproc.p_misc_flags, MF_PROXY);
	IS(rproc.p_misc_flags, MF_PROXY | MF_CONNECTED);
	IS(mnx_getproxiesinfo(1, &px), OK);
	IS(px.px_flags, PROXIES_INUSE | PROXIES_RCONNECTED);
	IS(mnx_wait4bind(), NONE);
	IS(mnx_rmtbind(dcid, "server", FAR, 1), FAR);
	IS(mnx_rmtbind(dcid, "server", FAR, 1), EMOLSLOTUSED);
	IS(mnx_rmtbind(dcid, "server", 100, 1) < EERRCODE, 1);
	wait_flags(FAR, REMOTE);
	IS(mnx_unbind(dcid, FAR), OK);
	IS(mnx_del_node(dcid, 1), OK);
	IS(mnx_proxies_unbind(1), OK);
	IS(mnx_getproxyinfo(1, &sproc, &rproc), EMOLPROXYFREE);
}

/* Others may have put anything into the default place: it is left alone. */
static void place(void)
{
	char runtime[] = "/tmp/m3ipc-mnx-XXXXXX";
	dvs_usr_t dvs = { .d_name = "cluster", .d_nr_nodes = 8, .d_nr_dcs = 4 };
	char directory[PATH_MAX];

	IS(mkdtemp(runtime) != NULL, 1);
	unsetenv("M3IPC_DIR");
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	snprintf(directory, sizeof(directory), "%s/m3ipc", runtime);
	IS(mkdir(directory, 0700), 0);
	IS(chmod(directory, 0777), 0);
	IS(mnx_dvs_init(3, &dvs), EMOLPRIVILEGES);
	/* Nothing was made in it. */
	IS(rmdir(directory), 0);
	IS(rmdir(runtime), 0);
}

int main(int argc, char **argv)
{
	char directory[PATH_MAX];

	begin(argc, argv);
	place();
	name_core(directory, argv[1], 0);
	setenv("M3IPC_DIR", directory, 1);
	start();
	nodes();
	IS(mnx_dc_end(dcid), OK);
	IS(mnx_dc_end(dcid), EMOLDCNOTRUN);
	IS(mnx_dvs_end(), OK);
	IS(mnx_dvs_end(), EMOLDVSINIT);
	return 0;
}
