// SPDX-License-Identifier: MIT OR GPL-2.0
/* Who may join a DC, and bind in it: by its owner, mode and cgroup. */
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/user_namespace.h>
#include "../calls/calls.h"

#ifdef CONFIG_CGROUPS
static int cgroup_open(struct m3_dc *dc, int fd)
{
	struct cgroup *cgroup = cgroup_get_from_fd(fd);

	if (IS_ERR(cgroup))
		return -M3_EINVAL;
	dc->cgroup = cgroup;
	return 0;
}

void m3_dc_access_end(struct m3_dc *dc)
{
	if (dc->cgroup)
		cgroup_put(dc->cgroup);
}

int m3_dc_may_bind(const struct m3_dc *dc)
{
	bool is_in;

	if (!dc->cgroup)
		return 0;
	rcu_read_lock();
	is_in = task_under_cgroup_hierarchy(current, dc->cgroup);
	rcu_read_unlock();
	return is_in ? 0 : -M3_EPERM;
}
#else
static int cgroup_open(struct m3_dc *dc, int fd)
{
	return -M3_EINVAL;
}

void m3_dc_access_end(struct m3_dc *dc)
{
}

int m3_dc_may_bind(const struct m3_dc *dc)
{
	return 0;
}
#endif

int m3_dc_access(struct m3_dc *dc, const struct m3_dc_params *params)
{
	dc->owner = current_euid();
	dc->mode = params->mode ? params->mode & 0777 : 0660;
	dc->group = params->gid == (uint32_t)-1 ?
		current_egid() : make_kgid(current_user_ns(), params->gid);
	if (!gid_valid(dc->group))
		return -M3_EINVAL;
	return params->flags & M3_DC_CGROUP ?
		       cgroup_open(dc, params->cgroup) : 0;
}

int m3_dc_may_join(const struct m3_dc *dc)
{
	umode_t need = 6;

	/* Not even root: a DC is tied to it. */
	if (m3_dc_may_bind(dc))
		return -M3_EPERM;
	if (ns_capable(dc->core->owner, CAP_SYS_ADMIN))
		return 0;
	if (uid_eq(current_fsuid(), dc->owner))
		need <<= 6;
	else if (in_group_p(dc->group))
		need <<= 3;
	return (dc->mode & need) == need ? 0 : -M3_EACCES;
}
