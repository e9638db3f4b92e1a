// SPDX-License-Identifier: MIT
/** The shape of a DC in a configuration; see `schema.ts`. */
import * as v from 'valibot';
import { LIMITS, MAX_CPUS } from '../../core-kmod/binding/abi.ts';
import { list, mapping, name, nodeId, text, whole } from './schema-parts.ts';

const KIB = 1024;
const UNITS = { KiB: KIB, MiB: KIB ** 2, GiB: KIB ** 3 } as const;
const ARENA_STEP = 64 * KIB;
/** The arena's size is an unsigned 32-bit number in the core. */
const ARENA_MAX = 4 * UNITS.GiB - ARENA_STEP;

const SIZE = 'a multiple of 64 KiB from 64KiB to 4194240KiB: bytes, or a number with KiB, MiB or GiB';
const arena = v.pipe(
  v.union([v.number(SIZE), text(/^[0-9]{1,10}(KiB|MiB|GiB)$/, SIZE)], SIZE),
  // Before the transformation: a JSON schema describes what is written.
  v.description('Memory for bulk buffers, in bytes or with a unit; taken as it is used. Default 64MiB.'),
  v.transform(bytesOf),
  v.check((bytes) => bytes % ARENA_STEP === 0 && bytes >= ARENA_STEP && bytes <= ARENA_MAX, SIZE),
);

function bytesOf(size: number | string): number {
  if (typeof size === 'number') return size;
  const unit = size.slice(-3) as keyof typeof UNITS;
  return Number(size.slice(0, -3)) * UNITS[unit];
}

const mode = v.pipe(
  text(/^0[0-7]{3}$/, 'four octal digits in quotes, such as "0660"'),
  v.description("Mode of the DC's file: who may join. Default 0660."),
  v.transform((octal) => Number.parseInt(octal, 8)),
);

/** An endpoint that a process of another node will bind: what `rmtbind` declares (reference 1.3). */
const RemoteSchema = mapping(
  {
    endpoint: v.pipe(
      whole(-LIMITS.tasks, LIMITS.endpoints - 1),
      v.description('The endpoint, -tasks to procs - 1.'),
    ),
    node: v.pipe(nodeId, v.description('The node on which it is bound.')),
    name: v.optional(v.pipe(name, v.description('Its name, for status. Default: remote.')), 'remote'),
  },
  'a remote endpoint, with at least endpoint and node',
);

const WarnSchema = mapping(
  {
    endpoint: v.pipe(
      whole(-LIMITS.tasks, LIMITS.endpoints - 1),
      v.description('The endpoint that is told, -tasks to procs - 1; on any node.'),
    ),
    type: v.pipe(whole(1, 0x7fff_ffff), v.description('Type of the message that it gets.')),
  },
  'endpoint and type',
);

export const DcSchema = mapping(
  {
    id: v.pipe(whole(0, LIMITS.dcs - 1), v.description('Number of the DC; the same on every node.')),
    name: v.pipe(name, v.description('Name of the DC; the same on every node.')),
    nodes: v.pipe(
      list(nodeId, 'node ids'),
      v.description('Every node that the DC spans, this one included; the others are peers.'),
    ),
    tasks: v.optional(
      v.pipe(
        whole(0, LIMITS.tasks),
        v.description('Endpoints -tasks to -1; the same on every node. Default 35.'),
      ),
      35,
    ),
    procs: v.optional(
      v.pipe(
        whole(1, LIMITS.endpoints),
        v.description(
          `Endpoints 0 to procs - 1; the same on every node; tasks + procs is at most ${LIMITS.endpoints}. Default 221.`,
        ),
      ),
      221,
    ),
    arena: v.optional(arena, '64MiB'),
    mode: v.optional(mode, '0660'),
    warn: v.nullish(
      v.pipe(
        WarnSchema,
        v.description('Who is told when a local process of the DC dies, and with what. Default: nobody.'),
      ),
      null,
    ),
    affinity: v.optional(
      v.pipe(
        v.boolean('true or false'),
        v.description("Whether a process that waits moves to its partner's CPU. Default false."),
      ),
      false,
    ),
    cpus: v.optional(
      v.pipe(
        list(whole(0, MAX_CPUS - 1), 'CPU numbers'),
        v.description('CPUs of this machine that its processes may run on. Default: any.'),
      ),
      [],
    ),
    implicitGrants: v.optional(
      v.pipe(
        v.boolean('true or false'),
        v.description(
          'Whether a process that is blocked in a call to another lets that one copy from and to its memory; if not, explicit grants do. Default true.',
        ),
      ),
      true,
    ),
    cgroup: v.nullish(
      v.pipe(
        v.string('the directory of a cgroup, or null'),
        v.regex(/^\//, 'an absolute path, such as /sys/fs/cgroup/shop'),
        v.description(
          "Directory of a cgroup: only processes in it, or below it, may join the DC and bind in it. Of the kernel's core. Default: none.",
        ),
      ),
      null,
    ),
    group: v.nullish(
      v.pipe(
        v.union(
          [v.pipe(v.string('-'), v.nonEmpty('-')), whole(0, 0xffff_fffe)],
          'the name or number of a group, or null',
        ),
        v.description("Group of the DC's file, by name or number. Default: that of the process."),
      ),
      null,
    ),
    remote: v.optional(
      v.pipe(
        list(RemoteSchema, 'remote endpoints'),
        v.description(
          'Endpoints that this node may call on other nodes. Remote clients need no entry: they are bound as they call. Default: none.',
        ),
      ),
      [],
    ),
  },
  'a DC, with at least id, name and nodes',
);
