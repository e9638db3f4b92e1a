// SPDX-License-Identifier: MIT
/**
 * TypeScript's copy of `core-kmod/include/m3ipc/abi.h`. `test/unit/abi.test.ts` compiles a C program against that header
 * and compares every value here with it.
 */

/** Error names of the core: the number (returned negated), the cause, the remedy. */
export const CORE_ERRORS = {
  EPERM: { errno: 1, cause: 'not permitted', remedy: 'run as the owner of the core, or as root' },
  ENOENT: {
    errno: 2,
    cause: 'no such core or DC',
    remedy: "create it with 'm3ipc up', or name another directory",
  },
  EINTR: {
    errno: 4,
    cause: 'a signal interrupted the call',
    remedy: 'call again; a remote request may have been executed',
  },
  EIO: {
    errno: 5,
    cause: 'the region file could not be read or mapped',
    remedy: 'look at the directory and its file system',
  },
  E2BIG: { errno: 7, cause: 'more bytes than the limit', remedy: 'copy in pieces of at most 1 MiB' },
  EAGAIN: { errno: 11, cause: 'the call would have to wait', remedy: 'wait, or give a deadline' },
  ENOMEM: { errno: 12, cause: 'out of memory', remedy: 'free memory' },
  EACCES: {
    errno: 13,
    cause: 'the directory or DC file does not allow this user',
    remedy: "join the DC's group, or have its mode changed",
  },
  EFAULT: {
    errno: 14,
    cause: 'the range is not inside one buffer of that endpoint',
    remedy: 'use a buffer that m3_alloc gave to that endpoint',
  },
  EBUSY: { errno: 16, cause: 'it is in use', remedy: 'try again when the present user has finished' },
  EEXIST: { errno: 17, cause: 'it exists already', remedy: 'use it, or remove it first' },
  EINVAL: {
    errno: 22,
    cause: 'an argument is outside what the call allows',
    remedy: "see the call's description",
  },
  ENOSPC: {
    errno: 28,
    cause: 'no space left for the region',
    remedy: 'give the tmpfs more space, or choose another directory',
  },
  ERANGE: {
    errno: 34,
    cause: 'an endpoint or size is out of range',
    remedy: 'use an endpoint of the DC, and at most 1 MiB',
  },
  EPROTO: { errno: 71, cause: 'the peer broke the protocol', remedy: 'look at the counters of the link' },
  ENOSYS: { errno: 38, cause: 'the core does not offer this call', remedy: 'use the backend that offers it' },
  EMSGSIZE: { errno: 90, cause: 'the buffer is too small', remedy: 'give a larger one' },
  ENOTCONN: {
    errno: 107,
    cause: 'the node is not connected',
    remedy: 'wait for the link, or look at its proxy',
  },
  ETIMEDOUT: { errno: 110, cause: 'the deadline passed', remedy: 'a remote request may have been executed' },
  ECANCELED: {
    errno: 125,
    cause: 'the caller cancelled the call',
    remedy: 'a remote request may have been executed',
  },
  EGENERIC: { errno: 99, cause: 'error', remedy: 'see the log' },
  ELOCKED: {
    errno: 101,
    cause: 'the call would close a circle of waiting processes',
    remedy: 'let one of them wait for any source',
  },
  EBADCALL: { errno: 102, cause: 'this process may not make this call', remedy: 'ask for the privilege' },
  EDEADSRCDST: { errno: 105, cause: 'the destination of a sendrec does not exist', remedy: 'bind it first' },
  ESRCDIED: { errno: 108, cause: 'the process waited for has ended', remedy: 'start it again' },
  EDSTDIED: { errno: 109, cause: 'the destination has ended or is not bound', remedy: 'bind it first' },
  EBADNODEID: { errno: 301, cause: 'no such node', remedy: 'use a node id of the configuration' },
  EBADDCID: { errno: 302, cause: 'no such DC', remedy: 'use a DC id of the configuration' },
  EDCNOTRUN: { errno: 303, cause: 'the DC is not running', remedy: "start it with 'm3ipc up'" },
  EBADPROC: { errno: 304, cause: 'no such process slot', remedy: 'use an endpoint of the DC' },
  EBADPID: { errno: 305, cause: 'no such process', remedy: 'use the pid of a live process' },
  EENDPOINT: { errno: 306, cause: 'not that endpoint', remedy: 'name another, bound endpoint' },
  ENOPROXY: {
    errno: 307,
    cause: 'no proxy serves that node',
    remedy: "add it to 'peers' and start the node's runtime",
  },
  ERMTPROC: { errno: 308, cause: 'the endpoint is remote', remedy: 'make the call on its node' },
  ELCLPROC: { errno: 309, cause: 'the endpoint is local', remedy: 'use a remote endpoint' },
  ENOTBIND: { errno: 310, cause: 'not bound', remedy: 'bind the endpoint first' },
  EPROXYRUN: { errno: 311, cause: 'a newer proxy has taken over', remedy: 'stop this one' },
  ENODEBUSY: { errno: 315, cause: 'the node is in use', remedy: 'use another id' },
  ENONODE: { errno: 316, cause: 'the endpoint is on another node', remedy: 'bind it to the right node' },
  EDVSBUSY: {
    errno: 317,
    cause: 'the core exists already',
    remedy: 'end it first, or use another directory',
  },
  EDVSINIT: { errno: 318, cause: 'the core is not initialised', remedy: "start it with 'm3ipc up'" },
  ENODCNODE: { errno: 319, cause: 'the node is not in the DC', remedy: "add it to the DC's nodes" },
  EPROCRUN: {
    errno: 320,
    cause: 'the endpoint has a call in progress',
    remedy: 'await it, or use another endpoint',
  },
  EDCRUN: { errno: 323, cause: 'the DC is running', remedy: 'end it first' },
  EPROCSTS: {
    errno: 324,
    cause: 'the process is not in the state the call needs',
    remedy: 'reply only to a caller that waits, copy only with one',
  },
  ENODEFREE: { errno: 325, cause: 'the node is not attached', remedy: 'node_up first' },
  EDCNODE: {
    errno: 326,
    cause: 'the node is (not) a member of the DC already',
    remedy: "look at the DC's nodes",
  },
  EBADPROXY: { errno: 327, cause: 'not the proxy of that node', remedy: 'attach first' },
  EONCOPY: { errno: 328, cause: 'the endpoint takes part in a copy', remedy: 'wait until it has ended' },
  EENQUEUED: { errno: 329, cause: 'the endpoint is queued already', remedy: 'wait until it has ended' },
  EOVERRUN: { errno: 330, cause: 'notifications were merged', remedy: 'none needed' },
  EMIGRATE: { errno: 332, cause: 'the endpoint is migrating', remedy: 'try again' },
  EPROXYFREE: { errno: 333, cause: 'no such proxy', remedy: 'attach it first' },
  EPRIVILEGES: {
    errno: 335,
    cause: "management needs the core's owner",
    remedy: 'run as the owner of the core',
  },
  EBINDTYPE: { errno: 336, cause: 'unknown kind of binding', remedy: "see the call's description" },
  ESLOTUSED: {
    errno: 337,
    cause: 'the endpoint is bound by another process',
    remedy: 'use another, or end that process',
  },
  EBADRANGE: { errno: 338, cause: 'a limit is out of range', remedy: 'see the limits in abi.h' },
  EBADVALUE: { errno: 339, cause: 'a value is not allowed', remedy: "see the call's description" },
  ERSCBUSY: { errno: 342, cause: 'the id or name is taken', remedy: 'use another' },
  ENAMESIZE: { errno: 343, cause: 'a name is too long', remedy: 'use at most 15 characters' },
  EALLOCMEM: {
    errno: 344,
    cause: 'the arena has no free range of that size',
    remedy: 'free buffers, or configure a larger arena',
  },
  EWOKENUP: { errno: 348, cause: 'woken up by wakeup()', remedy: 'look at what woke you' },
  ENODEDOWN: {
    errno: 403,
    cause: "the node's core was lost before the request left",
    remedy: 'the request was not executed; send it again',
  },
  EUNKNOWN: {
    errno: 404,
    cause: "the node's core was lost after the request left",
    remedy: 'the request may have been executed; ask the application',
  },
  EVERSION: {
    errno: 405,
    cause: 'the region file is of another version',
    remedy: 'use the m3ipc that made it, or remove the directory',
  },
  EBADREQUEST: { errno: 407, cause: 'unknown request', remedy: "see the call's description" },
  ESHUTDOWN: { errno: 408, cause: 'the endpoint was unbound by another process', remedy: 'bind again' },
  ETRAPDENIED: {
    errno: 410,
    cause: 'the call is not allowed to that destination',
    remedy: 'ask for the privilege',
  },
  EPIDNS: {
    errno: 411,
    cause: 'the core belongs to another pid namespace',
    remedy: 'run in that pid namespace, or start a node of your own',
  },
  EFORKED: {
    errno: 412,
    cause: 'the handle was opened before fork()',
    remedy: 'open the DC again in the child',
  },
  ESUSPENDED: {
    errno: 413,
    cause: "the DC's lock is held by a stopped process",
    remedy: 'continue or kill that process',
  },
} as const satisfies Record<string, { errno: number; cause: string; remedy: string }>;

