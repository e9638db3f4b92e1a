// SPDX-License-Identifier: MIT
/**
 * The shape of a node's configuration file. Every message here is the phrase that follows "allowed:" in a mistake, and
 * every description ends up in the JSON schema that editors read. What needs more than one key, or a plug-in table, is
 * in `rules.ts`; a DC's keys are in `dc-schema.ts`.
 */
import * as v from 'valibot';
import { KEY_TEXT } from '../key-pair.ts';
import { LOG_LEVELS } from '../log.ts';
import { DcSchema } from './dc-schema.ts';
import { list, mapping, name, nodeId, text, whole } from './schema-parts.ts';

const url = text(/^[a-z][a-z0-9+.-]*:\S+$/, 'a URL such as tcp://127.0.0.1:7101');
const ONE_OR_MORE = 'a URL such as tcp://127.0.0.1:7101, or a list of 1 to 8 of them';
const urls = v.union(
  [url, v.pipe(list(url, 'URLs'), v.minLength(1, ONE_OR_MORE), v.maxLength(8, ONE_OR_MORE))],
  ONE_OR_MORE,
);
const modulePath = text(/\.m?js$/, 'the path of a .js or .mjs file, relative to this file');

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
const yesOrNo = v.boolean('true or false');
const path = v.pipe(v.string('the path of a file'), v.nonEmpty('the path of a file'));

const KEYS = 'a public key as `m3ipc keygen` prints it, or a list of two';
const publicKey = v.pipe(v.string(KEYS), v.regex(KEY_TEXT, KEYS));

export const PeerSchema = mapping(
  {
    node: v.pipe(nodeId, v.description("The peer's node id.")),
    name: v.optional(v.pipe(name, v.description('Its name, for logs and status. Default: node<id>.'))),
    dial: v.optional(
      v.pipe(
        urls,
        v.description(
          'Address at which it listens, or several, of which the first that works is used. The node that has it dials; give it to the smaller id unless only the other can.',
        ),
      ),
    ),
    codecs: v.optional(
      v.pipe(codecs, v.description('Codecs of this link, instead of the common list. Equal on both nodes.')),
    ),
    publicKey: v.optional(
      v.pipe(
        v.union([publicKey, v.pipe(v.array(publicKey), v.minLength(1, KEYS), v.maxLength(2, KEYS))], KEYS),
        v.description('Public key of the peer, for encryption; the new and the old one while they change.'),
      ),
    ),
    insecure: v.optional(
      v.pipe(yesOrNo, v.description('Whether this link may be plaintext. Default: the common `insecure`.')),
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

const ReconnectSchema = mapping(
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

const OnDisconnectSchema = mapping(
  {
    policy: v.optional(
      v.pipe(
        v.picklist(['hold', 'fail'], 'hold or fail'),
        v.description(
          'hold: calls to a peer without a link wait. fail: they end with ENOTCONN, or EUNKNOWN if they had left. Default hold.',
        ),
      ),
      'hold',
    ),
    holdMs: v.nullish(
      v.pipe(
        whole(1, 86_400_000, ' ms'),
        v.description(
          'How long they wait; then the peer is taken for dead: they end with ENODEDOWN, or EUNKNOWN if they had left. Default: until their own deadline.',
        ),
      ),
      null,
    ),
  },
  'policy, holdMs',
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
        urls,
        v.description('Address, or several, at which peers reach this node. Default: none, it only dials.'),
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
    keyFile: v.optional(
      v.pipe(
        path,
        v.description(
          'Private key of this node, for encryption: a file of mode 0600, relative to this one. `m3ipc keygen` makes it. Default: none.',
        ),
      ),
    ),
    pskFile: v.optional(
      v.pipe(
        path,
        v.description(
          'A key that every node has besides, likewise: `m3ipc keygen --psk` makes it. Default: none.',
        ),
      ),
    ),
    insecure: v.optional(
      v.pipe(
        yesOrNo,
        v.description(
          'Whether links may be plaintext: anybody on the way can read, change and forge what they carry. Default false.',
        ),
      ),
      false,
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
    onDisconnect: v.optional(
      v.pipe(OnDisconnectSchema, v.description('What becomes of calls to a peer without a link.')),
      {},
    ),
    log: v.optional(v.pipe(LogSchema, v.description('Logging, to stderr.')), {}),
    metrics: v.optional(v.pipe(MetricsSchema, v.description('Metrics.')), {}),
  },
  'the configuration of a node',
);

export type CodecEntry = v.InferOutput<typeof CodecSchema>;
export type ConfigFile = v.InferOutput<typeof ConfigSchema>;
