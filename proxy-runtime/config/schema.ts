// SPDX-License-Identifier: MIT
/**
 * The shape of a node's configuration file. Every message here is the phrase that follows "allowed:" in a mistake, and
 * every description ends up in the JSON schema that editors read. What needs more than one key, or a plug-in table, is
 * in `rules.ts`.
 */
import * as v from 'valibot';
import { LIMITS } from '../../core-kmod/binding/abi.ts';
import { LOG_LEVELS } from '../log.ts';

const KIB = 1024;
const UNITS = { KiB: KIB, MiB: KIB ** 2, GiB: KIB ** 3 } as const;
const ARENA_STEP = 64 * KIB;
/** The arena's size is an unsigned 32-bit number in the core. */
const ARENA_MAX = 4 * UNITS.GiB - ARENA_STEP;

/** A mapping with these keys and no others; each unknown one is a mistake of its own. */
const mapping = <E extends v.ObjectEntries>(entries: E, what: string) =>
  v.objectWithRest(entries, v.never('nothing'), `a mapping: ${what}`);

const list = <I extends v.GenericSchema>(item: I, what: string) => v.array(item, `a list of ${what}`);

const whole = (min: number, max: number, unit = '') => {
  const allowed = `a whole number from ${min} to ${max}${unit}`;
  return v.pipe(v.number(allowed), v.integer(allowed), v.minValue(min, allowed), v.maxValue(max, allowed));
};

const text = (pattern: RegExp, allowed: string) => v.pipe(v.string(allowed), v.regex(pattern, allowed));

