// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The smallest module that shows that modules can be tested: see jobs/probe. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define NAME "m3ipc-probe"

static bool warn;
module_param(warn, bool, 0444);
MODULE_PARM_DESC(warn, "warn, as a defective module would");

static int show(struct seq_file *file, void *unused)
{
	seq_puts(file, "the probe answers\n");
	return 0;
}

static int __init probe_init(void)
{
	WARN_ON(warn);
	return proc_create_single(NAME, 0444, NULL, show) ? 0 : -ENOMEM;
}

static void __exit probe_exit(void)
{
	remove_proc_entry(NAME, NULL);
}

module_init(probe_init);
module_exit(probe_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("shows that a module can be built, loaded and watched");