export type CoreErrorName = keyof typeof CORE_ERRORS;

/** Name of a (negative) error number; EGENERIC for one that is not in the table. */
export function coreErrorName(errno: number): CoreErrorName {
  return NAME_BY_ERRNO.get(-errno) ?? 'EGENERIC';
}

const NAME_BY_ERRNO = new Map<number, CoreErrorName>(
  (Object.keys(CORE_ERRORS) as CoreErrorName[]).map((name) => [CORE_ERRORS[name].errno, name]),
);

export const ABI_VERSION = 3;
/** Of a link: one integer, no negotiation. */
export const WIRE_VERSION = 3;

/** Special endpoints (reference 2.2). */
export const ANY = 31438;
export const NONE = 27342;
export const SELF = 35534;
export const HARDWARE = -1;

/** Limits: the largest values that a configuration may ask for. */
export const LIMITS = {
  nodes: 1024,
  dcs: 1024,
  endpoints: 4096,
  tasks: 256,
  nameBytes: 16,
  copyBytes: 1 << 20,
  chunkBytes: 65_536,
} as const;

/** m_type of a notification is this | source slot (reference 1.1). */
export const NOTIFY_MESSAGE = 0x1000;

/** p_rts_flags and p_misc_flags under the reference's names (2.5, 2.6); runnable if 0. */
export const RTS_FLAGS = {
  SLOT_FREE: 0x1,
  SENDING: 0x4,
  RECEIVING: 0x8,
  ONCOPY: 0x400,
  MIGRATE: 0x800,
  REMOTE: 0x1000,
  RMTOPER: 0x2000,
  WAITMIGR: 0x8000,
  WAITUNBIND: 0x20000,
  WAITBIND: 0x40000,
} as const;

