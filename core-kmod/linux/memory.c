// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Memory: the arena, whose pages belong to its buffers, and copies.
 *
 * A buffer gets fresh pages, which only its owner maps; they are not taken out
 * of an address space when the buffer is freed, but never given to another one
 * either. So who keeps a mapping keeps memory of his own.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include "../calls/calls.h"

/* ------------------------------------------------------------ the arena */

static uint64_t unit_of(const struct m3_region *r, uint64_t offset)
{
	return (offset - r->arena_at) / M3_UNIT;
}

static void page_set(struct m3_dc *dc, uint32_t unit, struct page *page)
{
	struct page *old;

	spin_lock(&dc->pages_lock);
	old = dc->pages[unit];
	dc->pages[unit] = page;
	spin_unlock(&dc->pages_lock);
	if (old)
		put_page(old);
}

/* A reference to the page of a unit, or NULL. */
static struct page *page_get(struct m3_dc *dc, uint64_t unit)
{
	struct page *page = NULL;

	if (unit >= dc->r->units)
		return NULL;
	spin_lock(&dc->pages_lock);
	page = dc->pages[unit];
	if (page)
		get_page(page);
	spin_unlock(&dc->pages_lock);
	return page;
}

struct page *m3_arena_page(struct m3_dc *dc, uint64_t offset)
{
	return page_get(dc, unit_of(dc->r, offset));
}

void m3_moved(struct m3_dc *dc, uint64_t bytes)
{
	atomic64_add((s64)bytes, &dc->moved);
}

void m3_arena_release(struct m3_dc *dc, uint32_t units)
{
	uint32_t u;

	for (u = 0; u < units; u++)
		if (dc->pages[u])
			put_page(dc->pages[u]);
	kvfree(dc->pages);
}

int m3_platform_back(struct m3_txn *t, uint64_t at, uint64_t bytes)
{
	uint64_t u = unit_of(t->r, at), end = unit_of(t->r, at + bytes - 1);
	struct m3_dc *dc = m3_dc_of(t->r);
	struct page *page;

	BUILD_BUG_ON(M3_UNIT != PAGE_SIZE);
	for (; u <= end; u++) {
		page = alloc_page(M3_GFP_LOCKED | __GFP_ZERO | __GFP_NOWARN);
		if (!page)
			return -M3_ENOSPC;
		page_set(dc, (uint32_t)u, page);
	}
	return 0;
}

/* One piece of a copy: inside one page of the arena. */
static uint32_t piece(uint64_t offset, uint64_t bytes)
{
	uint32_t left = M3_UNIT - (uint32_t)(offset % M3_UNIT);

	return bytes < left ? (uint32_t)bytes : left;
}

/* What a copy reads or writes: kernel memory, or the caller's. */
struct side {
	char *kernel; /* or NULL: */
	char __user *user;
};

/* Copies between one page and a side; to the page if `push`. EFAULT. */
static int copy_page_part(struct page *page, uint32_t at, uint32_t n,
			  const struct side *side, uint64_t done, int push)
{
	char *mine = kmap_local_page(page);
	unsigned long left = 0;

	if (side->kernel && push)
		memcpy(mine + at, side->kernel + done, n);
	else if (side->kernel)
		memcpy(side->kernel + done, mine + at, n);
	else if (push)
		left = copy_from_user(mine + at, side->user + done, n);
	else
		left = copy_to_user(side->user + done, mine + at, n);
	kunmap_local(mine);
	return left ? -M3_EFAULT : 0;
}

static int arena_copy(struct m3_dc *dc, uint64_t offset, uint64_t bytes,
		      const struct side *side, int push)
{
	uint64_t done = 0;
	struct page *page;
	uint32_t n;
	int e = 0;

	for (; !e && done < bytes; done += n, offset += n) {
		n = piece(offset, bytes - done);
		page = page_get(dc, unit_of(dc->r, offset));
		if (!page)
			return -M3_EFAULT;
		e = copy_page_part(page, (uint32_t)(offset % M3_UNIT), n, side,
				   done, push);
		put_page(page);
	}
	return e;
}