const NAME_MAX = LIMITS.nameBytes - 1;
const name = text(
  new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${NAME_MAX - 1}}$`),
  `1 to ${NAME_MAX} letters, digits, '.', '_' or '-', the first a letter or digit`,
);
const nodeId = whole(0, LIMITS.nodes - 1);
const url = text(/^[a-z][a-z0-9+.-]*:\S+$/, 'a URL such as tcp://127.0.0.1:7101');
const modulePath = text(/\.m?js$/, 'the path of a .js or .mjs file, relative to this file');

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

const CODEC = 'a codec id, or a mapping with id or module, and options';
export const CodecSchema = v.union(
  [
    v.string(CODEC),
    v.pipe(
      v.looseObject({
        id: v.optional(v.pipe(v.string('the id of a codec'), v.description('A codec of the table.'))),
        module: v.optional(
          v.pipe(
            modulePath,
            v.description('A file whose default export makes the codec: (options) => Codec.'),
          ),
        ),
      }),
      v.check((entry) => (entry.id === undefined) !== (entry.module === undefined), CODEC),
    ),
  ],
  CODEC,
);
const codecs = list(CodecSchema, 'codecs');

/** An endpoint that a process of another node will bind: what `rmtbind` declares (reference 1.3). */
export const RemoteSchema = mapping(
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

export const PeerSchema = mapping(
  {
    node: v.pipe(nodeId, v.description("The peer's node id.")),
    name: v.optional(v.pipe(name, v.description('Its name, for logs and status. Default: node<id>.'))),
    dial: v.optional(
      v.pipe(
        url,
        v.description(
          'Address at which it listens. The node that has it dials; give it to the smaller id unless only the other can.',
        ),
      ),
    ),
    codecs: v.optional(
      v.pipe(codecs, v.description('Codecs of this link, instead of the common list. Equal on both nodes.')),
    ),
  },
  'a peer, with at least node',
);

const PoolSchema = mapping(
  {
    slabs: v.optional(
      v.pipe(
        whole(8, 65_536),
        v.description('Frames that may be in use at once, about 66 KB each. Default 256.'),
      ),
      256,
    ),
  },
  'slabs',
);

export const ReconnectSchema = mapping(
  {
    minMs: v.optional(
      v.pipe(
        whole(1, 60_000, ' ms'),
        v.description('First wait before dialling again, milliseconds. Default 50.'),
      ),
      50,
    ),
    maxMs: v.optional(
      v.pipe(
        whole(1, 600_000, ' ms'),
        v.description('Longest wait; each is up to twice the one before, milliseconds. Default 2000.'),
      ),
      2000,
    ),
  },
  'minMs, maxMs',
);

const LivenessSchema = mapping(
  {
    intervalMs: v.optional(
      v.pipe(
        whole(10, 600_000, ' ms'),
        v.description('Silence after which the peer is pinged, milliseconds. Default 1000.'),
      ),
      1000,
    ),
    misses: v.optional(
      v.pipe(whole(1, 100), v.description('Silent intervals after which the link is closed. Default 3.')),
      3,
    ),
  },
  'intervalMs, misses',
);

const LogSchema = mapping(
  {
    level: v.optional(
      v.pipe(
        v.picklist(LOG_LEVELS, LOG_LEVELS.join(', ')),
        v.description('Least level that is written to stderr. Default info.'),
      ),
      'info',
    ),
  },
  'level',
);

const MetricsSchema = mapping(
  {
    listen: v.nullish(
      v.pipe(
        text(/^http:\/\/[^/\s]+:[0-9]{1,5}\/?$/, 'http://<host>:<port>, or null'),
        v.description('Address that serves the counters as Prometheus text at /metrics. Default: none.'),
      ),
      null,
    ),
  },
  'listen',
);

export const ConfigSchema = mapping(
  {
    $schema: v.optional(v.pipe(v.string('a URL'), v.description('For editors; ignored.'))),
    cluster: v.pipe(name, v.description('Name of the cluster (the DVS); the same on every node.')),
    node: v.pipe(nodeId, v.description('Id of this node, unique in the cluster.')),
    name: v.optional(v.pipe(name, v.description('Name of this node. Default: node<id>.'))),
    core: v.optional(
      v.pipe(
        text(
          /^(auto|embedded:\S.*|kernel:\/.+)$/,
          'auto, embedded:<directory> or kernel:<device, such as /dev/m3ipc0>',
        ),
        v.description(
          'The IPC core. auto: embedded in $XDG_RUNTIME_DIR/m3ipc/<node>, else /dev/shm/m3ipc-<uid>/<node>. A relative directory starts at this file. Default auto.',
        ),
      ),
      'auto',
    ),
    listen: v.nullish(
      v.pipe(
        url,
        v.description('Address at which peers reach this node. Default: none, this node only dials.'),
      ),
      null,
    ),
    dcs: v.optional(v.pipe(list(DcSchema, 'DCs'), v.description('DCs of this node. Default: none.')), []),
    peers: v.optional(
      v.pipe(list(PeerSchema, 'peers'), v.description('The other nodes. Default: none.')),
      [],
    ),
    codecs: v.optional(
      v.pipe(
        codecs,
        v.description(
          'Pipeline of every link, from the core to the wire: records codecs first. Equal on both nodes of a link. Default: none.',
        ),
      ),
      [],
    ),
    transports: v.optional(
      v.pipe(
        list(modulePath, 'paths of .js or .mjs files'),
        v.description('Files whose default export is a Transport, beside the built-in ones. Default: none.'),
      ),
      [],
    ),
    pool: v.optional(v.pipe(PoolSchema, v.description('The frame pool of the runtime.')), {}),
    reconnect: v.optional(v.pipe(ReconnectSchema, v.description('Back-off of a lost link.')), {}),
    liveness: v.optional(v.pipe(LivenessSchema, v.description('How a dead link is noticed.')), {}),
    log: v.optional(v.pipe(LogSchema, v.description('Logging, to stderr.')), {}),
    metrics: v.optional(v.pipe(MetricsSchema, v.description('Metrics.')), {}),
  },
  'the configuration of a node',
);

export type CodecEntry = v.InferOutput<typeof CodecSchema>;
export type ConfigFile = v.InferOutput<typeof ConfigSchema>;