export const MISC_FLAGS = {
  PROXY: 0x1,
  NOTIFY: 0x4,
  NEEDMIGR: 0x8,
  RMTBACKUP: 0x10,
  GRPLEADER: 0x20,
  REPLICATED: 0x80,
  KILLED: 0x100,
  WOKENUP: 0x200,
  RESUME: 0x10000,
} as const;

/** Calls as privileges name them: bit positions (reference 1.6). */
export const CALLS = {
  SEND: 2,
  RECEIVE: 3,
  NOTIFY: 4,
  SENDREC: 5,
  RCVRQST: 6,
  REPLY: 7,
  UNBIND: 10,
  VCOPY: 13,
  RELAY: 16,
  GETEP: 26,
  WAIT4BIND: 29,
} as const;

/** Levels of privilege (reference 2.4). */
export const LEVELS = { USER: 0, SERVER: 1, TASK: 2, SYSTEM: 3, KERNEL: 4, PROXY: 5 } as const;

/** How far a call to another node has come: a record has to leave, is on its way, or the other core has it. */
export const WAITS = { NONE: 0, QUEUED: 1, IN_FLIGHT: 2, ANSWER: 3 } as const;

/** Flags of a DC, rights of a grant, options of a promotion. */
export const DC_FLAGS = { AFFINITY: 0x1, NO_IMPLICIT_GRANTS: 0x2, CGROUP: 0x4 } as const;
export const GRANT_RIGHTS = { READ: 0x1, WRITE: 0x2 } as const;
export const PROMOTE_RETRY = 0x1;
/** CPUs that a DC's mask can name. */
export const MAX_CPUS = 256;