void m3_arena_read(struct m3_region *r, void *to, uint64_t offset,
		   uint64_t bytes)
{
	struct side side = { .kernel = to };

	if (arena_copy(m3_dc_of(r), offset, bytes, &side, 0))
		memset(to, 0, bytes);
}

void m3_arena_write(struct m3_region *r, uint64_t offset, const void *from,
		    uint64_t bytes)
{
	struct side side = { .kernel = (void *)from };

	arena_copy(m3_dc_of(r), offset, bytes, &side, 1);
}

/* ------------------------------------------------- the caller's memory */

static char __user *user_at(uint64_t address)
{
	return (char __user *)u64_to_user_ptr(address);
}

/* Between a page that is held and memory of the caller, `done` bytes on. */
static int copy_with_own(struct m3_map *map, struct page *page, uint32_t at,
			 uint32_t n, const struct m3_own *own, uint64_t done,
			 int push)
{
	char *kernel;
	struct side side;
	int e;

	if (!own->offset) {
		side.kernel = NULL;
		side.user = user_at(own->address);
		return copy_page_part(page, at, n, &side, done, push);
	}
	kernel = kmap_local_page(page);
	side.kernel = kernel + at;
	e = arena_copy(map->dc, own->offset + done, n, &side, !push);
	kunmap_local(kernel);
	return e;
}

int m3_copy_own(struct m3_map *map, const struct m3_own *own, int push,
		uint64_t offset, uint64_t bytes)
{
	uint64_t done = 0;
	struct page *page;
	uint32_t n;
	int e = 0;

	for (; !e && done < bytes; done += n, offset += n) {
		n = piece(offset, bytes - done);
		page = page_get(map->dc, unit_of(map->r, offset));
		if (!page)
			return -M3_EFAULT;
		e = copy_with_own(map, page, (uint32_t)(offset % M3_UNIT), n,
				  own, done, push);
		put_page(page);
	}
	m3_moved(map->dc, done);
	return e;
}

int m3_serve_copy(struct m3_map *map, uint32_t i, const struct m3_served *job)
{
	struct m3_own own = { .address = job->address };

	(void)i;
	return m3_copy_own(map, &own, job->fill, job->staging, job->bytes);
}

/* ------------------------------------------------ two address spaces */

#define PINNED 16 /* pages at a time */

/* A page that has to be waited for is, without that process's lock. */
long m3_pin(struct mm_struct *mm, uint64_t at, uint64_t bytes, int push,
	    struct page **pages, long most)
{
	unsigned int flags = push ? FOLL_WRITE : 0;
	long want = (long)((offset_in_page(at) + bytes + PAGE_SIZE - 1) /
			   PAGE_SIZE), n;
	int locked = 1;

	if (want > most)
		want = most;
	mmap_read_lock(mm);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	n = pin_user_pages_remote(mm, at & PAGE_MASK, want, flags, pages,
				  &locked);
#else
	n = pin_user_pages_remote(mm, at & PAGE_MASK, want, flags, pages, NULL,
				  &locked);
#endif
	if (locked)
		mmap_read_unlock(mm);
	return n;
}

/* Copies what is pinned; how many bytes that is, or EFAULT. */
static int64_t copy_pinned_pages(struct m3_map *map, struct page **pages,
				 long pinned, uint32_t at, uint64_t bytes,
				 const struct m3_own *own, uint64_t done,
				 int push)
{
	uint64_t here = 0;
	uint32_t n;
	long i;
	int e;

	for (i = 0; i < pinned && here < bytes; i++, here += n, at = 0) {
		n = PAGE_SIZE - at;
		if (n > bytes - here)
			n = (uint32_t)(bytes - here);
		/* Into their page if it is a push: that is from our memory. */
		e = copy_with_own(map, pages[i], at, n, own, done + here, push);
		if (e)
			return e;
	}
	return (int64_t)here;
}

