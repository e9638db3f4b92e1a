// SPDX-License-Identifier: MIT OR GPL-2.0
/* The module, its devices, and the core of the node that each of them is. */
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/random.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include "../calls/calls.h"

#define MAX_NODES 64

static unsigned int nodes = 1;
module_param(nodes, uint, 0444);
MODULE_PARM_DESC(nodes, "independent nodes, each /dev/m3ipc<N> (1 to 64)");

static struct m3_device *devices;

void m3_bell_init(struct m3_bell *bell)
{
	init_waitqueue_head(&bell->wait);
	atomic_set(&bell->rung, 0);
}

void m3_bell_ring(struct m3_bell *bell)
{
	atomic_set(&bell->rung, 1);
	wake_up_poll(&bell->wait, EPOLLIN | EPOLLRDNORM);
}

static void core_free(struct kref *ref)
{
	struct m3_core *core = container_of(ref, struct m3_core, ref);

	put_user_ns(core->owner);
	kvfree(core->peers);
	kvfree(core);
}

void m3_core_put(struct m3_core *core)
{
	kref_put(&core->ref, core_free);
}

struct m3_core *m3_core_get(struct m3_device *device)
{
	struct m3_core *core;

	mutex_lock(&device->lock);
	core = device->core;
	if (core)
		kref_get(&core->ref);
	mutex_unlock(&device->lock);
	return core;
}

static struct m3_core *core_new(const struct m3_dvs_params *params)
{
	struct m3_core *core = kvzalloc(sizeof(*core), GFP_KERNEL_ACCOUNT);
	struct m3_node_region *n;
	uint32_t i;

	if (!core)
		return NULL;
	core->peers = kvcalloc(params->max_nodes, sizeof(*core->peers),
			       GFP_KERNEL_ACCOUNT);
	if (!core->peers) {
		kvfree(core);
		return NULL;
	}
	for (i = 0; i < params->max_nodes; i++)
		m3_bell_init(&core->peers[i]);
	kref_init(&core->ref);
	mutex_init(&core->manage);
	mutex_init(&core->lock);
	core->owner = get_user_ns(current_user_ns());
	n = &core->region;
	m3_node_fill(n, params);
	n->incarnation = (uint64_t)ktime_get_real_seconds() << 32 |
			 get_random_u32();
	n->magic = M3_REGION_MAGIC;
	return core;
}

int m3_core_make(struct m3_device *device, const struct m3_dvs_params *params)
{
	struct m3_core *core;
	int e = m3_dvs_verify(params);

	if (e)
		return e;
	core = core_new(params);
	if (!core)
		return -M3_ENOMEM;
	mutex_lock(&device->lock);
	if (device->core)
		e = -M3_EDVSBUSY;
	else
		device->core = core;
	/* The module stays as long as there is a core. */
	if (!e)
		__module_get(THIS_MODULE);
	mutex_unlock(&device->lock);
	if (e)
		m3_core_put(core);
	return e;
}

static void end_dcs(struct m3_core *core)
{
	struct m3_node *node = m3_node_new(core);
	struct m3_request q = { 0 };
	uint32_t i;

	/* Without memory they end with the last process that uses them. */
	if (!node)
		return;
	for (i = 0; i < core->region.max_dcs; i++) {
		q.dc = (int32_t)i;
		if (core->region.dcs[i].running)
			m3_do_dc_end(node, &q, NULL);
	}
	m3_node_free(node);
}

int m3_core_unmake(struct m3_device *device)
{
	struct m3_core *core;

	mutex_lock(&device->lock);
	core = device->core;
	device->core = NULL;
	mutex_unlock(&device->lock);
	if (!core)
		return -M3_EDVSINIT;
	mutex_lock(&core->manage);
	WRITE_ONCE(core->ended, true);
	end_dcs(core);
	mutex_unlock(&core->manage);
	m3_core_put(core);
	module_put(THIS_MODULE);
	return 0;
}

static void remove_devices(unsigned int n)
{
	m3_proc_end();
	while (n-- > 0)
		misc_deregister(&devices[n].misc);
	kfree(devices);
}

static int add_device(unsigned int i)
{
	struct m3_device *device = &devices[i];
	int e;

	mutex_init(&device->lock);
	snprintf(device->name, sizeof(device->name), "m3ipc%u", i);
	device->misc.minor = MISC_DYNAMIC_MINOR;
	device->misc.name = device->name;
	device->misc.fops = &m3_file_operations;
	/* Who may do what with a core is asked for each request. */
	device->misc.mode = 0666;
	e = m3_proc_add(device);
	return e ? e : misc_register(&device->misc);
}

static int __init m3_init(void)
{
	unsigned int i;
	int e;

	if (nodes < 1 || nodes > MAX_NODES) {
		pr_err("m3ipc: nodes=%u: allowed are 1 to %u\n", nodes,
		       MAX_NODES);
		return -EINVAL;
	}
	devices = kcalloc(nodes, sizeof(*devices), GFP_KERNEL);
	if (!devices)
		return -ENOMEM;
	e = m3_proc_begin();
	for (i = 0; !e && i < nodes; i++)
		e = add_device(i);
	if (e) {
		remove_devices(i ? i - 1 : 0);
		return e;
	}
	pr_info("m3ipc: loaded, %u node(s), lock: %s\n", nodes, M3_LOCK_NAME);
	return 0;
}

static void __exit m3_exit(void)
{
	remove_devices(nodes);
	pr_info("m3ipc: unloaded\n");
}

module_init(m3_init);
module_exit(m3_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("M3-IPC: IPC for containers that span nodes");
MODULE_VERSION(M3IPC_VERSION);