static int process_copy(struct m3_map *map, struct mm_struct *mm, int push,
			const struct m3_own *own, uint64_t theirs,
			uint64_t bytes, uint64_t *copied)
{
	struct page *pages[PINNED];
	int64_t moved;
	long n;

	while (*copied < bytes) {
		if (fatal_signal_pending(current))
			return -M3_EINTR;
		n = m3_pin(mm, theirs + *copied, bytes - *copied, push, pages,
			   PINNED);
		if (n <= 0)
			return -M3_EFAULT;
		moved = copy_pinned_pages(map, pages, n,
					  offset_in_page(theirs + *copied),
					  bytes - *copied, own, *copied, push);
		unpin_user_pages_dirty_lock(pages, n, push);
		if (moved < 0)
			return (int)moved;
		*copied += (uint64_t)moved;
	}
	return 0;
}

int m3_process_copy(struct m3_map *map, uint32_t handle, int push,
		    const struct m3_own *own, uint64_t theirs, uint64_t bytes,
		    uint64_t *copied)
{
	struct mm_struct *mm = map->dc->joined[handle].mm;
	int e;

	*copied = 0;
	if (theirs + bytes < theirs)
		return -M3_EFAULT;
	/* It is pinned, so its handle is not freed meanwhile. */
	if (!mm || !mmget_not_zero(mm))
		return -M3_ESRCDIED;
	e = process_copy(map, mm, push, own, theirs, bytes, copied);
	mmput(mm);
	m3_moved(map->dc, *copied);
	return e;
}

/* -------------------------------------------------------------- mapping */

static vm_fault_t no_fault(struct vm_fault *vmf)
{
	(void)vmf;
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct buffer_operations = {
	.fault = no_fault,
};

/*
 * References to the pages of [offset, +n pages), if they are those of one
 * buffer of this member.
 */
static int buffer_pages(struct m3_map *map, uint64_t offset, uint32_t n,
			struct page **pages)
{
	struct m3_region *r = map->r;
	uint64_t first = unit_of(r, offset);
	struct m3_section s;
	uint32_t u, length = 0, owner, i;
	int e;

	e = m3_begin(map, &s, M3_LOCK_FOREVER);
	if (e)
		return e;
	for (u = 0; u < r->units && u < first; u += length)
		length = m3_unit(r, u)->length;
	owner = u == first && u < r->units ? m3_unit(r, u)->owner : 0;
	if (!owner || m3_slot(r, owner - 1)->handle != map->handle ||
	    n > m3_unit(r, u)->length)
		e = -M3_EFAULT;
	for (i = 0; !e && i < n; i++)
		pages[i] = page_get(map->dc, u + i);
	m3_end(&s);
	return e;
}

int m3_arena_map(struct m3_map *map, struct vm_area_struct *vma)
{
	uint64_t offset = (uint64_t)vma->vm_pgoff << PAGE_SHIFT;
	uint32_t n = (uint32_t)vma_pages(vma), i;
	struct page **pages;
	int e;

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC ||
	    vma_pages(vma) > map->r->units || offset < map->r->arena_at)
		return -EINVAL;
	pages = kvcalloc(n, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;
	e = buffer_pages(map, offset, n, pages);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTCOPY, VM_MAYEXEC);
#else
	vma->vm_flags |= VM_DONTEXPAND | VM_DONTCOPY;
	vma->vm_flags &= ~VM_MAYEXEC;
#endif
	vma->vm_ops = &buffer_operations;
	for (i = 0; i < n && pages[i]; i++) {
		if (!e)
			e = vm_insert_page(vma, vma->vm_start +
						(unsigned long)i * PAGE_SIZE,
					   pages[i]);
		put_page(pages[i]);
	}
	kvfree(pages);
	return e;
}
